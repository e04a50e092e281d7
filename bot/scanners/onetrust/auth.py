"""The bearer of each request to OneTrust: an access token that is renewed, or an API key.

Source: https://developer.onetrust.com/onetrust/docs/managing-oauth-20-client-credentials.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Final

from bot.errors import Refused
from bot.scanners.http.access_tokens import BEARER, AccessTokens, bearer_header, token_statuses
from bot.scanners.http.status_codes import CHECK, StatusCodes

TOKEN_PATH = "/api/access/v1/oauth/token"  # noqa: S105 - a path, no token

STATUS_CODES: Final = token_statuses(
    "OneTrust",
    address="`ONETRUST_URL`",
    credentials="`ONETRUST_CLIENT_ID` and `ONETRUST_CLIENT_SECRET`",
    permission="that it is active",
)


@dataclass(eq=False, repr=False)
class ApiKey:
    """An API key, which is itself the bearer. Implements ``Auth``."""

    key: str

    async def bearer(self) -> str:
        """Return the key.

        Raises:
            Refused: it holds characters that no key has.
        """
        if not BEARER.fullmatch(self.key):
            raise Refused(
                f"The bot's OneTrust API key holds characters that no key has. {CHECK} `ONETRUST_API_KEY`."
            )
        return self.key

    async def attempts(self) -> AsyncGenerator[Mapping[str, str], None]:
        """Yield the header with the key, once; raises as ``bearer`` does."""
        yield bearer_header(await self.bearer())


@dataclass(eq=False, repr=False)
class ClientCredentials(AccessTokens):
    """OneTrust's access tokens for a client ID and secret; ``url`` is scheme, host and port."""

    _: KW_ONLY
    statuses: StatusCodes = STATUS_CODES

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/") + TOKEN_PATH
