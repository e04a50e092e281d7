"""What the HTTP statuses of an API mean, and what it means that no response came."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from bot.errors import Refused, SubmissionError, TryLater, Uncertain

OPERATOR: Final = "The operator of this bot"
CHECK: Final = f"{OPERATOR} should check"
DECISIONS: Final = frozenset({400, 401, 403, 404, 409, 413})
"""Statuses that prove that a whole request was not accepted; so do 3xx, and 429 and 503 with ``Retry-After``.

A gateway could send those too, after the server accepted the request, but would have to lie to do so.
"""


@dataclass(frozen=True, kw_only=True)
class StatusCodes:
    """The sentence for each failure of one API; ``{status}`` in a sentence is the HTTP status.

    ===================================  =========
    Failure                              Raised
    ===================================  =========
    no response, or half of one          TryLater
    an untrusted certificate             Refused
    a status in ``retry``                TryLater
    a status in ``rejected``             Refused
    any other 408 or 5xx                 TryLater
    any other status                     Refused
    ===================================  =========

    After the commit of a request that may not be repeated, a lost response and a status that is no decision
    are ``Uncertain``: something in between may have answered after the server accepted the request.
    """

    server: str
    """Its name."""
    address: str = "the address"
    """The settings with its address."""
    unreachable: str = ""
    """For no response; a general sentence if empty."""
    interrupted: str = ""
    """For a connection lost midway; as ``unreachable`` if empty."""
    unavailable: str
    """For a 408 or 5xx."""
    retry: Mapping[int, str] = field(default_factory=dict)
    rejected: Mapping[int, str] = field(default_factory=dict)
    errors: Mapping[int, type[Refused]] = field(default_factory=dict)
    """Statuses that raise a subclass of ``Refused``."""
    redirected: str = ""
    """For a 3xx; a general sentence if empty."""
    other: str
    lost_after_commit: str = ""
    unclear_after_commit: str = ""
    """For a status after the commit that is no decision."""

    def retry_error(self, status: int, retry_after_s: float | None = None) -> TryLater | None:
        """Return the error of a status after which another try may work; ``None`` for any other."""
        sentence = self.retry.get(status)
        if sentence is None and status not in self.rejected and (status == 408 or status >= 500):
            sentence = self.unavailable
        if sentence is None:
            return None
        return TryLater(sentence.format(status=status), retry_after_s=retry_after_s, status=status)

    def error(
        self, status: int, retry_after_s: float | None = None, *, committed: bool = False
    ) -> SubmissionError:
        """Return the error of a status that is no success."""
        is_decision = (
            status in DECISIONS or 300 <= status < 400 or (status in {429, 503} and retry_after_s is not None)
        )
        if committed and not is_decision:
            detail = f"{self.server} answered {status} after the last bytes may have been sent"
            return Uncertain(self.unclear_after_commit.format(status=status), status=status, detail=detail)
        rejected = self.errors.get(status, Refused)
        return self.retry_error(status, retry_after_s) or rejected(self.rejection(status), status=status)

    def rejection(self, status: int) -> str:
        """Return the sentence of a status after which another try is pointless."""
        sentence = self.rejected.get(status, self.other)
        if status == 407:
            sentence = (
                f"The proxy on the way to {self.server} wants a login (407). {CHECK} the proxy settings."
            )
        elif 300 <= status < 400:
            sentence = self.redirected or (
                f"The address of {self.server} leads elsewhere ({{status}}), and the bot does not follow. "
                f"{CHECK} {self.address}."
            )
        return sentence.format(status=status)

    def transport_error(
        self, error: Exception, endpoint: str, *, interrupted: bool, committed: bool = False
    ) -> SubmissionError:
        """Return the error of a request without a complete response; only the name of ``error`` is kept."""
        reason = why_not_trusted(error)
        if reason is not None:
            detail = f"{self.server}'s certificate does not check out: {reason}"
            sentence = (
                f"The connection to {self.server} can't be trusted: its certificate does not check out. "
                f"{CHECK} {self.address}, and the certificate authorities that this machine trusts."
            )
            return Refused(sentence, detail=detail)
        if isinstance(error, aiohttp.ClientHttpProxyError) and 400 <= error.status < 500:
            sentence = (
                f"The proxy on the way to {self.server} let nothing through ({error.status}). "
                f"{CHECK} its settings."
            )
            return Refused(sentence, detail=f"the proxy on the way to {self.server} answered {error.status}")
        detail = f"no response from {self.server} ({endpoint}): {type(error).__name__}"
        if committed:
            detail += ", after the last bytes may have been sent"
            return Uncertain(self.lost_after_commit, detail=detail)
        unreachable = self.unreachable or f"{self.server} can't be reached right now."
        return TryLater((interrupted and self.interrupted) or unreachable, detail=detail)


def why_not_trusted(exc: BaseException) -> str | None:
    """Return OpenSSL's reason if an error comes from an untrusted certificate."""
    seen: set[int] = set()
    each: BaseException | None = exc
    while each is not None and id(each) not in seen:
        # aiohttp's own error is a subclass as well, but has no reason.
        if isinstance(each, ssl.SSLCertVerificationError) and not isinstance(each, aiohttp.ClientError):
            return each.verify_message
        seen.add(id(each))
        each = each.__cause__ or each.__context__
    return None
