"""What OneTrust's responses mean, by status alone and never by their text.

OneTrust asks its clients to rely on status codes ("Best Practices", https://developer.onetrust.com/onetrust/reference/
getting-started); the texts can change, and are outside data.

==========  ===================================================  =========  ==================================
Status      What it means                                        Verdict    What happens next
==========  ===================================================  =========  ==================================
2xx         accepted, if it has a request ID                     Receipt    the request ID is shown
2xx         without a request ID: unknown                        Uncertain  a person checks the log
3xx         the address is not the webhook's                     Refused    a person fixes it
400         the workflow expects something else                  Refused    a person fixes it
401         wrong credentials or URL                             Refused    after one retry with a new token
403         the credential lacks a scope                         Refused    a person fixes it
404         no such webhook                                      Refused    a person fixes it
408         the upload was too slow                              TryLater   retried
409         conflicts with an existing app                       Refused    a person decides
413         too large                                            Refused    a smaller build, or the FTP route
429, 503    busy or unavailable, certainly not accepted          TryLater   retried, after ``Retry-After``
500, other  failed while it was accepted, or after               Uncertain  a person checks the log
==========  ===================================================  =========  ==================================

If the last bytes of the build had not been sent, it was certainly not accepted: where the table says
``Uncertain``, the error is ``TryLater``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.errors import Refused, SubmissionError, TryLater, Uncertain
from bot.features.submission.routes import Receipt
from bot.scanners.http.responses import read_object, retry_after_s
from bot.scanners.http.status_codes import CHECK

ID_LIMIT = 200
"""Characters of an ID; a longer one is dropped."""


ADMIN = "Ask your OneTrust administrator to check"

NOT_TRUSTED = (
    "The connection to OneTrust can't be trusted: its certificate does not check out. "
    f"{CHECK} the address, and the certificate authorities that this machine trusts."
)

REFUSED: Mapping[int, str] = {
    400: "OneTrust could not make sense of the submission (400). "
    f"{ADMIN} that the webhook's workflow is *Mobile: Mobile App Scan* and takes `form-data`.",
    401: "OneTrust did not accept the bot's credentials (401): they, or the webhook URL, are wrong. "
    f"{CHECK} both.",
    403: "The bot's OneTrust credential may not do this (403). "
    f"{ADMIN} that it has the Integration and Cookie scopes.",
    404: "OneTrust knows no such webhook (404): its ID is wrong, or its workflow was deleted. "
    f"{CHECK} the webhook URL.",
    407: f"The proxy on the way to OneTrust wants a login (407). {CHECK} the proxy settings.",
    409: "OneTrust says that this clashes with what it has already (409). "
    "If the app is there, scan this build as a rescan of it.",
    413: "OneTrust says that this build is too large (413): its limit is lower than the bot's. "
    f"{CHECK} `ONETRUST_REST_LIMIT`, so that such builds go another way.",
}
"""Sentences for a rejection, by status, with who can fix it."""

TRY_LATER: Mapping[int, str] = {
    408: "OneTrust got the build too slowly and gave up waiting (408).",
    429: "OneTrust is getting too many requests right now (429).",
    503: "OneTrust is not available right now (503).",
}
"""Sentences for what was certainly not accepted and needs no fix, by status."""

ELSEWHERE = (
    f"The webhook's address leads elsewhere ({{status}}), and the bot does not follow. {CHECK} the URL."
)
NO_REQUEST_ID = "OneTrust said yes ({status}), but gave no request ID."
BROKE = "OneTrust had the whole build, but then answered with an error of its own ({status})."
BROKE_EARLY = "OneTrust had trouble of its own ({status}) before it had the whole build."
OTHER_NO = f"OneTrust said no ({{status}}). {ADMIN} the workflow's log."


@dataclass(frozen=True, kw_only=True)
class StatusMeaning:
    """The response to one request that submits."""

    status: int
    retry_after: str | None = None
    """The header as it was sent."""
    body: bytes = b""
    """The part that was read; it may be cut, or no JSON at all."""
    complete: bool = True
    """Whether the whole build may have been sent before it."""


def read_answer(answer: StatusMeaning, now: float, refused: Mapping[int, str] = REFUSED) -> Receipt:
    """Return the receipt in a webhook's response; ``refused`` are its sentences for a rejection.

    Raises:
        Refused, TryLater, Uncertain: as in the table above.
    """
    if 200 <= answer.status < 300:
        request_id = read_request_id(answer.body)
        if request_id is None:
            raise Uncertain(NO_REQUEST_ID.format(status=answer.status), status=answer.status)
        return Receipt(request_id=request_id, status=answer.status)
    raise meaning_of(answer, now, refused=refused)


def meaning_of(
    answer: StatusMeaning,
    now: float,
    *,
    refused: Mapping[int, str] = REFUSED,
    elsewhere: str = ELSEWHERE,
    other_no: str = OTHER_NO,
) -> SubmissionError:
    """Return the error of a response that is no success; the default sentences are the webhook's."""
    status = answer.status
    if status == 408 and answer.complete:  # perhaps from a proxy, after OneTrust accepted it
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
    """Return the request ID in the webhook's response; ``None`` without one that can be shown."""
    return read_id(body, "requestId")


def read_id(body: bytes, field: str) -> str | None:
    """Return the ID in a field of a response; ``None`` without one that can be shown."""
    value = read_object(body).get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value.bit_length() < 128 else None
    if not isinstance(value, str):
        return None
    value = value.strip()
    return value if value.isprintable() and 0 < len(value) <= ID_LIMIT else None
