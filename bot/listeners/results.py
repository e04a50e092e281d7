"""The modal with all that OneTrust found in a build."""

from slack_bolt.async_app import AsyncApp

from bot.blocks import outcome
from bot.blocks.elements import Block
from bot.blocks.results_modals import FOUND, found_modal
from bot.errors import NotFound
from bot.listeners.forms import open_paged
from bot.scans.desk import Desk
from bot.slack.blocks.paged_modal import ModalState


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the modal."""

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await desk.records.status(user, state.channel, str(state.record))
        if card.results is None:
            raise NotFound(f"The results of scan #{state.record} are not known here.")
        return found_modal(card.scan, card.results, state)

    open_paged(app, FOUND, load, button=outcome.ALL_FOUND)
