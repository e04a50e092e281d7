"""What is told of in messages of their own in a scan's thread: a result, and a verdict that is bad.

The rows say what there is to tell, and remember the message that told it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from bot.scans.memory import Store
from bot.scans.models import Card
from bot.scans.results import FollowState
from bot.scans.verdicts import BAD, Opinion
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
    scanner: str | None = None
    """The side scanner that it is about, also in the metadata."""
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


def verdicts(store: Store, scanner: str) -> Subject:
    """Announce that a side scanner calls a build malicious or suspicious."""

    def opinion(card: Card) -> Opinion | None:
        return next((each.opinion for each in card.verdicts if each.scanner.name == scanner), None)

    def is_bad(card: Card) -> bool:
        found = opinion(card)
        return found is not None and found.verdict is not None and found.verdict.threat in BAD

    def announced_ts(card: Card) -> str | None:
        found = opinion(card)
        return found.announced_ts if found is not None else None

    return Subject(
        name="verdict",
        event_type=VERDICT,
        scanner=scanner,
        to_announce=partial(store.opinions.to_announce, scanner),
        set_announced=partial(store.opinions.set_announced, scanner),
        is_there=is_bad,
        announced_ts=announced_ts,
    )
