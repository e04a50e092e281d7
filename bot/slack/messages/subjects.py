"""What is shown in a scan's thread: the reply, and messages of their own for a result and for a bad verdict.

Results and verdicts are not part of the reply's updates alone because an update notifies no one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from bot.core.repositories import Repositories
from bot.core.scan import OPEN, Card, State
from bot.features.results.models import ResultState
from bot.features.verdicts.models import BAD, Verdict
from bot.slack.messages.delivery import Rendered

ANNOUNCED: Final = frozenset({ResultState.COMPLETED, ResultState.FAILED, ResultState.INTERRUPTED})
"""How a scan in OneTrust ends; what it does before is in the reply only."""

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


def replies(store: Repositories, render: Render) -> Subject:
    """The one reply that shows what happens to a build."""

    async def shown(card: Card) -> None:
        await store.queue.shown(card.scan.number, card.scan.revision)

    async def give_up(card: Card, why: str) -> None:
        number = card.scan.number
        if card.scan.state not in OPEN and number in await store.queue.stale():
            await store.scans.note(number, f"the reply could not be posted: {why}")
        await shown(card)

    return Subject(
        name="reply",
        event_type="appscan_scan",
        render=render,
        stale=store.queue.stale,
        is_due=lambda card: card.scan.state is not State.CANCELLED,  # its file may be gone; no one waits
        is_final=lambda card: card.scan.state not in OPEN,
        one_at_a_time=False,
        message_ts=lambda card: card.scan.reply_ts,
        remember=store.queue.set_reply,
        shown=shown,
        give_up=give_up,
        copies=store.queue.stale_copies,
    )


def results(store: Repositories, render: Render) -> Subject:
    """The announcement of what OneTrust found, or that its scan failed."""
    return _announcement(
        store,
        render,
        name="result",
        event_type="appscan_result",
        stale=store.results.to_announce,
        is_due=lambda card: card.followed is not None and card.followed.state in ANNOUNCED,
        message_ts=lambda card: card.followed.announced_ts if card.followed is not None else None,
        remember=store.results.set_announced,
    )


def verdicts(store: Repositories, scanner: str, render: Render) -> Subject:
    """The announcement that a side scanner calls a build malicious or suspicious."""

    def opinion(card: Card) -> Verdict | None:
        return next((each.opinion for each in card.verdicts if each.scanner.name == scanner), None)

    def is_bad(card: Card) -> bool:
        found = opinion(card)
        return found is not None and found.verdict is not None and found.verdict.threat in BAD

    def message_ts(card: Card) -> str | None:
        found = opinion(card)
        return found.announced_ts if found is not None else None

    return _announcement(
        store,
        render,
        name="verdict",
        event_type="appscan_verdict",
        scanner=scanner,
        stale=partial(store.opinions.to_announce, scanner),
        is_due=is_bad,
        message_ts=message_ts,
        remember=partial(store.opinions.set_announced, scanner),
    )


def _announcement(
    store: Repositories,
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
