"""What the HTTP statuses of an API mean, and what it means that no response came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.errors import Refused, SubmissionError, TryLater
from bot.scanners.http.trust import why_not_trusted

OPERATOR: Final = "The operator of this bot"
CHECK: Final = f"{OPERATOR} should check"


@dataclass(frozen=True, kw_only=True)
class StatusCodes:
    """The sentence for each failure of one API; ``{status}`` in a sentence is the HTTP status.

    ==============================  ========
    Failure                         Raised
    ==============================  ========
    no response, or half of one     TryLater
    an untrusted certificate        Refused
    a status in ``retry``           TryLater
    a status in ``rejected``        Refused
    any other 408 or 5xx            TryLater
    any other status                Refused
    ==============================  ========
    """

    server: str
    """What the log calls it."""
    unreachable: str
    interrupted: str = ""
    """For a connection lost midway; ``unreachable`` if empty."""
    untrusted: str
    unavailable: str
    """For a 408 or 5xx."""
    retry: Mapping[int, str] = field(default_factory=dict)
    rejected: Mapping[int, str] = field(default_factory=dict)
    redirected: str = ""
    """For a 3xx; ``other`` if empty."""
    other: str

    def retry_error(self, status: int, retry_after_s: float | None = None) -> TryLater | None:
        """Return the error of a status after which another try may work; ``None`` for any other."""
        sentence = self.retry.get(status)
        if sentence is None and status not in self.rejected and (status == 408 or status >= 500):
            sentence = self.unavailable
        if sentence is None:
            return None
        return TryLater(sentence.format(status=status), retry_after_s=retry_after_s, status=status)

    def error(self, status: int, retry_after_s: float | None = None) -> SubmissionError:
        """Return the error of a status that is no success."""
        return self.retry_error(status, retry_after_s) or Refused(self.rejection(status), status=status)

    def rejection(self, status: int) -> str:
        """Return the sentence of a status after which another try is pointless."""
        other = self.redirected or self.other if 300 <= status < 400 else self.other
        return self.rejected.get(status, other).format(status=status)

    def transport_error(self, error: Exception, endpoint: str, *, interrupted: bool) -> SubmissionError:
        """Return the error of a request without a complete response; only the name of ``error`` is kept."""
        reason = why_not_trusted(error)
        if reason is not None:
            detail = f"{self.server}'s certificate does not check out: {reason}"
            return Refused(self.untrusted, detail=detail)
        sentence = (interrupted and self.interrupted) or self.unreachable
        detail = f"no response from {self.server} ({endpoint}): {type(error).__name__}"
        return TryLater(sentence, detail=detail)
