"""What a living message shows: features declare one subject for each kind of message about a scan.

Results and bad verdicts get a message of their own beside the reply, because an update notifies no one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from bot.core.scan import Scan
from bot.slack.blocks.message import Message

GIVEN_UP: Final = "-"
"""Remembered in place of the timestamp of a message that was given up before it was posted."""


class HasScan(Protocol):
    """What a message is rendered from."""

    @property
    def scan(self) -> Scan:
        """The scan as the message shows it."""


C = TypeVar("C", bound=HasScan)


@dataclass(frozen=True, kw_only=True)
class MessageStatus:
    """What decides whether a message is posted, updated or left as it is; no card is built for that."""

    scan: Scan
    ts: str | None
    """What was remembered: ``None`` if no message exists, empty while one is being posted."""
    is_due: bool
    """Whether a message that does not exist yet should be posted."""
    is_final: bool = True
    """Whether the scan stays as it is until something happens; final messages get updates first."""


@dataclass(frozen=True, kw_only=True)
class Subject(Generic[C]):
    """One kind of message about a scan, at most one for each scan.

    This one is a message of its own: posted once, and updated only when something happens.
    """

    name: str
    """In the log and the timeline."""
    event_type: str
    """In the metadata by which a message is found again."""
    scanner: str | None = None
    """The side scanner that it is about, also in the metadata."""
    one_at_a_time: bool = True
    """Whether only one new message waits for a channel, so that those of other subjects come in between."""
    look: Callable[[int], Awaitable[MessageStatus]]
    """Raises ``NotFound`` if there is no such scan."""
    render: Callable[[C], Message]
    stale: Callable[[], Awaitable[list[int]]]
    """Returns the scans whose message is missing, or known not to be current."""
    remember: Callable[[int, str | None], Awaitable[Any]]
    note: Callable[[int, str], Awaitable[Any]]
    """Adds a line to the timeline."""

    async def shown(self, _: Scan) -> list[int]:
        """Record what the message shows now; return other scans that show its end and are not current.

        Not recorded here, as what changed is not shown after a restart.
        """
        return []

    async def give_up(self, status: MessageStatus, why: str) -> None:
        """Record that the message can't be shown, and why; what was posted stays as it is."""
        if not status.ts:
            await self.note(status.scan.number, f"the {self.name} could not be posted: {why}")
            await self.remember(status.scan.number, GIVEN_UP)
