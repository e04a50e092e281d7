"""The 3rd-Party App Governance API: what is known of one third-party app.

httpx's errors lead to the request, and the request to the key: none of them is kept as a cause.

==========  =================================================  ========================================
Status      What it means                                      What comes of it
==========  =================================================  ========================================
200         the app is known                                   an answer
202         it was taken for analysis; ask again a day later   an answer without an app
400         the ID or link makes no sense to it                Refused
401, 403    the key is wrong, or may not ask this              Refused
404         there is no such app                               NotFound
409, 429    the day's limit is reached; too many at once       TryLater
408, 5xx    trouble there, or on the way                       TryLater
==========  =================================================  ========================================

Source: https://help.zscaler.com/zia/getting-started-zia-api, https://help.zscaler.com/zia/apptotal-api
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

import httpx

from bot.calls.reading import read_object, retry_after_s
from bot.calls.trust import why_not_trusted
from bot.errors import AppscanError, NotFound, Refused, SubmissionError, TryLater
from bot.scans.governance import Answer
from bot.zscaler import governed

ANSWER_LIMIT: Final = 4 * 1024 * 1024
"""Bytes; a longer answer is not read."""
ENDPOINT: Final = "governance"
"""The word for what is asked, in a request's extensions."""

RUNNER: Final = "Whoever runs this bot should check"

REFUSED: Final[Mapping[int, str]] = {
    400: "Zscaler can't make sense of that app ID or link (400). Copy it again: the app ID is the client ID "
    "in the link of the consent page.",
    401: f"Zscaler does not accept the key for third-party apps (401). {RUNNER} `ZSCALER_APPTOTAL_KEY`.",
    403: "The key for third-party apps may not ask this (403): its trial or license may have ended. Ask your "
    "Zscaler administrator.",
    407: f"The proxy on the way to Zscaler wants a login (407). {RUNNER} the proxy settings.",
}
UNKNOWN: Final = (
    "Zscaler knows no such third-party app (404). Look whether the app ID or the link is right; where you "
    "have both, try the other one."
)
LIMIT: Final = (
    "The day's limit of questions about third-party apps is reached (409): Zscaler answers 25 a day on a "
    "trial, 1,000 with a license. Ask again tomorrow."
)
BUSY: Final = (
    "Zscaler is getting too many questions about third-party apps right now (429). Ask again in a minute."
)
AWAY: Final = "Zscaler can't tell of third-party apps right now ({status}). Ask again in a few minutes."
NOT_REACHED: Final = "Zscaler can't be reached right now. Ask again in a few minutes."
NOT_TRUSTED: Final = (
    "The connection to Zscaler can't be trusted: its certificate does not check out. "
    f"{RUNNER} `ZSCALER_APPTOTAL_URL`, and the certificate authorities that this machine trusts."
)
UNREADABLE: Final = (
    "What came back is no answer about a third-party app ({status}): something on the way to Zscaler may "
    "have answered. Ask again in a few minutes; if it lasts, tell whoever runs this bot."
)
ELSEWHERE: Final = (
    "The address for third-party apps leads elsewhere ({status}), and the bot does not follow. "
    f"{RUNNER} `ZSCALER_APPTOTAL_URL`."
)
OTHER_NO: Final = "Zscaler said no ({status}) to a question about third-party apps."


class Governance:
    """Asks with the key; see ``bot.scans.governance.GovernanceApi``.

    ``client`` stays its owner's. ``timeout_s`` is for one question with its answer; ``now`` is seconds since
    the epoch.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        base_url: str,
        key: str,
        *,
        timeout_s: float = 20.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._base_url = base_url
        self._key = key
        self._timeout_s = timeout_s
        self._now = now

    async def app(self, *, app_id: str = "", url: str = "") -> Answer:
        """Ask for an app; see the port.

        Raises:
            NotFound, Refused, TryLater: as the table above has it.
        """
        name, value = ("url", url) if url else ("app_id", app_id)
        failure: SubmissionError | None = None
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(
                    "GET",
                    # Every sign but the unreserved ones is encoded, as RFC 3986 has it.
                    f"{self._base_url}/apps/app?{name}={quote(value, safe='')}",
                    headers={
                        "Accept": "application/json",
                        "Accept-Encoding": "identity",
                        "X-API-KEY": self._key,
                    },
                    follow_redirects=False,
                    extensions={"endpoint": ENDPOINT},
                    timeout=httpx.Timeout(self._timeout_s, connect=self._timeout_s / 2),
                ) as response,
            ):
                status, headers = response.status_code, response.headers
                if status == 200:
                    async for chunk in response.aiter_raw():
                        body += chunk
                        if len(body) > ANSWER_LIMIT:
                            raise TryLater(UNREADABLE.format(status=status), status=status)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
            failure = _unreached(exc)
        if failure is not None:
            raise failure
        left = governed.remaining(headers.get("X-Rate-Limit-Remaining"))
        if status == 202:
            return Answer(app=None, remaining=left)
        if status != 200:
            raise _said(status, retry_after_s(headers.get("Retry-After"), self._now()))
        found = governed.third_party_app(read_object(bytes(body)))
        if found is None:
            raise TryLater(UNREADABLE.format(status=status), status=status)
        return Answer(app=found, remaining=left)


def _unreached(exc: Exception) -> SubmissionError:
    reason = why_not_trusted(exc)
    if reason is not None:
        return Refused(NOT_TRUSTED, detail=f"Zscaler's certificate does not check out: {reason}")
    return TryLater(NOT_REACHED, detail=f"no answer from Zscaler's {ENDPOINT}: {type(exc).__name__}")


def _said(status: int, wait_s: float | None) -> AppscanError:
    """Return what an answer means that is no yes."""
    if status == 404:
        return NotFound(UNKNOWN)
    if status in {409, 429}:
        return TryLater(LIMIT if status == 409 else BUSY, retry_after_s=wait_s, status=status)
    if status in REFUSED:
        return Refused(REFUSED[status], status=status)
    if 300 <= status < 400:
        return Refused(ELSEWHERE.format(status=status), status=status)
    if status < 300:
        return TryLater(UNREADABLE.format(status=status), status=status)
    if status == 408 or status >= 500:
        return TryLater(AWAY.format(status=status), retry_after_s=wait_s, status=status)
    return Refused(OTHER_NO.format(status=status), status=status)
