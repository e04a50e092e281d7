"""The announcement of results, as a living message."""

from typing import Final

from bot.features.results.models import ResultState
from bot.features.results.ports import ResultStore
from bot.slack.messages.subjects import Render, Subject, announcement_subject

ANNOUNCED: Final = frozenset({ResultState.COMPLETED, ResultState.FAILED, ResultState.INTERRUPTED})
"""How a scan in OneTrust ends; what it does before is in the reply only."""


def result_subject(store: ResultStore, render: Render) -> Subject:
    """The announcement of what OneTrust found, or that its scan failed."""
    return announcement_subject(
        store,
        render,
        name="result",
        event_type="appscan_result",
        stale=store.results.to_announce,
        is_due=lambda card: card.followed is not None and card.followed.state in ANNOUNCED,
        message_ts=lambda card: card.followed.announced_ts if card.followed is not None else None,
        remember=store.results.set_announced,
    )
