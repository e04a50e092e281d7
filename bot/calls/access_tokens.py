"""OAuth 2.0 access tokens for a client's own credentials, made and made again, whoever's server gives them.

Source: RFC 6749, sections 2.3.1 (how a client says who it is) and 4.4 (client credentials).
"""

import asyncio
import base64
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus

import httpx

from bot.calls.reading import read_object, retry_after_s
from bot.calls.trust import why_not_trusted
from bot.errors import Refused, SubmissionError, TryLater

UNKNOWN_LIFETIME_S = 300.0
"""How long a token is kept whose ``expires_in`` is missing or makes no sense."""

EARLY_S = 60.0
"""How long before its end a token is made anew, at most; a tenth of its life if that is less."""

ANSWER_LIMIT = 64 * 1024
"""Bytes of an answer that are read."""

BEARER = re.compile(r"[A-Za-z0-9._~+/-]{1,8192}={0,8}")  # RFC 6750, section 2.1


@dataclass(frozen=True, kw_only=True)
class Words:
    """The sentences for what may come of asking; ``{status}`` is the HTTP status in any of them."""

    server: str
    """What the server is called in the log."""
    refused: Mapping[int, str]
    """A clear no, by status."""
    other_no: str
    """A clear no of another status."""
    no_token: str
    """A yes without a token."""
    busy: str
    no_answer: str
    not_trusted: str


@dataclass(frozen=True, kw_only=True)
class _Token:
    bearer: str
    until: float


class AccessTokens:
    """Access tokens for a client ID and secret, kept until shortly before they end.

    However many wait for a token, one of them asks; the others get what it got, its error as well.
    ``scope`` goes with the request where it is given. ``form`` sends ID and secret as form fields, for a
    server that takes no Basic authentication. ``client`` stays its owner's; ``now`` is seconds since the
    epoch; ``timeout_s`` is for one request with its answer, a third of it at most to connect and another to
    shake hands.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        words: Words,
        scope: str | None = None,
        form: bool = False,
        now: Callable[[], float] = time.time,
        timeout_s: float = 30.0,
    ) -> None:
        self._client = client
        self._url = url
        self._id = client_id
        self._secret = client_secret
        self._words = words
        self._scope = scope
        self._form = form
        self._now = now
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._token: _Token | None = None
        self._asked = 0
        self._failure: SubmissionError | None = None

    @property
    def kept(self) -> bool:
        """Whether the next bearer is one that was made before."""
        return self._token is not None and self._now() < self._token.until

    async def bearer(self) -> str:
        """Return a bearer that should be good for a while.

        Raises:
            Refused: the server gives no token until a person mends something.
            TryLater: it gives none right now.
        """
        asked_before = self._asked
        async with self._lock:
            if self._token is not None and self._now() < self._token.until:
                return self._token.bearer
            if self._failure is not None and self._asked != asked_before:
                raise self._failure.with_traceback(None)  # of the one who asked while this one waited
            self._token, self._failure = await self._ask()
            self._asked += 1
            if self._token is None:
                raise self._failure or RuntimeError("neither a token nor an error")
            return self._token.bearer

    def discard(self, bearer: str) -> bool:
        """Drop ``bearer`` if it is still the current one; there may always be another."""
        if self._token is not None and self._token.bearer == bearer:
            self._token = None
        return True

    async def _ask(self) -> tuple[_Token | None, SubmissionError | None]:
        """Ask for a token. The error is returned, to be raised where no other error is being handled.

        httpx's errors lead to the request, and the request to the secret: none of them is kept as a cause.
        """
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        fields = {"grant_type": "client_credentials"}
        if self._scope is not None:
            fields["scope"] = self._scope
        if self._form:
            fields |= {"client_id": self._id, "client_secret": self._secret}
        else:
            pair = f"{quote_plus(self._id)}:{quote_plus(self._secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(
                    "POST",
                    self._url,
                    data=fields,
                    headers=headers,
                    follow_redirects=False,
                    # A handshake has to end by httpx's own limit: cancelled from outside, as by the one
                    # around all this, it leaves its socket open for good.
                    timeout=httpx.Timeout(self._timeout_s, connect=self._timeout_s / 3),
                ) as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > ANSWER_LIMIT:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
            return None, self._unreached(exc)
        return self._read(response.status_code, response.headers.get("Retry-After"), bytes(body))

    def _read(
        self, status: int, retry_after: str | None, body: bytes
    ) -> tuple[_Token | None, SubmissionError | None]:
        words = self._words
        if status in {408, 429} or status >= 500:
            wait_s = retry_after_s(retry_after, self._now())
            return None, TryLater(words.busy.format(status=status), retry_after_s=wait_s, status=status)
        if not 200 <= status < 300:
            said = words.refused.get(status, words.other_no)
            return None, Refused(said.format(status=status), status=status)
        answer = read_object(body)
        bearer = answer.get("access_token")
        if not isinstance(bearer, str) or not BEARER.fullmatch(bearer):
            return None, Refused(words.no_token.format(status=status), status=status)
        lifetime_s = read_lifetime_s(answer.get("expires_in"))
        return _Token(bearer=bearer, until=self._now() + lifetime_s - min(EARLY_S, lifetime_s / 10)), None

    def _unreached(self, exc: Exception) -> SubmissionError:
        reason = why_not_trusted(exc)
        if reason is not None:
            detail = f"{self._words.server}'s certificate does not check out: {reason}"
            return Refused(self._words.not_trusted, detail=detail)
        detail = f"no answer from {self._words.server}'s token endpoint: {type(exc).__name__}"
        return TryLater(self._words.no_answer, detail=detail)


def read_lifetime_s(value: object) -> float:
    """Return a token's ``expires_in``: a number or a numeral above 0; a short guess for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return UNKNOWN_LIFETIME_S
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return UNKNOWN_LIFETIME_S
    return seconds if math.isfinite(seconds) and seconds > 0 else UNKNOWN_LIFETIME_S
