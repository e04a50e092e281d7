"""What OneTrust's answers mean, told by status alone and never by their text.

OneTrust asks its callers to go by status codes ("Best Practices", https://developer.onetrust.com/onetrust/reference/
getting-started); the texts can change, and they come from outside.

==========  ===================================================  =========  ==================================
Status      What it means                                        Verdict    What happens next
==========  ===================================================  =========  ==================================
2xx         taken, when a request ID comes with it               Receipt    the request ID is shown
2xx         no request ID: nobody can say                        Uncertain  a person looks in the log
3xx         the address is not the webhook's                     Refused    a person mends it
400         the workflow expects something else                  Refused    a person mends it
401         credentials or URL are wrong                         Refused    after one more try, new token
403         the credential lacks a scope                         Refused    a person mends it
404         no such webhook                                      Refused    a person mends it
408         the build came too slowly                            TryLater   tried again
409         clashes with what is there                           Refused    a person decides
413         too large                                            Refused    a smaller build, or the FTP route
429, 503    busy or away, and clearly not taken                  TryLater   tried again, after ``Retry-After``
500, other  something broke while it was taken, or after         Uncertain  a person looks in the log
==========  ===================================================  =========  ==================================

An answer to half a build (one whose last bytes had not gone) leaves no doubt: where the table says
``Uncertain``, an error then is ``TryLater``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.calls.reading import read_object, retry_after_s
from bot.errors import Refused, SubmissionError, TryLater, Uncertain
from bot.scans.routes import Receipt

ID_LIMIT = 200
"""Characters; what is longer is no ID."""

RUNNER = "Whoever runs this bot should check"
ADMIN = "Ask your OneTrust administrator to check"

NOT_TRUSTED = (
    "The connection to OneTrust can't be trusted: its certificate does not check out. "
    f"{RUNNER} the address, and the certificate authorities that this machine trusts."
)

REFUSED: Mapping[int, str] = {
    400: "OneTrust could not make sense of the submission (400). "
    f"{ADMIN} that the webhook's workflow is *Mobile: Mobile App Scan* and takes `form-data`.",
    401: "OneTrust did not accept the bot's credentials (401): they, or the webhook URL, are wrong. "
    f"{RUNNER} both.",
    403: "The bot's OneTrust credential may not do this (403). "
    f"{ADMIN} that it has the Integration and Cookie scopes.",
    404: "OneTrust knows no such webhook (404): its ID is wrong, or its workflow was deleted. "
    f"{RUNNER} the webhook URL.",
    407: f"The proxy on the way to OneTrust wants a login (407). {RUNNER} the proxy settings.",
    409: "OneTrust says that this clashes with what it has already (409). "
    "If the app is there, scan this build as a rescan of it.",
    413: "OneTrust says that this build is too large (413): its limit is lower than the bot's. "
    f"{RUNNER} `ONETRUST_REST_LIMIT`, so that such builds go another way.",
}
"""A clear no, and who can mend it."""

TRY_LATER: Mapping[int, str] = {
    408: "OneTrust got the build too slowly and gave up waiting (408).",
    429: "OneTrust is getting too many requests right now (429).",
    503: "OneTrust is not available right now (503).",
}
"""Certainly not taken, and nobody needs to mend anything."""

ELSEWHERE = (
    f"The webhook's address leads elsewhere ({{status}}), and the bot does not follow. {RUNNER} the URL."
)
NO_REQUEST_ID = "OneTrust said yes ({status}), but gave no request ID."
BROKE = "OneTrust had the whole build, but then answered with an error of its own ({status})."
BROKE_EARLY = "OneTrust had trouble of its own ({status}) before it had the whole build."
OTHER_NO = f"OneTrust said no ({{status}}). {ADMIN} the workflow's log."


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back for one POST."""

    status: int
    retry_after: str | None = None
    """The header, as it came."""
    body: bytes = b""
    """As much of it as was read; it may be cut, or no JSON at all."""
    complete: bool = True
    """Whether the whole build had gone when it came."""


def read_answer(answer: Answer, now: float, refused: Mapping[int, str] = REFUSED) -> Receipt:
    """Return the receipt in an answer of a webhook; ``refused`` are its sentences for a clear no.

    Raises:
        Refused, TryLater, Uncertain: as the table above has it.
    """
    if 200 <= answer.status < 300:
        request_id = read_request_id(answer.body)
        if request_id is None:
            raise Uncertain(NO_REQUEST_ID.format(status=answer.status), status=answer.status)
        return Receipt(request_id=request_id, status=answer.status)
    raise verdict(answer, now, refused=refused)


def verdict(
    answer: Answer,
    now: float,
    *,
    refused: Mapping[int, str] = REFUSED,
    elsewhere: str = ELSEWHERE,
    other_no: str = OTHER_NO,
) -> SubmissionError:
    """Return what an answer means that is no yes; the words are the webhook's unless others are given."""
    status = answer.status
    if status == 408 and answer.complete:  # said by something in between, perhaps, after OneTrust took it
        return Uncertain(BROKE.format(status=status), status=status)
    if status in TRY_LATER:
        wait_s = retry_after_s(answer.retry_after, now)
        return TryLater(TRY_LATER[status], retry_after_s=wait_s, status=status)
    if status in refused:
        return Refused(refused[status], status=status)
    if 300 <= status < 400:
        return Refused(elsewhere.format(status=status), status=status)
    if 400 <= status < 500:
        return Refused(other_no.format(status=status), status=status)
    if answer.complete:
        return Uncertain(BROKE.format(status=status), status=status)
    wait_s = retry_after_s(answer.retry_after, now)
    return TryLater(BROKE_EARLY.format(status=status), retry_after_s=wait_s, status=status)


def read_request_id(body: bytes) -> str | None:
    """Return the request ID in the webhook's answer; ``None`` where it holds none that can be shown."""
    return read_id(body, "requestId")


def read_id(body: bytes, field: str) -> str | None:
    """Return the ID in a field of an answer; ``None`` where it holds none that can be shown."""
    value = read_object(body).get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value.bit_length() < 128 else None
    if not isinstance(value, str):
        return None
    value = value.strip()
    return value if value.isprintable() and 0 < len(value) <= ID_LIMIT else None
