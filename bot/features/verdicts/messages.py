"""What verdicts bring to a scan's thread: their section of the reply, and an announcement of a bad one."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import sqlite_utils

from bot.core.scan import Scan, State
from bot.errors import NotFound
from bot.features.submission.card import Card, open_to
from bot.features.submission.sections import ReplySection
from bot.features.verdicts import transition_repository
from bot.features.verdicts.models import ASKED, BAD, NAME, CardVerdict, Verdict, VerdictState
from bot.features.verdicts.ports import VerdictStore
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.features.verdicts.views import held_line, told_problems, verdict_blocks
from bot.slack.blocks.message import Message
from bot.slack.messages.subjects import MessageStatus, Subject, announcement_subject
from bot.storage import transitions


def verdicts_section(
    scanners: Sequence[ScannerProfile], permalink: Callable[[Scan], str | None]
) -> ReplySection:
    """What each side scanner says of a build, or how far it is; those that were not asked are left out."""

    def read(db: sqlite_utils.Database, scan: Scan, original: Scan | None) -> tuple[CardVerdict, ...]:
        own = transition_repository.of_scan(db, scan.number)
        others = {}
        if original is not None and scan.state is State.DUPLICATE:  # it is not sent itself
            others = transition_repository.of_scan(db, original.number)
        shown = {name: _of_original(each) for name, each in others.items() if _is_shared(each)} | own
        return tuple(
            CardVerdict(scanner=scanner, opinion=opinion, link=link_to_source(db, scan, opinion))
            for scanner in scanners
            if (opinion := shown.get(scanner.name)) is not None
        )

    def link_to_source(db: sqlite_utils.Database, scan: Scan, opinion: Verdict) -> str | None:
        """Return a link to the scan that a verdict is known from, if everyone may read that."""
        if opinion.known_from is None:
            return None
        with contextlib.suppress(NotFound):  # it may have been purged
            source = transitions.load(db, opinion.known_from)
            return permalink(source) if open_to(scan, source) else None
        return None

    return ReplySection(
        name=NAME,
        read=read,
        headline=held_line,
        blocks=lambda card, _: verdict_blocks(card),
        problems=told_problems,
    )


def _is_shared(verdict: Verdict) -> bool:
    return verdict.state in {VerdictState.KNOWN, *ASKED}


def _of_original(verdict: Verdict) -> Verdict:
    """Return the verdict on an original as its duplicate shows it."""
    return replace(
        verdict,
        known_from=verdict.known_from or verdict.scan,
        held_until=None,
        went_on_after_s=None,
        announced_ts=None,
    )


def verdict_subject(store: VerdictStore, scanner: str, render: Callable[[Card], Message]) -> Subject[Card]:
    """The announcement that a side scanner calls a build malicious or suspicious."""

    async def look(number: int) -> MessageStatus:
        scan, opinion = await store.opinions.announcement(scanner, number)
        verdict = opinion.verdict if opinion is not None else None
        return MessageStatus(
            scan=scan,
            ts=opinion.announced_ts if opinion is not None else None,
            is_due=verdict is not None and verdict.threat in BAD,
        )

    return announcement_subject(
        store,
        render,
        name="verdict",
        event_type="appscan_verdict",
        scanner=scanner,
        stale=partial(store.opinions.to_announce, scanner),
        look=look,
        remember=partial(store.opinions.set_announced, scanner),
    )
