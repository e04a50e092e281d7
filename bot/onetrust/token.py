"""The bearer that OneTrust wants with each call: an access token that is made and made again, or an API key.

Source: https://developer.onetrust.com/onetrust/docs/managing-oauth-20-client-credentials; RFC 6749, sections
2.3.1 (how a client says who it is) and 4.4 (client credentials).
"""

import asyncio
import base64
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote_plus

import httpx

from bot.errors import Refused, SubmissionError, TryLater
from bot.onetrust.answers import RUNNER, read_object, retry_after_s
from bot.onetrust.trust import NOT_TRUSTED, why_not_trusted

TOKEN_PATH = "/api/access/v1/oauth/token"  # noqa: S105 - a path, no token

UNKNOWN_LIFETIME_S = 300.0
"""How long a token is kept whose ``expires_in`` is missing or makes no sense."""

EARLY_S = 60.0
"""How long before its end a token is made anew, at most; a tenth of its life if that is less."""

ANSWER_LIMIT = 64 * 1024
"""Bytes of an answer that are read."""

CREDENTIALS = "`ONETRUST_CLIENT_ID` and `ONETRUST_CLIENT_SECRET`"

_REFUSED = {
    400: "OneTrust could not make sense of the bot's request for an access token (400). "
    f"{RUNNER} {CREDENTIALS}.",
    401: f"OneTrust does not know the bot's client ID and secret (401). {RUNNER} {CREDENTIALS}.",
    403: "OneTrust does not let the bot's credential make an access token (403). "
    f"{RUNNER} that it is active.",
    404: f"There is no OneTrust where the bot asks for its access token (404). {RUNNER} `ONETRUST_URL`.",
}
_OTHER_NO = f"OneTrust gave the bot no access token ({{status}}). {RUNNER} `ONETRUST_URL` and {CREDENTIALS}."
_NO_TOKEN = f"What answered ({{status}}) gave no access token: it is no OneTrust. {RUNNER} `ONETRUST_URL`."
_BUSY = "OneTrust can't give the bot an access token right now ({status})."
_NO_ANSWER = "OneTrust can't be reached right now."
_NO_KEY = f"The bot's OneTrust API key holds characters that no key has. {RUNNER} `ONETRUST_API_KEY`."

_BEARER = re.compile(r"[A-Za-z0-9._~+/-]{1,8192}={0,8}")  # RFC 6750, section 2.1


class TokenSource(Protocol):
    """Where a bearer comes from."""

    async def bearer(self) -> str:
        """Return a bearer that should be good for a while.

        Raises:
            Refused: there is none until a person mends something.
            TryLater: there is none right now.
        """
        ...

    def discard(self, bearer: str) -> bool:
        """Say that a call with ``bearer`` was answered 401; tell whether another one may be had."""
        ...


class ApiKey:
    """An API key, which is itself the bearer; there is never another."""

    def __init__(self, key: str) -> None:
        self._key = key

    async def bearer(self) -> str:
        """Return the key.

        Raises:
            Refused: it holds characters that no key has.
        """
        if not _BEARER.fullmatch(self._key):
            raise Refused(_NO_KEY)
        return self._key

    def discard(self, bearer: str) -> bool:  # noqa: ARG002 - as the protocol has it
        """Tell that there is no other."""
        return False


@dataclass(frozen=True, kw_only=True)
class _Token:
    bearer: str
    until: float


class ClientCredentials:
    """Access tokens for a client ID and secret, kept until shortly before they end.

    However many wait for a token, one of them asks; the others get what it got, its error as well.
    ``form`` sends ID and secret as form fields, for a server that takes no Basic authentication.
    ``client`` stays its owner's; ``now`` is seconds since the epoch; ``timeout_s`` is for one request with
    its answer, a third of it at most to connect and another to shake hands.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        form: bool = False,
        now: Callable[[], float] = time.time,
        timeout_s: float = 30.0,
    ) -> None:
        self._client = client
        self._url = base_url.rstrip("/") + TOKEN_PATH
        self._id = client_id
        self._secret = client_secret
        self._form = form
        self._now = now
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._token: _Token | None = None
        self._asked = 0
        self._failure: SubmissionError | None = None

    async def bearer(self) -> str:
        """Return a bearer that should be good for a while.

        Raises:
            Refused: OneTrust gives no token until a person mends something.
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
            return None, _unreached(exc)
        return self._read(response.status_code, response.headers.get("Retry-After"), bytes(body))

    def _read(
        self, status: int, retry_after: str | None, body: bytes
    ) -> tuple[_Token | None, SubmissionError | None]:
        if status in {408, 429} or status >= 500:
            wait_s = retry_after_s(retry_after, self._now())
            return None, TryLater(_BUSY.format(status=status), retry_after_s=wait_s, status=status)
        if not 200 <= status < 300:
            return None, Refused(_REFUSED.get(status, _OTHER_NO).format(status=status), status=status)
        answer = read_object(body)
        bearer = answer.get("access_token")
        if not isinstance(bearer, str) or not _BEARER.fullmatch(bearer):
            return None, Refused(_NO_TOKEN.format(status=status), status=status)
        lifetime_s = read_lifetime_s(answer.get("expires_in"))
        return _Token(bearer=bearer, until=self._now() + lifetime_s - min(EARLY_S, lifetime_s / 10)), None


def read_lifetime_s(value: object) -> float:
    """Return a token's ``expires_in``: a number or a numeral above 0; a short guess for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return UNKNOWN_LIFETIME_S
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return UNKNOWN_LIFETIME_S
    return seconds if math.isfinite(seconds) and seconds > 0 else UNKNOWN_LIFETIME_S


def _unreached(exc: Exception) -> SubmissionError:
    reason = why_not_trusted(exc)
    if reason is not None:
        return Refused(NOT_TRUSTED, detail=f"OneTrust's certificate does not check out: {reason}")
    return TryLater(_NO_ANSWER, detail=f"no answer from OneTrust's token endpoint: {type(exc).__name__}")
