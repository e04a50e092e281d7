"""``/appscan governance``, and the modal with everything known about a third-party app."""

from slack_bolt.async_app import AsyncApp

from bot.features.third_party_apps import views
from bot.features.third_party_apps.service import ThirdPartyApps
from bot.slack.blocks.elements import Block
from bot.slack.blocks.message import Message
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.command import Command, CommandText, Topic
from bot.slack.listening.modals import open_paged
from bot.slack.listening.payload import Payload

GOVERNANCE = Topic(
    gist="what is known about a third-party app, and its risks",
    body=(
        "Asks Zscaler about an app that people give consent to, or find in a marketplace: its publisher, "
        "risk score, permissions and known risks.\n"
        "Give its app ID (client ID), or the link to its consent or marketplace page. Only the part of a "
        "link that identifies the app is stored and sent on.\n"
        "Answers are cached for a day. An app that Zscaler does not know yet is analysed, and I send you a "
        "direct message when it is known. Only you see what you ask."
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
        return views.APP.opened(*views.read_button_value(press.value))

    async def load(user: str, state: ModalState) -> Block:
        return views.governance_modal(await apps.app(user, state.channel, state.record), state)

    open_paged(app, views.APP, load, button=views.ALL_OF_APP, state=of_app)
