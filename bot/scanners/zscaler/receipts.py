"""Parsing the Sandbox Submission API's response to a file.

Only a 200 accepts it, and names the file; any other 2xx is not this API. A ``code`` in the body of a 200, a
number or string, counts as the status.

Source: https://help.zscaler.com/zia/sandbox-submission-api
"""

from typing import Final

from bot.errors import Maintenance, Refused, TryLater
from bot.features.verdicts.models import SandboxReceipt, SandboxVerdict, Threat
from bot.scanners.http.json_fields import word
from bot.scanners.http.responses import Response
from bot.scanners.http.status_codes import CHECK, StatusCodes
from bot.scanners.http.upload import MAX_RESPONSE_BYTES
from bot.scanners.zscaler.status_codes import is_maintenance, retry_after_s

ADDRESS: Final = "`ZSCALER_CLOUD` or `ZSCALER_SANDBOX_URL`"
LOST: Final = "The connection to Zscaler's Sandbox was lost while this build was being sent."
MAINTENANCE: Final = "Zscaler is under maintenance (403), and its Sandbox takes no files until that is over."
TOKEN: Final = (
    "Zscaler's Sandbox did not accept the bot's API token ({status}). "
    f"{CHECK} `ZSCALER_SANDBOX_TOKEN`, and that it is of this cloud."
)
_AWAY: Final = "Zscaler's Sandbox takes no files right now ({status})."
NO_SENSE: Final = (
    "What answered in place of Zscaler's Sandbox makes no sense to the bot. "
    f"{CHECK} {ADDRESS}, and the proxy on the way."
)
ANOTHER_FILE: Final = (
    "Zscaler's Sandbox says that it got another file than the bot sent, so there is no verdict. "
    f"{CHECK} whether a proxy on the way changes what is sent."
)

STATUS_CODES: Final = StatusCodes(
    server="Zscaler's Sandbox",
    address=ADDRESS,
    interrupted=LOST,
    retry={409: _AWAY, 429: "Zscaler's Sandbox has had as many files as it takes for now (429)."},
    unavailable=_AWAY,
    rejected={
        401: TOKEN,
        403: TOKEN,
        404: f"There is no Sandbox of Zscaler's where the bot sends to (404). {CHECK} {ADDRESS}.",
        413: "Zscaler's Sandbox says that this build is too large (413).",
        **dict.fromkeys(range(200, 300), NO_SENSE),
    },
    other=f"Zscaler's Sandbox did not take this build ({{status}}). {CHECK} {ADDRESS}, and what the log "
    "says.",
)


def receipt(response: Response, md5: str, now: float, *, is_instant: bool) -> SandboxReceipt:
    """Parse the response to a file; ``is_instant`` if an instant verdict was asked for.

    ``now`` is seconds since the epoch.

    Raises:
        TryLater: it may work later.
        Refused: rejected, or about another file.
    """
    answer = response.object()
    code = _code(answer.get("code")) if response.status == 200 else None
    status = response.status if code is None else code
    if is_maintenance(response):
        raise Maintenance(MAINTENANCE, status=status, retry_after_s=retry_after_s(response, now))
    if status != 200:
        raise STATUS_CODES.error(status, retry_after_s(response, now))
    if not response.is_complete and len(response.body) < MAX_RESPONSE_BYTES:
        raise TryLater(LOST, status=status, detail="the response of Zscaler's Sandbox broke off")
    named = answer.get("md5")
    if not isinstance(named, str):
        raise Refused(NO_SENSE, status=status)
    if named.strip().lower() != md5.lower():
        raise Refused(ANOTHER_FILE, status=status)
    file_type, malware = word(answer.get("fileType")), word(answer.get("virusName"))
    is_covered = (file_type or "").lower() != "unknown"
    verdict = None
    if malware is not None:
        verdict = SandboxVerdict(
            threat=Threat.MALICIOUS,
            category=word(answer.get("virusType")),
            malware=malware,
            file_type=file_type,
            is_instant=True,
        )
    elif is_instant and is_covered:
        verdict = SandboxVerdict(threat=Threat.BENIGN, file_type=file_type, is_instant=True)
    is_analysed = not (word(answer.get("sandboxSubmission")) or "").lower().startswith("not")
    return SandboxReceipt(is_covered=is_covered, verdict=verdict, is_analysed=is_analysed)


def _code(value: object) -> int | None:
    """Return the ``code`` in a body, a number or string; ``None`` if it is not an HTTP status."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 100 <= value < 600 else None
