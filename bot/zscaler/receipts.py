"""What an answer of the Sandbox Submission API says of the file that was sent.

============  =========================================  ============
Status        What it means                              Raised
============  =========================================  ============
200           taken, and for which file                  -
other 2xx     no answer of this API                      Refused
3xx           the address is not the API's               Refused
401, 403      the token is not good                      Refused
403           with ``STATE_READONLY``: maintenance       Maintenance
408, 409      not right now                              TryLater
429           too fast, or too many today                TryLater
5xx           not right now                              TryLater
other         a clear no                                 Refused
============  =========================================  ============

An answer's own ``code``, text or number, counts as its status where it is no 200.
Source: https://help.zscaler.com/zia/sandbox-submission-api
"""

from typing import Final

from bot.calls.reading import read_object
from bot.calls.upload import ANSWER_LIMIT
from bot.errors import Maintenance, Refused, SubmissionError, TryLater
from bot.scans.verdicts import SandboxReceipt, SandboxVerdict, Threat
from bot.zscaler import found
from bot.zscaler.answers import RUNNER, Told, retry_after_s

_UNCOVERED = frozenset({"unknown"})

ADDRESS: Final = "`ZSCALER_CLOUD` or `ZSCALER_SANDBOX_URL`"
LOST: Final = "The connection to Zscaler's Sandbox was lost while this build was being sent."
PROXY: Final = f"The proxy on the way to Zscaler let nothing through ({{status}}). {RUNNER} its settings."
AWAY: Final = "Zscaler's Sandbox takes no files right now ({status})."
BUSY: Final = "Zscaler's Sandbox has had as many files as it takes for now (429)."
MAINTENANCE: Final = "Zscaler is under maintenance (403), and its Sandbox takes no files until that is over."
TOKEN: Final = (
    "Zscaler's Sandbox did not accept the bot's API token ({status}). "
    f"{RUNNER} `ZSCALER_SANDBOX_TOKEN`, and that it is of this cloud."
)
ELSEWHERE: Final = (
    f"The address of Zscaler's Sandbox leads elsewhere ({{status}}), and the bot does not follow. "
    f"{RUNNER} {ADDRESS}."
)
NO_API: Final = f"There is no Sandbox of Zscaler's where the bot sends to (404). {RUNNER} {ADDRESS}."
TOO_LARGE: Final = "Zscaler's Sandbox says that this build is too large (413)."
OTHER_NO: Final = (
    f"Zscaler's Sandbox did not take this build ({{status}}). {RUNNER} {ADDRESS}, and what the log says."
)
NO_SENSE: Final = (
    "What answered in place of Zscaler's Sandbox makes no sense to the bot. "
    f"{RUNNER} {ADDRESS}, and the proxy on the way."
)
ANOTHER_FILE: Final = (
    "Zscaler's Sandbox says that it got another file than the one that was sent, so there is no verdict. "
    f"{RUNNER} whether a proxy on the way changes what is sent."
)


def receipt(told: Told, md5: str, now: float, *, is_instant: bool) -> SandboxReceipt:
    """Read the answer to a file; ``is_instant`` where an instant verdict was asked for.

    ``now`` is seconds since the epoch.

    Raises:
        TryLater: it may work later.
        Refused: a clear no, or an answer about another file.
    """
    answer = _object(told, now)
    if str(answer["md5"]).strip().lower() != md5.lower():
        raise Refused(ANOTHER_FILE, status=200)
    file_type, malware = found.told(answer.get("fileType")), found.told(answer.get("virusName"))
    is_covered = (file_type or "").lower() not in _UNCOVERED
    verdict = None
    if malware is not None:
        verdict = SandboxVerdict(
            threat=Threat.MALICIOUS,
            category=found.told(answer.get("virusType")),
            malware=malware,
            file_type=file_type,
            is_instant=True,
        )
    elif is_instant and is_covered:
        verdict = SandboxVerdict(threat=Threat.BENIGN, file_type=file_type, is_instant=True)
    return SandboxReceipt(
        md5=md5,
        is_covered=is_covered,
        verdict=verdict,
        is_analysed=not (found.told(answer.get("sandboxSubmission")) or "").lower().startswith("not"),
    )


def _object(told: Told, now: float) -> dict[str, object]:
    """Return the object in an answer that is a yes.

    Raises:
        SubmissionError: it is none.
    """
    answer = read_object(told.body)
    code = _code(answer.get("code")) if told.status == 200 else None
    status = told.status if code is None else code
    if status != 200:
        raise _no(told, status, now)
    if not told.is_whole and len(told.body) <= ANSWER_LIMIT:
        raise TryLater(LOST, status=told.status, detail="the answer of Zscaler's Sandbox broke off")
    if not isinstance(answer.get("md5"), str):
        raise Refused(NO_SENSE, status=told.status)
    return answer


def _no(told: Told, status: int, now: float) -> SubmissionError:
    if told.is_maintenance:
        return Maintenance(MAINTENANCE, status=status, retry_after_s=retry_after_s(told, now))
    if status == 429:
        return TryLater(BUSY, status=status, retry_after_s=retry_after_s(told, now))
    if status in {408, 409} or 500 <= status < 600:
        return TryLater(AWAY.format(status=status), status=status, retry_after_s=retry_after_s(told, now))
    words = {401: TOKEN, 403: TOKEN, 404: NO_API, 407: PROXY, 413: TOO_LARGE}.get(status, OTHER_NO)
    words = ELSEWHERE if 300 <= status < 400 else NO_SENSE if 200 <= status < 300 else words
    return Refused(words.format(status=status), status=status)


def _code(value: object) -> int | None:
    """Read the ``code`` of an answer, a number or its text; ``None`` where it is no HTTP status."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 100 <= value < 600 else None
