"""Signing in to the cloud service API by OAuth 2.0: a token from the customer's own authorization server.

The service caches the server's public keys for a while, so it can refuse a token that was signed with a new
key. Such a request is retried once after a minute, and no other request waits for it. All requests in that
minute use the same token, as a newer one could only be refused for longer.

Source: "Getting Started", *OAuth 2.0 Authentication* (https://help.zscaler.com/zia/getting-started-zia-api)
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Final

from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.errors import Refused, SubmissionError
from bot.scanners.http.access_tokens import AccessTokens, bearer_header, token_statuses
from bot.scanners.http.status_codes import StatusCodes

KEYS_S: Final = 60.0
"""How long the service may cache the server's public keys."""

STATUS_CODES: Final = token_statuses(
    "Zscaler's authorization server",
    address="`ZSCALER_OAUTH_TOKEN_URL`",
    credentials="`ZSCALER_CLIENT_ID`, `ZSCALER_CLIENT_SECRET`, `ZSCALER_CLIENT_AUTH` and the scope",
    permission="that it may have the scope",
)
NOT_ACCEPTED: Final = (
    "Zscaler does not accept the bot's access token (401), also a minute after it was made. Ask your Zscaler "
    "administrator whether the authorization server is added there, and whether the scope names the right "
    "cloud, organization and API role."
)


@dataclass(eq=False, repr=False)
class OAuthAuth(AccessTokens):
    """Signing in by access tokens. Implements ``CloudAuth``."""

    _: KW_ONLY
    clock: Clock
    statuses: StatusCodes = STATUS_CODES
    state: str = field(init=False, default="not signed in yet")
    _refused: str = field(init=False, default="")
    """A token that was refused when it was new."""
    _again_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.now = self.clock.now
        self._steady = SteadyClock(self.clock)

    async def attempts(self) -> AsyncGenerator[Mapping[str, str], None]:
        """Yield a stored token, then a new one, then the one of a minute later.

        Raises:
            Refused: no token, or none is accepted.
            TryLater: no token right now.
        """
        was_kept = self.kept
        bearer = await self.bearer()
        yield bearer_header(bearer)
        if was_kept and not self._waits(bearer):
            self.discard(bearer)
            bearer = await self.bearer()
            yield bearer_header(bearer)
        if not self._waits(bearer):
            self._refused, self._again_at = bearer, self._steady.now() + KEYS_S
        self.state = "signing in by OAuth: a fresh token was refused, and is tried again after a minute"
        await self.clock.sleep(self._again_at - self._steady.now())
        bearer = await self.bearer()
        yield bearer_header(bearer)
        self.discard(bearer)
        self.state = f"refused: {NOT_ACCEPTED}"
        raise Refused(NOT_ACCEPTED, status=401)

    def accepted(self) -> None:
        """Note that a token was accepted."""
        self.state = "signed in by OAuth"

    async def close(self) -> None:
        """Do nothing: a token expires."""

    async def bearer(self) -> str:
        """Return a bearer, and note an error in ``state``; raises as ``AccessTokens.bearer`` does."""
        try:
            return await super().bearer()
        except SubmissionError as error:
            kind = "refused" if isinstance(error, Refused) else "not signed in"
            self.state = f"{kind}: {error.user_message}"
            raise

    def _waits(self, bearer: str) -> bool:
        """Return whether a token was refused less than a minute ago, when it was new."""
        return bearer == self._refused and self._steady.now() < self._again_at
