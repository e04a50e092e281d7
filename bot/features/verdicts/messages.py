"""What verdicts bring to a scan's thread: their section of the reply, and an announcement of a bad one."""

from collections.abc import Callable, Sequence
from functools import partial

from bot.core.scan import Scan
from bot.features.submission.card import Card
from bot.features.submission.sections import ReplySection
from bot.features.verdicts.models import BAD, NAME
from bot.features.verdicts.outcomes import VerdictStore
from bot.features.verdicts.scanner_profile import UNNAMED, ScannerProfile
from bot.features.verdicts.transition_repository import card_verdicts
from bot.features.verdicts.views import held_line, shown_problems, verdict_blocks
from bot.slack.blocks.message import Message
from bot.slack.messages.subjects import MessageStatus, Subject


def verdicts_section(
    scanners: Sequence[ScannerProfile], permalink: Callable[[Scan], str | None]
) -> ReplySection:
    """What each side scanner says of a build, or how far it is; those that were not asked are left out."""
    return ReplySection(
        name=NAME,
        read=lambda db, scan, first: card_verdicts(db, scan, first, scanners, permalink),
        headline=held_line,
        blocks=lambda card, _: verdict_blocks(card),
        problems=shown_problems,
    )


def verdict_subject(store: VerdictStore, scanner: str, render: Callable[[Card], Message]) -> Subject[Card]:
    """The announcement that a side scanner calls a build malicious or suspicious."""

    async def look(number: int) -> MessageStatus:
        scan, verdict = await store.verdicts.of(scanner, number)
        ts, result = (verdict.announced_ts, verdict.result) if verdict is not None else (None, None)
        return MessageStatus(scan=scan, ts=ts, is_due=result is not None and result.threat in BAD)

    return Subject(
        note=store.scans.note,
        name="verdict",
        event_type="appscan_verdict",
        scanner=scanner if scanner != UNNAMED else None,
        stale=partial(store.verdicts.to_announce, scanner),
        look=look,
        render=render,
        remember=partial(store.verdicts.set_announced, scanner),
    )
