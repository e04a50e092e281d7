"""``/appscan governance``, and the modal with all that is known about a third-party app."""

from slack_bolt.async_app import AsyncApp

from bot.blocks import governance
from bot.blocks.elements import Block
from bot.blocks.governance_modals import APP, governance_modal
from bot.blocks.message import Message
from bot.errors import NotFound
from bot.listeners.acts import Act
from bot.listeners.asked import Asked
from bot.listeners.forms import open_paged
from bot.scans.desk import Desk
from bot.scans.governing import Governing
from bot.slack.blocks.paged_modal import ModalState

GONE = "Third-party apps are no longer looked up here."


async def answer_to(governing: Governing, asked: Asked) -> Message:
    """Answer ``/appscan governance`` about the app named after it.

    Raises:
        AppscanError: see ``Governing.ask``.
    """
    found = await governing.ask(asked.user, asked.channel, asked.rest)
    return governance.answer(found, asked.channel)


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the modal."""

    def of_app(press: Act) -> ModalState:
        return APP.opened(*governance.read_button_value(press.value))

    async def load(user: str, state: ModalState) -> Block:
        if desk.governing is None:
            raise NotFound(GONE)
        look = await desk.governing.look(user, state.channel, state.record)
        if look.app is None:
            raise NotFound(GONE)
        return governance_modal(look.app, state)

    open_paged(app, APP, load, button=governance.ALL_OF_APP, state=of_app)
