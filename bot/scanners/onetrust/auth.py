"""The bearer of each request to OneTrust: an access token that is renewed, or an API key.

Source: https://developer.onetrust.com/onetrust/docs/managing-oauth-20-client-credentials.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

import httpx

from bot.errors import Refused
from bot.scanners.http.access_tokens import BEARER, AccessTokens
from bot.scanners.http.status_codes import CHECK, StatusCodes
from bot.scanners.onetrust.status_codes import NOT_TRUSTED

TOKEN_PATH = "/api/access/v1/oauth/token"  # noqa: S105 - a path, no token

CREDENTIALS = "`ONETRUST_CLIENT_ID` and `ONETRUST_CLIENT_SECRET`"

_BUSY = "OneTrust can't give the bot an access token right now ({status})."

STATUS_CODES: Final = StatusCodes(
    server="OneTrust",
    unreachable="OneTrust can't be reached right now.",
    untrusted=NOT_TRUSTED,
    retry={429: _BUSY},
    unavailable=_BUSY,
    rejected={
        400: "OneTrust could not make sense of the bot's request for an access token (400). "
        f"{CHECK} {CREDENTIALS}.",
        401: f"OneTrust does not know the bot's client ID and secret (401). {CHECK} {CREDENTIALS}.",
        403: "OneTrust does not let the bot's credential make an access token (403). "
        f"{CHECK} that it is active.",
        404: f"There is no OneTrust where the bot asks for its access token (404). {CHECK} `ONETRUST_URL`.",
    },
    other=f"OneTrust gave the bot no access token ({{status}}). {CHECK} `ONETRUST_URL` and {CREDENTIALS}.",
)
NO_TOKEN: Final = (
    f"What answered ({{status}}) gave no access token: it is no OneTrust. {CHECK} `ONETRUST_URL`."
)
_NO_KEY = f"The bot's OneTrust API key holds characters that no key has. {CHECK} `ONETRUST_API_KEY`."


class TokenSource(Protocol):
    """The source of a bearer."""

    async def bearer(self) -> str:
        """Return a bearer that should be valid for a while.

        Raises:
            Refused: no bearer until a person fixes something.
            TryLater: no bearer right now.
        """
        ...

    def discard(self, bearer: str) -> bool:
        """Drop ``bearer`` after a 401; return whether there can be another one."""
        ...


class ApiKey:
    """An API key, which is itself the bearer."""

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
        """Return ``False``: there is no other."""
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
            statuses=STATUS_CODES,
            no_token=NO_TOKEN,
            form=form,
            now=now,
            timeout_s=timeout_s,
        )
