"""What the responses of Zscaler's cloud service API mean, by status and code and never by their text.

``STATUS_CODES`` has most; ``meaning_of`` adds those that depend on the endpoint or on a published code.

Source: https://help.zscaler.com/zia/getting-started-zia-api and
https://help.zscaler.com/zia/api-response-codes-and-error-messages
"""

import re
from enum import StrEnum
from typing import Any, Final, Self

from bot.errors import AppscanError, Maintenance, NotFound, Refused, TryLater
from bot.scanners.http.responses import Response
from bot.scanners.http.status_codes import CHECK, StatusCodes

LONGEST_WAIT_S: Final = 3600.0
"""The longest ``Retry-After``; a longer one counts as this."""
UNNAMED_WAIT_S: Final = 60.0
"""The pause of an endpoint after a 429 without a ``Retry-After``."""

ADMIN: Final = "Ask your Zscaler administrator"
ADDRESS: Final = "`ZSCALER_CLOUD` or `ZSCALER_API_URL`"

TOO_LONG: Final = "Zscaler's response is longer than the bot reads."
UNREADABLE: Final = "Zscaler's answer makes no sense to the bot right now."
WEB_PAGE: Final = (
    "What answered in Zscaler's place is a web page. If that lasts, the operator of this bot should check "
    f"{ADDRESS}, and the proxy on the way."
)
MAINTENANCE: Final = (
    "Zscaler is under maintenance (403): it answers queries, and accepts nothing until that is over. "
    "The bot retries automatically."
)
LOCKED: Final = (
    "An administrator is editing Zscaler's configuration right now (409). Try again in a few minutes."
)
NO_REPORT: Final = "Zscaler knows nothing of that file (404)."
NO_PERMISSION: Final = (
    "Zscaler does not let the bot {deed} (403). "
    f"{ADMIN} whether the subscription has this API, and whether the role that the bot signs in with (its "
    "administrator's, or the API role in its scope) has the functional scope for it."
)

STATUS_CODES: Final = StatusCodes(
    server="Zscaler",
    address=ADDRESS,
    interrupted="Zscaler's answer broke off before its end.",
    retry={429: "Zscaler is getting too many requests right now (429)."},
    unavailable="Zscaler can't answer right now ({status}).",
    rejected={
        400: f"Zscaler could not make sense of what the bot asked (400). {CHECK} {ADDRESS}.",
        404: f"There is no API of Zscaler where the bot asks (404). {CHECK} {ADDRESS}.",
        415: "Zscaler did not take the form of the bot's request (415). "
        f"{CHECK} whether a proxy on the way changes what is sent.",
    },
    other=f"Zscaler said no ({{status}}). {CHECK} {ADDRESS}.",
)


class Endpoint(StrEnum):
    """An endpoint: its name in the metrics, its path, and what the bot does there."""

    path: str
    deed: str

    def __new__(cls, value: str, path: str, deed: str) -> Self:  # noqa: D102
        endpoint = str.__new__(cls, value)
        endpoint._value_, endpoint.path, endpoint.deed = value, path, deed
        return endpoint

    URL_LOOKUP = "url_lookup", "/urlLookup", "look up URLs"
    REPORT = "report", "/sandbox/report", "read the Sandbox's reports"
    QUOTA = "report_quota", "/sandbox/report/quota", "read the Sandbox's quota"
    STATUS = "status", "/status", "see whether changes are active"
    ACTIVATE = "activate", "/status/activate", "activate changes"
    LOGIN = "login", "/authenticatedSession", "sign in"
    LOGOUT = "logout", "/authenticatedSession", "sign out"


_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
_SECONDS = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(?:s|sec|secs|second|seconds)?\s*", re.IGNORECASE)


def error_code(response: Response) -> str:
    """Return the published code of an error, such as ``SESSION_NOT_VALID``; or an empty string."""
    code = response.object().get("code")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def is_maintenance(response: Response) -> bool:
    """Return whether only GET requests are answered for now."""
    if response.status != 403:
        return False
    mode = response.headers.get("x-zscaler-mode", "")
    return mode.strip().lower() == "read-only" or error_code(response) == "STATE_READONLY"


def is_edit_lock(response: Response) -> bool:
    """Return whether an administrator is editing the configuration."""
    return response.status == 409 and error_code(response) == "EDIT_LOCK_NOT_AVAILABLE"


def value_of(response: Response) -> Any:
    """Return the JSON of a success.

    Raises:
        TryLater: no JSON, or more than the bot reads.
    """
    if not response.is_complete:
        raise TryLater(TOO_LONG, status=response.status)
    value = response.json()
    if value is None:
        sentence = WEB_PAGE if response.body.lstrip()[:1] == b"<" else UNREADABLE
        raise TryLater(sentence, status=response.status)
    return value


def meaning_of(endpoint: Endpoint, response: Response, now: float) -> AppscanError:
    """Return the error of a response that is no success; ``now`` is seconds since the epoch."""
    status, wait_s = response.status, retry_after_s(response, now)
    if is_maintenance(response):
        return Maintenance(MAINTENANCE, retry_after_s=wait_s, status=status)
    if is_edit_lock(response):
        return TryLater(LOCKED, status=status, scanner_failed=False)
    if status == 403:
        return Refused(NO_PERMISSION.format(deed=endpoint.deed), status=status)
    if status == 404 and endpoint is Endpoint.REPORT:
        return NotFound(NO_REPORT)
    return STATUS_CODES.error(status, UNNAMED_WAIT_S if status == 429 and wait_s is None else wait_s)


def retry_after_s(response: Response, now: float) -> float | None:
    """Return the seconds that a response asks to wait, 1 to 3,600; ``None`` if it names no time.

    ``Retry-After`` in the body (``"0 seconds"``) comes before the header of that name.
    """
    named = response.object().get("Retry-After")
    if isinstance(named, int | float) and not isinstance(named, bool):
        named = str(named)
    in_body = _SECONDS.fullmatch(named) if isinstance(named, str) else None
    seconds = float(in_body[1]) if in_body else response.retry_after_s(now)
    return None if seconds is None else min(max(seconds, 1.0), LONGEST_WAIT_S)
