"""What is told of in messages of their own in a scan's thread: a result, and a verdict that is bad.

The rows say what there is to tell, and remember the message that told it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bot.scans.memory import Store
from bot.scans.models import Card
from bot.scans.results import FollowState
from bot.scans.verdicts import BAD
from bot.slack.posts import RESULT, VERDICT

TOLD: Final = frozenset({FollowState.COMPLETED, FollowState.FAILED, FollowState.INTERRUPTED})
"""What is told in a message of its own; the reply tells the rest."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One kind of message."""

    name: str
    """In the log and the timeline: "the result"."""
    event_type: str
    """In the message's metadata."""
    to_announce: Callable[[], Awaitable[list[int]]]
    """Gives the scans of which it is still to be told, or is being told."""
    set_announced: Callable[[int, str | None], Awaitable[None]]
    """Remembers the message's timestamp."""
    is_there: Callable[[Card], bool]
    """Whether there is something to tell."""
    announced_ts: Callable[[Card], str | None]
    """What is remembered."""


def results(store: Store) -> Subject:
    """Tell what OneTrust found, or that its scan came to nothing."""
    return Subject(
        name="result",
        event_type=RESULT,
        to_announce=store.results.to_announce,
        set_announced=store.results.set_announced,
        is_there=lambda card: card.followed is not None and card.followed.state in TOLD,
        announced_ts=lambda card: card.followed.announced_ts if card.followed is not None else None,
    )


def verdicts(store: Store) -> Subject:
    """Tell that Zscaler holds a build for malicious or suspicious."""
    return Subject(
        name="verdict",
        event_type=VERDICT,
        to_announce=store.opinions.to_announce,
        set_announced=store.opinions.set_announced,
        is_there=_is_bad,
        announced_ts=lambda card: card.opinion.announced_ts if card.opinion is not None else None,
    )


def _is_bad(card: Card) -> bool:
    verdict = card.opinion.verdict if card.opinion is not None else None
    return verdict is not None and verdict.threat in BAD
