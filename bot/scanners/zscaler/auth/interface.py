"""Signing in to Zscaler's cloud service API, by OAuth or a session."""

from typing import Protocol

from bot.scanners.http.json_client import Auth


class CloudAuth(Auth, Protocol):
    """A way to sign in. ``attempts`` raises ``Refused`` after the last 401."""

    @property
    def state(self) -> str:
        """The state as a sentence, for administrators."""
        ...

    async def close(self) -> None:
        """Sign out if that does no harm; takes seconds at most, and raises nothing."""
        ...
