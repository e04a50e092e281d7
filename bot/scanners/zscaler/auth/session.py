"""Signing in to the cloud service API with an administrator's session: a cookie for an obfuscated key.

A session expires after five idle minutes. A new one is requested only after a 401, as signing in is expensive
for the service. Signing out activates everybody's saved changes, so it is done only if none wait for
activation.

Source: "Getting Started", *Using ZIA Admin Credentials and API Key/Token* and *Obfuscate the API key*
(https://help.zscaler.com/zia/getting-started-zia-api)
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from typing import Final

from bot.core.clock import SteadyClock, within
from bot.core.ports import Clock
from bot.errors import AppscanError, Maintenance, Refused, SubmissionError, TryLater
from bot.features.zscaler_admin.models import ActivationStatus
from bot.scanners.http.json_client import HeaderAuth
from bot.scanners.http.responses import Response, http_date
from bot.scanners.http.status_codes import CHECK, OPERATOR
from bot.scanners.zscaler.client import HttpClient
from bot.scanners.zscaler.maintenance import ReadOnly
from bot.scanners.zscaler.status_codes import ADDRESS, ADMIN, Endpoint, meaning_of

logger = logging.getLogger(__name__)

KEY_LENGTH: Final = 12
"""Characters of an API key."""
CLOCK_OFF_S: Final = 2 * 3600.0
"""The difference from Zscaler's clock that a timestamp may have."""
HELD_S: Final = 300.0
"""The pause after a rejected login or session, as more logins could lock the account."""
IDLE_S: Final = 300.0
"""The lifetime of an unused session."""
GOODBYE_S: Final = 3.0
"""The timeout of signing out."""

WRONG_LENGTH: Final = (
    f"The bot's Zscaler API key can't be right: a key has {KEY_LENGTH} characters. {CHECK} `ZSCALER_API_KEY`."
)
BAD_LOGIN: Final = (
    "Zscaler does not accept the bot's login ({status}). "
    f"{CHECK} `ZSCALER_USERNAME`, `ZSCALER_PASSWORD` and `ZSCALER_API_KEY`."
)
CLOCK_OFF: Final = (
    "Zscaler does not accept the bot's login, as the clock of the bot's machine is {apart} {side} Zscaler's. "
    f"{OPERATOR} has to set it right; it may be two hours off at most."
)
NO_SESSION: Final = f"What answered gave no session: it is not Zscaler's API. {CHECK} {ADDRESS}."
NOT_KEPT: Final = (
    "Zscaler does not accept the session that it has just given the bot (401). "
    f"{ADMIN} whether anyone else signs in with the same user."
)

_COOKIE = re.compile(r'\s*JSESSIONID="?([\x21\x23-\x2B\x2D-\x3A\x3C-\x5B\x5D-\x7E]{1,1024})"?\s*(?:;|\Z)')


@dataclass(frozen=True, kw_only=True)
class _Open:
    headers: Mapping[str, str] = field(repr=False)
    since: float


@dataclass(eq=False, repr=False)
class SessionAuth:
    """Signing in with a session. Implements ``CloudAuth``.

    Of concurrent callers one signs in, and all get its session or its error. A rejected login is not repeated
    for ``HELD_S``.
    """

    http: HttpClient
    username: str
    password: str
    api_key: str
    _: KW_ONLY
    clock: Clock
    read_only: ReadOnly
    _lock: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _open: _Open | None = field(init=False, default=None)
    _failure: SubmissionError | None = field(init=False, default=None)
    _held_until: float = field(init=False, default=0.0)
    _logins: int = field(init=False, default=0)
    _used_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._steady = SteadyClock(self.clock)  # unaffected when the machine's clock is set

    @property
    def state(self) -> str:
        """The state as a sentence."""
        if self._open is not None:
            since = f"session since {datetime.fromtimestamp(self._open.since, UTC):%Y-%m-%d %H:%M} UTC"
            is_idle = self.clock.now() - self._used_at >= IDLE_S
            return f"{since}, ended by now; the next call makes a new one" if is_idle else since
        if self._failure is None:
            return "not signed in yet"
        kind = "refused" if isinstance(self._failure, Refused) else "not signed in"
        return f"{kind}: {self._failure.user_message}"

    async def attempts(self) -> AsyncGenerator[Mapping[str, str], None]:
        """Yield the cookie of the current session, and after a 401 that of a new one.

        Raises:
            Refused: the login, or a new session, is rejected.
            TryLater: not right now; ``Maintenance`` too, as signing in is a POST.
        """
        session = await self._other_than(None)
        yield session.headers
        session = await self._other_than(session)
        yield session.headers
        failure = Refused(NOT_KEPT, status=401)
        if self._open is session:
            self._open = None
            self._hold(failure)
        raise failure

    def accepted(self) -> None:
        """Note that the session was used."""
        self._used_at = self.clock.now()

    async def close(self) -> None:
        """Sign out if there is a session, and no changes wait for activation."""
        session, self._open = self._open, None
        if session is None or self.read_only.seen_at is not None:
            return
        with suppress(AppscanError, TimeoutError):
            await within(self.clock, GOODBYE_S, self._log_out(session))

    async def _log_out(self, session: _Open) -> None:
        auth = HeaderAuth(headers=session.headers)
        response = await self.http.call("GET", Endpoint.STATUS, auth=auth)
        if response.status == 401:  # it has expired
            return
        if response.is_success and response.object().get("status") == ActivationStatus.ACTIVE:
            await self.http.call("DELETE", Endpoint.LOGOUT, auth=auth)
        else:
            logger.info("not signed out of Zscaler, as that could activate changes that wait there")

    async def _other_than(self, refused: _Open | None) -> _Open:
        """Return the current session, or a new one if it was refused or there is no other."""
        logins_before = self._logins
        async with self._lock:
            if self._open is refused:
                self._open = None
            if self._open is not None:
                return self._open
            is_news = self._logins != logins_before  # from the caller that this one waited for
            if self._failure is not None and (is_news or self._steady.now() < self._held_until):
                raise self._failure.with_traceback(None)
            self._failure = None
            try:
                self._open = await self._log_in()
            finally:
                self._logins += 1
            return self._open

    def _hold(self, failure: SubmissionError) -> None:
        """Keep a failure until another login may be tried."""
        self._failure = failure
        held_s = HELD_S if isinstance(failure, Refused) else 0.0
        if isinstance(failure, TryLater) and not isinstance(failure, Maintenance):  # ReadOnly has its pause
            held_s = failure.retry_after_s or 0.0
        self._held_until = self._steady.now() + held_s

    async def _log_in(self) -> _Open:
        timestamp_ms = int(self.clock.now() * 1000)
        try:
            self.read_only.check()
            login = {
                "apiKey": obfuscate(self.api_key, timestamp_ms),
                "username": self.username,
                "password": self.password,
                "timestamp": str(timestamp_ms),
            }
            session = self._read(await self.http.call("POST", Endpoint.LOGIN, body=login))
        except SubmissionError as error:
            self._hold(error)
            raise
        self._used_at = session.since
        return session

    def _read(self, response: Response) -> _Open:
        self.read_only.note(response)
        if response.is_success:
            for cookie in response.headers.get_list("Set-Cookie"):
                if found := _COOKIE.match(cookie):
                    return _Open(headers={"Cookie": f"JSESSIONID={found[1]}"}, since=self.clock.now())
            raise Refused(NO_SESSION, status=response.status)
        now = self.clock.now()
        if response.status in {400, 401}:
            raise Refused(_bad_login(response, now), status=response.status)
        raise meaning_of(Endpoint.LOGIN, response, now)


def obfuscate(api_key: str, timestamp_ms: int) -> str:
    """Return the obfuscated key, 12 characters; ``timestamp_ms`` is milliseconds since the epoch.

    The last six digits of the timestamp pick from the key's first ten characters, and the six digits of half
    of that number from its last ten.

    Raises:
        Refused: the key has another length.
    """
    if len(api_key) != KEY_LENGTH:
        raise Refused(WRONG_LENGTH)
    digits = timestamp_ms % 1_000_000
    high, low = f"{digits:06}", f"{digits >> 1:06}"
    return "".join([*(api_key[int(digit)] for digit in high), *(api_key[int(digit) + 2] for digit in low)])


def _bad_login(response: Response, now: float) -> str:
    """Return the sentence for a rejected login; by the server's ``Date``, the clock may be the cause."""
    date = http_date(response.headers.get("Date"))
    if date is None or abs(now - date) <= CLOCK_OFF_S:
        return BAD_LOGIN.format(status=response.status)
    hours = abs(now - date) / 3600
    apart = f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.0f} days"
    return CLOCK_OFF.format(apart=apart, side="ahead of" if now > date else "behind")
