"""What a living message shows: features declare one subject for each kind of message about a scan.

Results and bad verdicts get a message of their own beside the reply, because an update notifies no one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from bot.core.scan import Scan
from bot.slack.messages.delivery import Rendered

GIVEN_UP: Final = "-"
"""Remembered in place of the timestamp of a message that was given up before it was posted."""


class HasScan(Protocol):
    """What a message is rendered from."""

    @property
    def scan(self) -> Scan:
        """The scan as the message shows it."""
        ...


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
    """One kind of message about a scan, at most one for each scan."""

    name: str
    """In the log and the timeline."""
    event_type: str
    """In the metadata by which a message is found again."""
    scanner: str | None = None
    """The side scanner that it is about, also in the metadata."""
    look: Callable[[int], Awaitable[MessageStatus]]
    """Raises ``NotFound`` if there is no such scan."""
    render: Callable[[C], Rendered]
    stale: Callable[[], Awaitable[list[int]]]
    """Returns the scans whose message is missing, or known not to be current."""
    one_at_a_time: bool
    """Whether only one new message waits for a channel, so that those of other subjects come in between."""
    remember: Callable[[int, str | None], Awaitable[None]]
    shown: Callable[[Scan], Awaitable[list[int]]]
    """Records what the message shows now; returns other scans that show its end, if not current."""
    give_up: Callable[[MessageStatus, str], Awaitable[None]]
    """Records that the message can't show this, and why."""


def announcement_subject(
    note: Callable[[int, str], Awaitable[None]],
    render: Callable[[C], Rendered],
    *,
    name: str,
    event_type: str,
    scanner: str | None = None,
    stale: Callable[[], Awaitable[list[int]]],
    look: Callable[[int], Awaitable[MessageStatus]],
    remember: Callable[[int, str | None], Awaitable[None]],
) -> Subject[C]:
    """Return the subject of a message of its own: posted once, updated only when something happens."""

    async def shown(_: Scan) -> list[int]:
        """Record nothing: later changes are shown when they happen, and not after a restart."""
        return []

    async def give_up(status: MessageStatus, why: str) -> None:
        if not status.ts:  # what was posted stays as it is
            await note(status.scan.number, f"the {name} could not be posted: {why}")
            await remember(status.scan.number, GIVEN_UP)

    return Subject(
        name=name,
        event_type=event_type,
        scanner=scanner,
        look=look,
        render=render,
        stale=stale,
        one_at_a_time=True,
        remember=remember,
        shown=shown,
        give_up=give_up,
    )
