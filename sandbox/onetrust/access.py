"""Who may do what: a bearer token or the API key, with the scopes that a call needs."""

from aiohttp import web

from sandbox.front import Refusal
from sandbox.onetrust.tokens import Tokens

SCOPES = ("INTEGRATION", "COOKIE", "COOKIE_READ")
"""All that this stand-in asks for."""
WEBHOOK_SCOPES = ("INTEGRATION", "COOKIE")


def check_access(request: web.Request, tokens: Tokens, api_key: str, *scopes: str) -> None:
    """Let a call pass that has a live bearer and these scopes.

    Raises:
        Refusal: it has not.
    """
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not (bearer == api_key or tokens.is_live(bearer)):
        raise Refusal(401, "no live bearer")
    if missing := set(scopes) - tokens.scopes:
        raise Refusal(403, f"the credential lacks {' and '.join(sorted(missing))}")
