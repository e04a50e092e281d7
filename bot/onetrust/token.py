"""The bearer that OneTrust wants with each call: an access token that is made and made again, or an API key.

Source: https://developer.onetrust.com/onetrust/docs/managing-oauth-20-client-credentials.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

import httpx

from bot.calls.access_tokens import BEARER, AccessTokens, Words
from bot.errors import Refused
from bot.onetrust.answers import NOT_TRUSTED, RUNNER

TOKEN_PATH = "/api/access/v1/oauth/token"  # noqa: S105 - a path, no token

CREDENTIALS = "`ONETRUST_CLIENT_ID` and `ONETRUST_CLIENT_SECRET`"

WORDS: Final = Words(
    server="OneTrust",
    refused={
        400: "OneTrust could not make sense of the bot's request for an access token (400). "
        f"{RUNNER} {CREDENTIALS}.",
        401: f"OneTrust does not know the bot's client ID and secret (401). {RUNNER} {CREDENTIALS}.",
        403: "OneTrust does not let the bot's credential make an access token (403). "
        f"{RUNNER} that it is active.",
        404: f"There is no OneTrust where the bot asks for its access token (404). {RUNNER} `ONETRUST_URL`.",
    },
    other_no="OneTrust gave the bot no access token ({status}). "
    f"{RUNNER} `ONETRUST_URL` and {CREDENTIALS}.",
    no_token=f"What answered ({{status}}) gave no access token: it is no OneTrust. {RUNNER} `ONETRUST_URL`.",
    busy="OneTrust can't give the bot an access token right now ({status}).",
    no_answer="OneTrust can't be reached right now.",
    not_trusted=NOT_TRUSTED,
)
_NO_KEY = f"The bot's OneTrust API key holds characters that no key has. {RUNNER} `ONETRUST_API_KEY`."


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
        if not BEARER.fullmatch(self._key):
            raise Refused(_NO_KEY)
        return self._key

    def discard(self, bearer: str) -> bool:  # noqa: ARG002 - as the protocol has it
        """Tell that there is no other."""
        return False


class ClientCredentials(AccessTokens):
    """OneTrust's access tokens for a client ID and secret; ``base_url`` is scheme, host and port."""

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
        super().__init__(
            client,
            base_url.rstrip("/") + TOKEN_PATH,
            client_id,
            client_secret,
            words=WORDS,
            form=form,
            now=now,
            timeout_s=timeout_s,
        )
