"""What a scan's card shows of its results."""

from dataclasses import dataclass
from typing import Final

from bot.core.scan import Scan
from bot.features.results.diff import Changes
from bot.features.results.models import Results, ResultState, ResultStatus
from bot.features.submission.card import Card

NAME: Final = "results"


@dataclass(frozen=True, kw_only=True)
class ResultsPart:
    """A scan's polling state and results, compared with those of its app's previous scan."""

    followed: ResultStatus | None = None
    """``None`` if the scan was not submitted."""
    results: Results | None = None
    previous: Scan | None = None
    """The app's last completed scan before this one."""
    previous_link: str | None = None
    """URL of the previous scan's thread, if everyone who sees this card may see that."""
    changes: Changes | None = None
    """Since the previous scan."""
    next_at: float | None = None
    """Time of the next poll, if any is expected."""
    late_s: float = 0.0
    """Maximum delay of that poll while other scans wait."""
    is_unread: bool = False
    """Whether results can't be read from OneTrust here."""
    waiting: int = 0
    """Number of scans that are polled, including this one."""

    @property
    def state(self) -> ResultState | None:
        """The polling state; ``None`` if the scan was not submitted."""
        return self.followed.state if self.followed is not None else None


def results_of(card: Card) -> ResultsPart:
    """Return what a card shows of its results."""
    part: ResultsPart = card.parts.get(NAME) or ResultsPart()
    return part
