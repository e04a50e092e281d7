"""The modal with all that OneTrust found in a build."""

from slack_bolt.async_app import AsyncApp

from bot.errors import NotFound
from bot.features.results import status_views
from bot.features.results.modals import FOUND, found_modal
from bot.slack.blocks.elements import Block
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.modals import open_paged
from bot.wiring.services import Services


def register(app: AsyncApp, services: Services) -> None:
    """Register the modal."""

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await services.records.status(user, state.channel, str(state.record))
        if card.results is None:
            raise NotFound(f"The results of scan #{state.record} are not known here.")
        return found_modal(card.scan, card.results, state)

    open_paged(app, FOUND, load, button=status_views.ALL_FOUND)
