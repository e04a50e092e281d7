"""The modal with all that OneTrust found in a build, and the button that scans it again."""

from slack_bolt.async_app import AsyncApp

from bot.errors import NotFound
from bot.features.results import status_views
from bot.features.results.modals import FOUND, found_modal
from bot.features.results.part import results_of
from bot.features.results.retry import ScanRetry
from bot.features.submission.listeners import decide_on_press
from bot.features.submission.ports import CardFor
from bot.features.submission.user_actions import UserActions
from bot.slack.blocks.elements import Block
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.modals import open_paged


def register(app: AsyncApp, card_for: CardFor, retry: ScanRetry, actions: UserActions) -> None:
    """Register the modal, and the button that scans the same build again."""
    decide_on_press(app, status_views.SCAN_ONCE_MORE, retry.ask, actions)

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await card_for(user, state.channel, str(state.record))
        if (results := results_of(card).results) is None:
            raise NotFound(f"The results of scan #{state.record} are not known here.")
        return found_modal(card.scan, results, state)

    open_paged(app, FOUND, load, button=status_views.ALL_FOUND)
