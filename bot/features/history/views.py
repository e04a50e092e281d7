"""Looking back: pages of the history, and everything known of one scan."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from bot.core.scan import Event, Scan, Source, State
from bot.errors import UsageError
from bot.features.compliance.views import broken
from bot.features.history import filters as search
from bot.features.history.models import ANY_VIOLATION, OPEN_VIOLATION, Cursor, HistoryQuery, Outcome, Page
from bot.features.hosts.views import host_blocks
from bot.features.results.models import ResultState
from bot.features.results.polling_views import outcome, state
from bot.features.submission.card import Card
from bot.features.submission.views import DETAILS, OPEN_LOG
from bot.features.verdicts.models import verdicts_of
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.features.verdicts.views import report_button, status_line, warning
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, actions, button, context, facts, link_button, section
from bot.slack.blocks.lists import count
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import file, kind, name, route, sharer, title, version, went, why
from bot.slack.blocks.state_text import MARKS, WORDS

NEWER: Final = "history_newer"
OLDER: Final = "history_older"

PER_PAGE: Final = 10
"""Scans on a page; the most that ``page`` is meant for."""

_RESULTS: Final = {
    ResultState.FAILED: "scan failed",
    ResultState.INTERRUPTED: "scan interrupted",
    ResultState.LOST: "no result found",
    ResultState.AMBIGUOUS: "result not told apart",
}
"""What came of a submitted scan, where it was not completed."""
_FAILED: Final = ":boom:"
"""The mark of a scan that was submitted, and that OneTrust failed or interrupted."""
_NUMBER_BOUND: Final = 2**53
_TAGS: Final = re.compile(r"(<[@#][^<>]*>)")
_TAG: Final = re.compile(r"<([@#])([A-Z0-9]+)(?:\|[^<>]*)?>")
_EVENTS: Final = 30
_SECTION_LIMIT: Final = 2900


def page(
    shown: Page,
    *,
    query: HistoryQuery | None = None,
    links: Mapping[int, str] | None = None,
    scanners: Mapping[str, ScannerProfile] | None = None,
) -> Message:
    """List scans, newest first.

    ``query`` is what ``shown.text`` means, for saying it in words; ``links`` are permalinks by scan number,
    ``scanners`` the side scanners whose bad verdicts are shown, by name.
    """
    sought = describe(query) if query is not None else typed(shown.text)
    scanners = scanners or {}
    if not shown.scans:
        return compose(_nothing(sought))
    first, last = shown.scans[0].number, shown.scans[-1].number
    newer = cursor_value(shown.text, Cursor(number=first, older=False))
    older = cursor_value(shown.text, Cursor(number=last, older=True))
    return compose(
        [
            section(f"*Scans, newest first*{f': {sought}' if sought else ''}"),
            *(
                _row(
                    each,
                    (links or {}).get(each.number),
                    shown.outcomes.get(each.number),
                    [
                        warning(scanners[name], threat)
                        for name, threat in shown.threats.get(each.number, {}).items()
                        if name in scanners
                    ],
                )
                for each in shown.scans[:PER_PAGE]
            ),
            actions(
                button("Newer", NEWER, newer) if shown.has_newer else None,
                button("Older", OLDER, older) if shown.has_older else None,
            ),
        ]
    )


def describe(query: HistoryQuery) -> str:
    """Say in words what a query looks for, safe to show; empty where it is everything."""
    parts = [f"with {text.code(word, 60)}" for word in query.words[:5]]
    if len(query.words) > 5:
        parts.append("with more words")
    if query.app is not None:
        parts.append(f"of {text.code(query.app)}")
    if query.platform is not None:
        parts.append(f"for {query.platform.title}")
    if query.states:
        states = [state for state in State if state in query.states]
        parts.append(" or ".join(WORDS[state] for state in states))
    if query.by is not None:
        parts.append(f"by {text.person(query.by)}")
    if query.channel is not None:
        parts.append(f"in {text.channel(query.channel)}")
    if query.since is not None:
        parts.append(f"since {text.when(query.since)}")
    if query.until is not None:
        parts.append(f"until {text.when(query.until - 1)}")
    if query.sdk is not None:
        parts.append(f"with the SDK {text.code(query.sdk, 100)}")
    if query.violation is not None:
        parts.append(_violation(query.violation))
    if query.result is not None:
        parts.append(_RESULTS.get(query.result, "completed by OneTrust"))
    return ", ".join(parts)


def _violation(sought: str) -> str:
    if sought == OPEN_VIOLATION:
        return "with a breach that nobody has acknowledged"
    if sought == ANY_VIOLATION:
        return "with a breach of any rule"
    return f"with a breach of a rule like {text.code(sought, 100)}"


def typed(filters: str) -> str:
    """Show filters as they were typed, people and channels as Slack shows them."""
    parts = []
    for part in _TAGS.split(filters):
        tag = _TAG.fullmatch(part)
        if tag is not None:
            parts.append(text.person(tag[2]) if tag[1] == "@" else text.channel(tag[2]))
        elif part.strip():
            parts.append(text.code(part, 300))
    return " ".join(parts)


def status(card: Card, events: Sequence[Event], *, link: str | None = None) -> Message:
    """Tell everything known of one scan, and what happened to it; ``link`` leads to its reply."""
    scan, verdicts = card.scan, verdicts_of(card)
    lines = [line for line in (*outcome(card), broken(card)) if line]
    pairs = [
        ("State", state(card)),
        *([] if scan.kind is not None else [("Kind", "not decided")]),
        ("File", file(scan)),
        ("Size", text.size(scan.size_bytes) if scan.size_bytes is not None else "–"),
    ]
    if scan.build is not None:
        pairs += [
            ("Bundle identifier", text.code(scan.build.bundle_id)),
            ("Platform", scan.build.platform.title),
            ("Version", version(scan)),
        ]
    if scan.submission.request_id is not None:
        pairs.append(("Request ID", text.code(scan.submission.request_id)))
    if scan.submission.scan_id is not None:
        pairs.append(("Scan ID", text.code(scan.submission.scan_id)))
    if card.link is not None and card.link.app_id != scan.app_id:
        pairs.append(("Linked app ID", text.code(card.link.app_id)))
    return compose(
        [
            section("\n".join(_summary(card, link))),
            facts(pairs),
            section("\n".join(lines)) if lines else None,
            *host_blocks(card),
            *(section(status_line(each)) for each in verdicts),
            context(went(scan) or f"Route: {route(scan)}") if route(scan) else None,
            context(f"SHA-256 {text.code(scan.sha256)}") if scan.sha256 else None,
            *_timeline(events),
            actions(
                link_button("Open the log", OPEN_LOG, str(scan.number), card.log_url),
                *(report_button(each.scanner, scan.number) for each in verdicts if each.verdict.result),
            ),
        ]
    )


def cursor_value(filters: str, cursor: Cursor) -> str:
    """Put filters and a place in the history into a button's value, under 2,000 characters."""
    shown = text.plain(filters, search.TEXT_LIMIT)
    return json.dumps([shown, cursor.number, cursor.older], ensure_ascii=False, separators=(",", ":"))


def read_cursor_value(value: str) -> tuple[str, Cursor]:
    """Read what ``cursor_value`` wrote.

    Raises:
        UsageError: it did not write that.
    """
    try:
        filters, number, older = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        filters = number = older = None
    known = isinstance(filters, str) and isinstance(older, bool) and type(number) is int
    if not known or not 0 <= number < _NUMBER_BOUND:
        raise UsageError("That button is out of date.", example="/appscan history")
    return filters, Cursor(number=number, older=older)


def _nothing(sought: str) -> list[Block | None]:
    line = "There are no scans yet that you may see."
    if sought:
        line = f"No scan that you may see matches: {sought}."
    return [
        section(line),
        context(
            "For example: `/appscan history platform:ios status:failed since:7d`", "`/appscan help history`"
        ),
    ]


def _row(scan: Scan, link: str | None, outcome: Outcome | None, warnings: Sequence[str]) -> Block:
    platform = scan.platform.title if scan.platform is not None else None
    number = text.link(link, f"#{scan.number}") if link is not None else f"#{scan.number}"
    came = outcome if scan.state is State.SUBMITTED else None
    failed = came is not None and came.state in {ResultState.FAILED, ResultState.INTERRUPTED}
    about = [f"{_FAILED if failed else MARKS[scan.state]} *{number}* {_bold(scan)}"]
    if scan.build is not None:
        about.append(f"{version(scan)} · {platform}")
    known_as = scan.submission.request_id or scan.submission.scan_id
    place = f"{text.person(_who(scan))} in {text.channel(scan.channel)}"
    lines = [
        " · ".join(about),
        " · ".join(
            part
            for part in (
                WORDS[scan.state],
                *(_came(came) if came is not None else ()),
                *warnings,
                kind(scan),
                text.code(known_as) if known_as is not None else "",
                sharer(scan) if scan.source is Source.SHELL else place,
                text.when(scan.created_at),
            )
            if part
        ),
    ]
    return section("\n".join(lines), accessory=button("Details", DETAILS, str(scan.number)))


def _came(outcome: Outcome) -> list[str]:
    """Say what came of a submitted scan, and which rules it breaks that nobody has acknowledged."""
    said = [_RESULTS.get(outcome.state, "")]
    if outcome.state is ResultState.COMPLETED and outcome.sdk_count is not None:
        said.append(f"completed: {count(outcome.sdk_count, 'SDK')}")
    if outcome.violated:
        more = outcome.violated_count - len(outcome.violated)
        rules = ", ".join(text.escape(rule, 60) for rule in outcome.violated)
        said.append(f":rotating_light: {rules}{f' and {more} more' if more > 0 else ''}")
    return said


def _bold(scan: Scan) -> str:
    return f"*{name(scan)}*" if scan.build is not None else name(scan)


def _who(scan: Scan) -> str:
    return scan.asked_by or scan.shared_by or ""


def _summary(card: Card, link: str | None) -> list[str]:
    scan = card.scan
    number = text.link(link, f"Scan #{scan.number}") if link is not None else f"Scan #{scan.number}"
    place = f" in {text.channel(scan.channel)}" if scan.channel is not None else ""
    lines = [
        f"{MARKS[scan.state]} *{number}*: {title(scan)}",
        f"{text.capital(sharer(scan))}{place}, {text.when(scan.created_at)}",
        text.capital(why(scan)),
        text.sentence(scan.problem or ""),
    ]
    if scan.original is not None:
        original = f"scan #{scan.original}"
        lines.append(
            f"Goes back to {text.link(card.original_link, original) if card.original_link else original}"
        )
    if scan.submission.attempts:
        answer = f", last answer HTTP {scan.submission.status}" if scan.submission.status is not None else ""
        tries = "once" if scan.submission.attempts == 1 else f"{scan.submission.attempts} times"
        lines.append(f"Tried {tries} to send it to OneTrust{answer}")
    return [line for line in lines if line]


def _timeline(events: Sequence[Event]) -> list[Block]:
    """Tell the last events in as many paragraphs as they need."""
    lines = [_event(event) for event in events[-_EVENTS:]]
    if len(events) > _EVENTS:
        lines.insert(0, f"({len(events) - _EVENTS} earlier left out)")
    paragraphs: list[str] = ["*Timeline*"]
    for line in lines:
        if len(paragraphs[-1]) + 1 + len(line) > _SECTION_LIMIT:
            paragraphs.append(line)
        else:
            paragraphs[-1] += f"\n{line}"
    return [section(paragraph) for paragraph in paragraphs] if lines else []


def _event(event: Event) -> str:
    who = f" ({text.person(event.who)})" if event.who is not None else ""
    reason = f": {text.sentence(event.why, 300)}" if event.why else ""
    return f"{text.when(event.at, seconds=True)} *{WORDS[event.after]}*{reason}{who}"
