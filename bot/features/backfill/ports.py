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
