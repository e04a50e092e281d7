"""Sessions of the cloud service API: who may have one, and until when.

Source: https://help.zscaler.com/zia/getting-started-zia-api
"""

import hmac
import secrets
from collections.abc import Callable
from typing import Any

from sandbox.front import Refusal

IDLE_S = 300.0
"""How long a session lasts without a call."""
WINDOW_S = 7200.0
"""How far a timestamp may be off."""

_FIELDS = {"apiKey", "username", "password", "timestamp"}


class Sessions:
    """The sessions that are open, by the value of their cookie."""

    def __init__(self, username: str, password: str, api_key: str, now: Callable[[], float]) -> None:
        self._user = (username, password)
        self._api_key = api_key
        self._now = now
        self._used_at: dict[str, float] = {}
        self.given: list[str] = []
        """Of every session that was opened: its ID, and the obfuscated key that it was opened with."""

    def open(self, asked: Any) -> str:
        """Open a session for what was posted; return its ID.

        Raises:
            Refusal: it may not have one.
        """
        if not isinstance(asked, dict) or set(asked) != _FIELDS:
            raise wrong_input(f"the body must have exactly {', '.join(sorted(_FIELDS))}")
        if not all(isinstance(value, str) for value in asked.values()):
            raise wrong_input("every value must be a string, the timestamp too")
        timestamp = asked["timestamp"]
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 20):
            raise wrong_input("timestamp is no number of milliseconds")
        is_near = abs(int(timestamp) / 1000 - self._now()) <= WINDOW_S
        is_key = is_near and hmac.compare_digest(
            asked["apiKey"].encode(), obfuscated(timestamp, self._api_key).encode()
        )
        if not is_key or (asked["username"], asked["password"]) != self._user:
            why = "Invalid email or password"
            raise Refusal(400, why, answer={"code": "INVALID_USERNAME_OR_PASSWORD", "message": why})
        session = secrets.token_hex(16).upper()
        self._used_at[session] = self._now()
        self.given += [session, asked["apiKey"]]
        return session

    def use(self, session: str) -> None:
        """Keep a session open for a call.

        Raises:
            Refusal: it is not open.
        """
        if self._now() - self._used_at.get(session, float("-inf")) >= IDLE_S:
            raise not_logged_in()
        self._used_at[session] = self._now()

    def close(self, session: str) -> None:
        """End a session."""
        self._used_at.pop(session, None)

    def end_all(self) -> None:
        """End every session, as an upgrade of the service does."""
        self._used_at.clear()


def obfuscated(timestamp: str, key: str) -> str:
    """Return what a client must send for its key at a time, as the JavaScript listing makes it."""
    high = timestamp[-6:]
    low = str(int(high) >> 1)
    while len(low) < 6:
        low = "0" + low
    api_key = ""
    for digit in high:
        api_key += key[int(digit)]
    for digit in low:
        api_key += key[int(digit) + 2]
    return api_key


def not_logged_in() -> Refusal:
    """Return the refusal of a call without a session that is open."""
    why = "Session is not valid"
    return Refusal(401, why, answer={"code": "SESSION_NOT_VALID", "message": why})


def wrong_input(why: str) -> Refusal:
    """Return the refusal of a call that asks for something that can't be."""
    return Refusal(400, why, answer={"code": "INVALID_INPUT_ARGUMENT", "message": why})
