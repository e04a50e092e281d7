"""What the answers of Zscaler's cloud service API mean, told by status and code and never by their text.

================================  ==================================================  ============
Status                            What it means                                       Raised
================================  ==================================================  ============
2xx                               here it is, when JSON comes with it                 -
2xx                               no JSON, a web page, too long                       TryLater
3xx                               the address is not the API's                        Refused
400                               it can't make sense of the question                 Refused
401                               not logged in: met by logging in, and then          Refused
403 ``STATE_READONLY``            maintenance: only GETs are answered                 Maintenance
403                               not permitted                                       Refused
404 of a report                   no such file                                        NotFound
404                               the address is not the API's                        Refused
408, 5xx                          not right now                                       TryLater
409 ``EDIT_LOCK_NOT_AVAILABLE``   somebody edits: asked again after seconds, then     TryLater
429                               too many calls: this endpoint pauses                TryLater
other                             a clear no                                          Refused
================================  ==================================================  ============

Source: https://help.zscaler.com/zia/getting-started-zia-api and
https://help.zscaler.com/zia/api-response-codes-and-error-messages
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final

from bot.calls.reading import read_object
from bot.calls.reading import retry_after_s as header_s
from bot.errors import AppscanError, Maintenance, NotFound, Refused, TryLater

LONGEST_WAIT_S: Final = 3600.0
"""A longer ``Retry-After`` is taken as this."""
UNNAMED_WAIT_S: Final = 60.0
"""How long an endpoint pauses after a 429 that names no time."""

RUNNER: Final = "Whoever runs this bot should check"
ADMIN: Final = "Ask your Zscaler administrator"
ADDRESS: Final = "`ZSCALER_CLOUD` or `ZSCALER_API_URL`"

NOT_REACHED: Final = "Zscaler can't be reached right now."
BROKEN_OFF: Final = "Zscaler's answer broke off before its end."
NOT_TRUSTED: Final = (
    "The connection to Zscaler can't be trusted: its certificate does not check out. "
    f"{RUNNER} the address, and the certificate authorities that this machine trusts."
)
TOO_LONG: Final = "Zscaler's answer is longer than the bot reads."
UNREADABLE: Final = "Zscaler's answer makes no sense to the bot right now."
WEB_PAGE: Final = (
    "What answered in Zscaler's place is a web page. If that lasts, whoever runs this bot should check "
    f"{ADDRESS}, and the proxy on the way."
)
MAINTENANCE: Final = (
    "Zscaler is under maintenance (403): it answers questions, and takes nothing until that is over. "
    "The bot tries again by itself."
)
BUSY: Final = "Zscaler is getting too many requests right now (429)."
LOCKED: Final = "Somebody is editing Zscaler's configuration right now (409). Try again in a few minutes."
AWAY: Final = "Zscaler can't answer right now ({status})."
ELSEWHERE: Final = (
    f"Zscaler's address leads elsewhere ({{status}}), and the bot does not follow. {RUNNER} {ADDRESS}."
)
NO_SENSE: Final = f"Zscaler could not make sense of what the bot asked (400). {RUNNER} {ADDRESS}."
NO_REPORT: Final = "Zscaler knows nothing of that file (404)."
NO_API: Final = f"There is no API of Zscaler where the bot asks (404). {RUNNER} {ADDRESS}."
MEDIA_TYPE: Final = (
    "Zscaler did not take the form of the bot's request (415). "
    f"{RUNNER} whether a proxy on the way changes what is sent."
)
PROXY: Final = f"The proxy on the way to Zscaler wants a login (407). {RUNNER} the proxy settings."
OTHER_NO: Final = f"Zscaler said no ({{status}}). {RUNNER} {ADDRESS}."
NO_PERMISSION: Final = (
    "Zscaler does not let the bot {deed} (403). "
    f"{ADMIN} whether the subscription has this API, and whether the role that the bot signs in with (its "
    "administrator's, or the API role in its scope) has the functional scope for it."
)


class Endpoint(StrEnum):
    """What is asked; the value is its word in the metrics."""

    URL_LOOKUP = "url_lookup"
    REPORT = "report"
    QUOTA = "report_quota"
    STATUS = "status"
    ACTIVATE = "activate"
    LOGIN = "login"
    LOGOUT = "logout"


DEEDS: Final[Mapping[Endpoint, str]] = {
    Endpoint.URL_LOOKUP: "look up URLs",
    Endpoint.REPORT: "read the Sandbox's reports",
    Endpoint.QUOTA: "read the Sandbox's quota",
    Endpoint.STATUS: "see whether changes are active",
    Endpoint.ACTIVATE: "activate changes",
    Endpoint.LOGIN: "sign in",
    Endpoint.LOGOUT: "sign out",
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came back."""

    status: int
    body: bytes = field(default=b"", repr=False)
    is_whole: bool = True
    """Whether all of the body was read: it had no more than the limit."""
    retry_after: str | None = None
    date: str | None = None
    is_read_only: bool = False
    """Whether a header said that the service is in its read-only mode."""
    cookies: tuple[str, ...] = field(default=(), repr=False)
    """Each ``Set-Cookie``."""

    @property
    def is_yes(self) -> bool:
        """Whether it was a yes."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The published code of an error, such as ``SESSION_NOT_VALID``; empty where there is none."""
        code = read_object(self.body).get("code")
        return code if isinstance(code, str) and _CODE.fullmatch(code) else ""

    @property
    def is_maintenance(self) -> bool:
        """Whether only questions are answered for now."""
        return self.status == 403 and (self.is_read_only or self.code == "STATE_READONLY")

    @property
    def is_edit_lock(self) -> bool:
        """Whether somebody edits the configuration right now."""
        return self.status == 409 and self.code == "EDIT_LOCK_NOT_AVAILABLE"


_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
_SECONDS = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(?:s|sec|secs|second|seconds)?\s*", re.IGNORECASE)


def value_of(told: Told) -> Any:
    """Return the JSON of a yes.

    Raises:
        TryLater: there is none, or more than the bot reads.
    """
    if not told.is_whole:
        raise TryLater(TOO_LONG, status=told.status)
    value = None
    with suppress(ValueError, RecursionError):  # no JSON, no UTF-8, half of it, or nested without end
        value = json.loads(told.body)
    if value is None:
        words = WEB_PAGE if told.body.lstrip()[:1] == b"<" else UNREADABLE
        raise TryLater(words, status=told.status)
    return value


def verdict(endpoint: Endpoint, told: Told, now: float) -> AppscanError:
    """Return what an answer means that is no yes; ``now`` is seconds since the epoch."""
    status = told.status
    if told.is_maintenance:
        return Maintenance(MAINTENANCE, retry_after_s=retry_after_s(told, now), status=status)
    if told.is_edit_lock:
        return TryLater(LOCKED, status=status, scanner_failed=False)
    if status == 429:
        wait_s = retry_after_s(told, now)
        return TryLater(BUSY, retry_after_s=UNNAMED_WAIT_S if wait_s is None else wait_s, status=status)
    if status == 408 or status >= 500:
        return TryLater(AWAY.format(status=status), retry_after_s=retry_after_s(told, now), status=status)
    if status == 403:
        return Refused(NO_PERMISSION.format(deed=DEEDS[endpoint]), status=status)
    if status == 404 and endpoint is Endpoint.REPORT:
        return NotFound(NO_REPORT)
    if 300 <= status < 400:
        return Refused(ELSEWHERE.format(status=status), status=status)
    words = {400: NO_SENSE, 404: NO_API, 407: PROXY, 415: MEDIA_TYPE}.get(status, OTHER_NO)
    return Refused(words.format(status=status), status=status)


def retry_after_s(told: Told, now: float) -> float | None:
    """Return the seconds an answer asks to wait, 1 to 3,600; ``None`` where it names no time.

    The body's ``Retry-After`` (``"0 seconds"``) comes before the header of that name.
    """
    named = read_object(told.body).get("Retry-After")
    if isinstance(named, int | float) and not isinstance(named, bool):
        named = str(named)
    found = _SECONDS.fullmatch(named) if isinstance(named, str) else None
    seconds = float(found[1]) if found else header_s(told.retry_after, now)
    return None if seconds is None else min(max(seconds, 1.0), LONGEST_WAIT_S)


def date_of(told: Told) -> float | None:
    """Return when the server answered by its own clock, in seconds since the epoch, if it said so."""
    try:
        date = parsedate_to_datetime(told.date or "")
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
