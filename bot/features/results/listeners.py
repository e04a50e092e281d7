"""The modal with all SDKs and permissions of a build, and the button that submits it again."""

from functools import partial

from slack_bolt.async_app import AsyncApp

from bot.errors import NotFound, Superseded
from bot.features.results import status_views
from bot.features.results.modals import FOUND, found_modal
from bot.features.results.models import RETRIED, results_of
from bot.features.results.ports import ResultStore
from bot.features.submission.listeners import decide_on_press
from bot.features.submission.ports import CardFor
from bot.features.submission.user_actions import UserActions
from bot.slack.blocks.elements import Block
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.modals import open_paged


def register(app: AsyncApp, card_for: CardFor, store: ResultStore, actions: UserActions) -> None:
    """Register the modal and the button."""
    decide_on_press(app, status_views.SCAN_ONCE_MORE, partial(scan_again, store, actions), actions)

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await card_for(user, state.channel, str(state.record))
        if (results := results_of(card).results) is None:
            raise NotFound(f"The results of scan #{state.record} are not known here.")
        return found_modal(card.scan, results, state)

    open_paged(app, FOUND, load, button=status_views.ALL_FOUND)


async def scan_again(store: ResultStore, actions: UserActions, number: int, user: str) -> None:
    """Submit the file of a scan again that failed or was interrupted in OneTrust.

    Raises:
        Superseded: it did not fail, or the file was submitted again already.
        NotFound: the file is not in Slack.
    """
    followed = await store.results.followed(number)
    if followed is None or followed.state not in RETRIED:
        raise Superseded(f"Scan #{number} has moved on: there is no failed scan to make again.")
    await actions.repeat_failed_scan(number, user)
