"""``/appscan urls``, and the modal with all hosts of a build."""

from slack_bolt.async_app import AsyncApp

from bot.errors import NotFound
from bot.features.hosts import lookup_views, views
from bot.features.hosts.lookup import UrlLookupService
from bot.features.hosts.models import hosts_of
from bot.features.submission.ports import CardFor
from bot.slack.blocks.elements import Block
from bot.slack.blocks.message import Message
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.command import Command, CommandText, Topic
from bot.slack.listening.modals import open_paged

URLS = Topic(
    gist="which categories Zscaler has for URLs and hosts",
    body=(
        "Up to 100 URLs or hosts, with spaces between them. Answers are kept for a day; Zscaler is asked "
        "for the others. User names, passwords and what follows a `#` are left out."
    ),
    examples=(
        "/appscan urls ads.example.com",
        "/appscan urls https://example.com/login cdn.example.net",
    ),
)


def urls_command(lookup: UrlLookupService) -> Command:
    """Return ``/appscan urls``."""

    async def urls(typed: CommandText) -> Message:
        return lookup_views.urls(await lookup.ask(typed.rest))

    return Command(word="urls", topic=URLS, handler=urls, hides_text=True)


def register(app: AsyncApp, card_for: CardFor) -> None:
    """Register the modal."""

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await card_for(user, state.channel, str(state.record))
        if (hosts := hosts_of(card).hosts) is None:
            raise NotFound(f"The hosts of scan #{state.record} are not known here.")
        return views.hosts_modal(card.scan, hosts, state)

    open_paged(app, views.HOSTS, load, button=views.ALL_HOSTS)
