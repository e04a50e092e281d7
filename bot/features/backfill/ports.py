"""What backfill needs of the world."""

from collections.abc import Mapping
from typing import Any, Protocol


class Past(Protocol):
    """What was written in Slack before, for when nobody heard of it."""

    async def conversations(self) -> list[str]:
        """Return the IDs of all conversations that the bot is in."""
        ...

    async def messages(self, channel: str, since: float) -> list[Mapping[str, Any]]:
        """Return the messages with files since then, as events would have told of them, oldest first.

        None from before the bot joined.

        Raises:
            NotInvited: the bot can't read the conversation.
            PullFailed: another try may work.
        """
        ...


class HeartbeatRepository(Protocol):
    """Until when Slack was heard, and what is still to be looked through."""

    async def beat(self, *, gap_s: float, margin_s: float) -> bool: ...
    async def everywhere(self) -> float | None: ...
    async def spread(self, channels: list[str], since: float) -> None: ...
    async def missed(self) -> list[tuple[str, float]]: ...
    async def looked(self, channel: str) -> None: ...
    async def forget(self) -> None: ...
