"""What notices of a backlog needs of the world."""

from typing import Protocol

from bot.features.backlog.models import Backlog, Notice


class NoticeBoard(Protocol):
    """Where a channel is told about its queue."""

    async def post(self, notice: Notice) -> str | None:
        """Post the notice; return the message's timestamp, ``None`` where the bot can't post there."""
        ...

    async def update(self, notice: Notice) -> bool:
        """Show what has changed; tell whether it did, or has to be asked again at the next look.

        A message that is gone is let be.
        """
        ...


class BacklogRepository(Protocol):
    """Open notices, and what they are about."""

    async def backlogs(self) -> list[Backlog]: ...
    async def open(self) -> list[Notice]: ...
    async def put(self, notice: Notice) -> None: ...
    async def remove(self, channel: str) -> None: ...
