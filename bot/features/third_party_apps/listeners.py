"""``/appscan governance``, and the modal with all that is known about a third-party app."""

from slack_bolt.async_app import AsyncApp

from bot.errors import NotFound
from bot.features.third_party_apps import views
from bot.features.third_party_apps.modals import APP, governance_modal
from bot.features.third_party_apps.service import ThirdPartyApps
from bot.slack.blocks.elements import Block
from bot.slack.blocks.message import Message
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.command import Command
from bot.slack.listening.modals import open_paged
from bot.slack.listening.payload import Payload
from bot.wiring.services import Services

GONE = "Third-party apps are no longer looked up here."


async def answer_to(governing: ThirdPartyApps, asked: Command) -> Message:
    """Answer ``/appscan governance`` about the app named after it.

    Raises:
        AppscanError: see ``Governing.ask``.
    """
    found = await governing.ask(asked.user, asked.channel, asked.rest)
    return views.answer(found, asked.channel)


def register(app: AsyncApp, services: Services) -> None:
    """Register the modal."""

    def of_app(press: Payload) -> ModalState:
        return APP.opened(*views.read_button_value(press.value))

    async def load(user: str, state: ModalState) -> Block:
        if services.governing is None:
            raise NotFound(GONE)
        look = await services.governing.look(user, state.channel, state.record)
        if look.app is None:
            raise NotFound(GONE)
        return governance_modal(look.app, state)

    open_paged(app, APP, load, button=views.ALL_OF_APP, state=of_app)
