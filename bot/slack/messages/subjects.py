"""What a living message shows: features declare one subject for each kind of message about a scan.

Results and bad verdicts get a message of their own beside the reply, because an update notifies no one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bot.core.repositories import Store
from bot.core.scan import Card
from bot.slack.messages.delivery import Rendered

GIVEN_UP: Final = "-"
"""Remembered in place of the timestamp of a message that was given up before it was posted."""

Render = Callable[[Card], Rendered]


async def _no_copies(_: int) -> list[int]:
    return []


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One kind of message about a scan, at most one for each scan."""

    name: str
    """In the log and the timeline."""
    event_type: str
    """In the metadata by which a message is found again."""
    scanner: str | None = None
    """The side scanner that it is about, also in the metadata."""
    render: Render
    stale: Callable[[], Awaitable[list[int]]]
    """Returns the scans whose message is missing, or known not to be current."""
    is_due: Callable[[Card], bool]
    """Whether a message that does not exist yet should be posted."""
    is_final: Callable[[Card], bool]
    """Whether the scan stays as it is until something happens; final messages get updates first."""
    one_at_a_time: bool
    """Whether only one new message waits for a channel, so that those of other subjects come in between."""
    message_ts: Callable[[Card], str | None]
    """Returns what was remembered: ``None`` if no message exists, empty while one is being posted."""
    remember: Callable[[int, str | None], Awaitable[None]]
    shown: Callable[[Card], Awaitable[None]]
    """Records what the message shows now."""
    give_up: Callable[[Card, str], Awaitable[None]]
    """Records that the message can't show this, and why."""
    copies: Callable[[int], Awaitable[list[int]]] = _no_copies
    """Returns other scans that show how this one ended, and are not current."""


def announcement_subject(
    store: Store,
    render: Render,
    *,
    name: str,
    event_type: str,
    scanner: str | None = None,
    stale: Callable[[], Awaitable[list[int]]],
    is_due: Callable[[Card], bool],
    message_ts: Callable[[Card], str | None],
    remember: Callable[[int, str | None], Awaitable[None]],
) -> Subject:
    """Return the subject of a message of its own: posted once, updated only when something happens."""

    async def shown(_: Card) -> None:
        """Record nothing: later changes are shown when they happen, and not after a restart."""

    async def give_up(card: Card, why: str) -> None:
        if not message_ts(card):  # what was posted stays as it is
            await store.scans.note(card.scan.number, f"the {name} could not be posted: {why}")
            await remember(card.scan.number, GIVEN_UP)

    return Subject(
        name=name,
        event_type=event_type,
        scanner=scanner,
        render=render,
        stale=stale,
        is_due=is_due,
        is_final=lambda _: True,
        one_at_a_time=True,
        message_ts=message_ts,
        remember=remember,
        shown=shown,
        give_up=give_up,
    )
