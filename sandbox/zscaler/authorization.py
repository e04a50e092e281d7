"""The customer's authorization server: grant ``client_credentials``, and which of its tokens Zscaler takes.

Sources: RFC 6749 sections 2.3.1, 4.4 and 5.2; https://help.zscaler.com/zia/securing-zia-apis-oauth-2.0
"""

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.basic import read_basic

HEADERS = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}
"""Of every answer."""


class Authorization:
    """The tokens that were given, and who may have one.

    ``keys_cached_s`` is how long Zscaler refuses a new token, as it does while it holds an older set of the
    server's public keys.
    """

    def __init__(
        self, client_id: str, client_secret: str, scope: str, *, lifetime_s: int, now: Callable[[], float]
    ) -> None:
        self.scope = scope
        self.lifetime_s = lifetime_s
        self.keys_cached_s = 0.0
        self._client = (client_id, client_secret)
        self._now = now
        self._given_at: dict[str, float] = {}
        self.given: list[str] = []
        """Every token that was given out, oldest first, whether it is live still or not."""

    def ask(self, authorization: str, fields: Iterable[tuple[str, str]]) -> tuple[int, dict[str, Any]]:
        """Answer one request with a status, which is 400 for anything wrong, and JSON."""
        pairs = list(fields)
        form = dict(pairs)
        if len(form) != len(pairs):
            return _wrong("invalid_request", "a parameter is there twice")
        if "grant_type" not in form:
            return _wrong("invalid_request", "grant_type is missing")
        if form["grant_type"] != "client_credentials":
            return _wrong("unsupported_grant_type", "grant_type is not client_credentials")
        if authorization and "client_secret" in form:
            return _wrong("invalid_request", "more than one way of client authentication")
        in_form = (form.get("client_id", ""), form.get("client_secret", ""))
        if (read_basic(authorization) if authorization else in_form) != self._client:
            return _wrong("invalid_client", "unknown client, or a wrong secret")
        if form.get("scope") != self.scope:
            return _wrong("invalid_scope", "the client may not have this scope")
        token = secrets.token_urlsafe(32)
        self._given_at[token] = self._now()
        self.given.append(token)
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime_s}

    def is_live(self, token: str) -> bool:
        """Tell whether Zscaler takes a token now."""
        given_at = self._given_at.get(token)
        return given_at is not None and self.keys_cached_s <= self._now() - given_at < self.lifetime_s

    def revoke(self) -> None:
        """End every token that is out."""
        self._given_at.clear()


def _wrong(error: str, description: str) -> tuple[int, dict[str, Any]]:
    return 400, {"error": error, "error_description": description}
