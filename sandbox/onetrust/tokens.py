"""The token endpoint's rules: grant ``client_credentials``, RFC 6749 sections 2.3.1 and 4.4."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from sandbox.basic import read_basic

ClientAuth = Literal["basic", "form"]


class Tokens:
    """The tokens that are live, and who may have one."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        client_auth: ClientAuth,
        lifetime_s: float,
        now: Callable[[], float],
        scopes: Iterable[str],
    ) -> None:
        self._client = (client_id, client_secret)
        self._client_auth = client_auth
        self._now = now
        self.lifetime_s = lifetime_s
        self.scopes = set(scopes)
        """What the credential may do, whenever its token was given."""
        self._ends: dict[str, float] = {}
        self.given: list[str] = []
        """Every token that was given out, oldest first, whether it is live still or not."""

    def ask(self, authorization: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer one request with a status and JSON."""
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        client = read_basic(authorization)
        if self._client_auth == "form":
            client = (form.get("client_id", ""), form.get("client_secret", "")) if client is None else None
        elif "client_secret" in form:
            return 400, {"error": "invalid_request"}
        if client != self._client:
            return 401, {"error": "invalid_client", "error_description": "Bad client credentials"}
        bearer = secrets.token_urlsafe(32)
        self._ends[bearer] = self._now() + self.lifetime_s
        self.given.append(bearer)
        return 200, {
            "access_token": bearer,
            "token_type": "bearer",
            "expires_in": int(self.lifetime_s),
            "scope": " ".join(sorted(self.scopes)),
        }

    def is_live(self, bearer: str) -> bool:
        """Tell whether a token was given out here and has not ended."""
        return self._ends.get(bearer, 0.0) > self._now()

    def revoke(self) -> None:
        """End every token that is out."""
        self._ends.clear()
