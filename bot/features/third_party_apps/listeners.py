"""``/appscan governance``, and the modal with all that is known about a third-party app."""

from slack_bolt.async_app import AsyncApp

from bot.errors import NotFound
from bot.features.third_party_apps import views
from bot.features.third_party_apps.modals import APP, governance_modal
from bot.features.third_party_apps.service import ThirdPartyApps
from bot.slack.blocks.elements import Block
from bot.slack.blocks.message import Message
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.command import Command, CommandText, Topic
from bot.slack.listening.modals import open_paged
from bot.slack.listening.payload import Payload

GONE = "Third-party apps are no longer looked up here."
GOVERNANCE = Topic(
    gist="what is known of a third-party app, and its risks",
    body=(
        "Asks Zscaler about an app that people give consent to, or find in a marketplace: who publishes "
        "it, its risk and score, what it may do, and what speaks against it.\n"
        "Name it by its app ID (client ID), or by the link to its consent or marketplace page. Of a link "
        "only what names the app is kept and sent on.\n"
        "An answer is told again for a day without asking. An app that Zscaler does not know yet is "
        "analysed; I send you a direct message when it is known. Only you see what you ask."
    ),
    examples=(
        "/appscan governance 22c49a0d-d21c-4792-aed1-8f163c982546",
        "/appscan governance https://slack.com/marketplace/A0F7XDUAZ-example",
    ),
)


def governance_command(apps: ThirdPartyApps) -> Command:
    """Return ``/appscan governance``."""

    async def governance(typed: CommandText) -> Message:
        return views.answer(await apps.ask(typed.user, typed.channel, typed.rest), typed.channel)

    return Command(word="governance", topic=GOVERNANCE, handler=governance, hides_text=True)


def register(app: AsyncApp, apps: ThirdPartyApps) -> None:
    """Register the modal."""

    def of_app(press: Payload) -> ModalState:
        return APP.opened(*views.read_button_value(press.value))

    async def load(user: str, state: ModalState) -> Block:
        look = await apps.look(user, state.channel, state.record)
        if look.app is None:
            raise NotFound(GONE)
        return governance_modal(look.app, state)

    open_paged(app, APP, load, button=views.ALL_OF_APP, state=of_app)
