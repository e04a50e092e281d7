"""Signing in to the cloud service API by OAuth 2.0: a token from the customer's own authorization server.

The service caches the server's public keys for a while, so it can refuse a token that was signed with a new
key. Such a request is retried once after a minute, and no other request waits for it. All requests in that
minute use the same token, as a newer one could only be refused for longer.

Source: "Getting Started", *OAuth 2.0 Authentication* (https://help.zscaler.com/zia/getting-started-zia-api)
"""

from collections.abc import AsyncGenerator, Mapping
from typing import Final

import httpx

from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.errors import Refused, SubmissionError
from bot.scanners.http.access_tokens import AccessTokens, bearer_header, token_statuses

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


class OAuthAuth:
    """Signing in by access tokens. Implements ``CloudAuth``.

    ``client`` stays its owner's. ``form`` sends ID and secret as form fields instead of by Basic
    authentication.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        token_url: str,
        client_id: str,
        client_secret: str,
        *,
        scope: str,
        form: bool = False,
        clock: Clock,
        timeout_s: float = 30.0,
    ) -> None:
        self._clock = clock
        self._steady = SteadyClock(clock)
        self._refused = ""
        """A token that was refused when it was new."""
        self._again_at = 0.0
        self._tokens = AccessTokens(
            client,
            token_url,
            client_id,
            client_secret,
            statuses=STATUS_CODES,
            scope=scope,
            form=form,
            now=clock.now,
            timeout_s=timeout_s,
        )
        self._state = "not signed in yet"

    @property
    def state(self) -> str:
        """The state as a sentence."""
        return self._state

    async def attempts(self) -> AsyncGenerator[Mapping[str, str], None]:
        """Yield a stored token, then a new one, then the one of a minute later.

        Raises:
            Refused: no token, or none is accepted.
            TryLater: no token right now.
        """
        was_kept = self._tokens.kept
        bearer = await self._bearer()
        yield bearer_header(bearer)
        if was_kept and not self._waits(bearer):
            self._tokens.discard(bearer)
            bearer = await self._bearer()
            yield bearer_header(bearer)
        if not self._waits(bearer):
            self._refused, self._again_at = bearer, self._steady.now() + KEYS_S
        self._state = "signing in by OAuth: a fresh token was refused, and is tried again after a minute"
        await self._clock.sleep(self._again_at - self._steady.now())
        bearer = await self._bearer()
        yield bearer_header(bearer)
        self._tokens.discard(bearer)
        self._state = f"refused: {NOT_ACCEPTED}"
        raise Refused(NOT_ACCEPTED, status=401)

    def accepted(self) -> None:
        """Note that a token was accepted."""
        self._state = "signed in by OAuth"

    async def close(self) -> None:
        """Do nothing: a token expires."""

    def _waits(self, bearer: str) -> bool:
        """Return whether a token was refused less than a minute ago, when it was new."""
        return bearer == self._refused and self._steady.now() < self._again_at

    async def _bearer(self) -> str:
        try:
            return await self._tokens.bearer()
        except SubmissionError as error:
            kind = "refused" if isinstance(error, Refused) else "not signed in"
            self._state = f"{kind}: {error.user_message}"
            raise
