"""What a scan's card shows of its results."""

from dataclasses import dataclass
from typing import Final

from bot.core.scan import Scan
from bot.features.results.diff import Changes
from bot.features.results.models import Results, ResultStatus
from bot.features.submission.card import Card

NAME: Final = "results"


@dataclass(frozen=True, kw_only=True)
class ResultsPart:
    """How far following a scan has come, and what OneTrust found."""

    followed: ResultStatus | None = None
    """How far following it has come; ``None`` where it is not followed."""
    results: Results | None = None
    """What OneTrust found, once it has completed its scan."""
    previous: Scan | None = None
    """The last completed scan of the same app before this one."""
    previous_link: str | None = None
    """Where to read about that one, where everybody who sees this card may."""
    changes: Changes | None = None
    """What changed since the previous one; ``None`` where there is none."""
    next_at: float | None = None
    """When OneTrust is asked next; ``None`` where nothing is to be expected of that."""
    late_s: float = 0.0
    """How much later than that it may be, as others wait too."""
    is_unread: bool = False
    """Whether no results are read from OneTrust here."""
    waiting: int = 0
    """How many scans are being followed, this one among them."""


def results_of(card: Card) -> ResultsPart:
    """Return what a card shows of its results."""
    part: ResultsPart = card.parts.get(NAME) or ResultsPart()
    return part
