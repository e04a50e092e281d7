"""OAuth 2.0 access tokens for a client's own credentials, from any server, renewed before they expire.

Source: RFC 6749, sections 2.3.1 (how a client says who it is) and 4.4 (client credentials).
"""

import asyncio
import base64
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from urllib.parse import quote_plus

import httpx

from bot.errors import Refused, SubmissionError
from bot.scanners.http import json_fields
from bot.scanners.http.json_client import HeaderAuth, JsonClient
from bot.scanners.http.status_codes import CHECK, StatusCodes

UNKNOWN_LIFETIME_S = 300.0
"""The lifetime of a token whose ``expires_in`` is missing or invalid."""

EARLY_S = 60.0
"""A token is renewed this long before its end, or a tenth of its lifetime if that is less."""

MAX_RESPONSE_BYTES = 64 * 1024

BEARER = re.compile(r"[A-Za-z0-9._~+/-]{1,8192}={0,8}")  # RFC 6750, section 2.1


@dataclass(frozen=True, kw_only=True)
class _Token:
    bearer: str = field(repr=False)
    until: float


@dataclass(eq=False, repr=False)
class AccessTokens:
    """Access tokens for a client ID and secret, kept until shortly before they expire. Implements ``Auth``.

    Of concurrent callers one requests a token, and all get its token or its error. ``statuses`` has the
    errors; see ``token_statuses``. ``scope`` is sent if given. ``form`` sends ID and secret as form fields,
    for a server that takes no Basic authentication. ``client`` stays its owner's; ``now`` is seconds since
    the epoch; ``timeout_s`` is for one request with its response.
    """

    client: httpx.AsyncClient
    url: str
    client_id: str
    client_secret: str
    _: KW_ONLY
    statuses: StatusCodes
    scope: str | None = None
    form: bool = False
    now: Callable[[], float] = time.time
    timeout_s: float = 30.0
    _lock: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _token: _Token | None = field(init=False, default=None)
    _requests: int = field(init=False, default=0)
    _failure: SubmissionError | None = field(init=False, default=None)

    @property
    def kept(self) -> bool:
        """Whether the next bearer is one from an earlier request."""
        return self._token is not None and self.now() < self._token.until

    async def bearer(self) -> str:
        """Return a bearer that should be valid for a while.

        Raises:
            Refused: the server gives no token until a person fixes something.
            TryLater: it gives none right now.
        """
        requests_before = self._requests
        async with self._lock:
            if self._token is not None and self.kept:
                return self._token.bearer
            if self._failure is not None and self._requests != requests_before:
                raise self._failure.with_traceback(None)  # of the caller that this one waited for
            self._token = self._failure = None
            try:
                self._token = await self._request()
            except SubmissionError as error:
                self._failure = error
                raise
            finally:
                self._requests += 1
            return self._token.bearer

    async def attempts(self) -> AsyncGenerator[Mapping[str, str], None]:
        """Yield the header with a bearer, and after a 401 with a new one; raises as ``bearer`` does."""
        bearer = await self.bearer()
        yield bearer_header(bearer)
        self.discard(bearer)
        yield bearer_header(await self.bearer())

    def discard(self, bearer: str) -> None:
        """Drop ``bearer`` if it is still the current one."""
        if self._token is not None and self._token.bearer == bearer:
            self._token = None

    async def _request(self) -> _Token:
        form = {"grant_type": "client_credentials"} | (
            {"scope": self.scope} if self.scope is not None else {}
        )
        auth = HeaderAuth()
        if self.form:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        else:
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
            basic = base64.b64encode(pair.encode()).decode()
            auth = HeaderAuth(headers={"Authorization": f"Basic {basic}"})
        api = JsonClient(
            self.client, statuses=self.statuses, timeout_s=self.timeout_s, max_bytes=MAX_RESPONSE_BYTES
        )
        response = await api.send("POST", "token", self.url, auth=auth, form=form)
        if not response.is_success:
            raise self.statuses.error(response.status, response.retry_after_s(self.now()))
        fields = response.object()
        bearer = fields.get("access_token")
        if not isinstance(bearer, str) or not BEARER.fullmatch(bearer):
            sentence = (
                f"What answered ({response.status}) gave no access token: it is not {self.statuses.server}. "
                f"{CHECK} {self.statuses.address}."
            )
            raise Refused(sentence, status=response.status)
        lifetime_s = read_lifetime_s(fields.get("expires_in"))
        return _Token(bearer=bearer, until=self.now() + lifetime_s - min(EARLY_S, lifetime_s / 10))


def token_statuses(server: str, *, address: str, credentials: str, permission: str) -> StatusCodes:
    """Return the status codes of a token endpoint; the arguments are what to check, within a sentence."""
    busy = f"{server} can't give the bot an access token right now ({{status}})."
    return StatusCodes(
        server=server,
        address=address,
        retry={429: busy},
        unavailable=busy,
        rejected={
            400: f"{server} could not make sense of the bot's request for an access token (400). "
            f"{CHECK} {credentials}.",
            401: f"{server} does not know the bot's client ID and secret (401). {CHECK} {credentials}.",
            403: f"{server} gives the bot's client no access token (403). {CHECK} {permission}.",
            404: f"{server} has no access tokens where the bot asks for them (404). {CHECK} {address}.",
        },
        other=f"{server} gave the bot no access token ({{status}}). {CHECK} {address} and {credentials}.",
    )


def bearer_header(bearer: str) -> Mapping[str, str]:
    """Return the header that signs in with a bearer."""
    return {"Authorization": f"Bearer {bearer}"}


def read_lifetime_s(value: object) -> float:
    """Return the seconds of ``expires_in``, a number or numeral above 0; a short guess for anything else."""
    seconds = json_fields.numeral(value)
    return seconds if seconds is not None and seconds > 0 else UNKNOWN_LIFETIME_S
