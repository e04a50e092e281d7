"""What results add to a scan's thread: a section of the reply, and an announcement."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot.core.ports import Clock
from bot.core.scan import Scan, State
from bot.features.results import rows_repository
from bot.features.results.models import NAME, ResultsPart, ResultState
from bot.features.results.poller import ResultPoller
from bot.features.results.ports import ResultStore
from bot.features.results.status_views import all_found, line, once_more, uncertain, unread
from bot.features.submission.card import Card
from bot.features.submission.sections import ReplySection
from bot.slack.blocks.message import Message
from bot.slack.messages.subjects import MessageStatus, Subject

ANNOUNCED: Final = frozenset({ResultState.COMPLETED, ResultState.FAILED, ResultState.INTERRUPTED})
"""How a scan in OneTrust ends; earlier states are shown in the reply only."""


def results_section(
    *,
    clock: Clock,
    permalink: Callable[[Scan], str | None],
    poller: Callable[[], ResultPoller | None] | None,
) -> ReplySection:
    """Show a submitted scan's results, or when they may come.

    ``poller`` returns ``None`` if results are not read from OneTrust; without it, that is not known.
    """

    def complete(part: ResultsPart) -> ResultsPart:
        if poller is None:
            return part
        if (running := poller()) is None:
            return replace(part, is_unread=True)
        next_at = running.next_at(part.followed) if part.followed is not None else None
        late_s = running.late_s(part.waiting) if next_at is not None else 0.0
        return replace(part, next_at=next_at, late_s=late_s, is_unread=running.refused)

    return ReplySection(
        name=NAME,
        read=lambda db, scan, _: rows_repository.part(db, scan, clock.now(), permalink),
        complete=complete,
        lines=lambda card: [uncertain(card) if card.scan.state is State.UNCERTAIN else line(card)],
        closing=unread,
        buttons=lambda card: [all_found(card), once_more(card)],
    )


def result_subject(store: ResultStore, render: Callable[[Card], Message]) -> Subject[Card]:
    """The announcement of results, or that OneTrust's scan failed."""

    async def look(number: int) -> MessageStatus:
        scan, followed = await store.scans.scan(number), await store.results.followed(number)
        return MessageStatus(
            scan=scan,
            ts=followed.announced_ts if followed is not None else None,
            is_due=followed is not None and followed.state in ANNOUNCED,
        )

    return Subject(
        note=store.scans.note,
        name="result",
        event_type="appscan_result",
        stale=store.results.to_announce,
        look=look,
        render=render,
        remember=store.results.set_announced,
    )
