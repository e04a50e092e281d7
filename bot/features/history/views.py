"""Pages of the history, scans in progress, and everything known about one scan."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.core.scan import Event, Scan, Source, State
from bot.features.compliance.views import broken
from bot.features.history import filters as search
from bot.features.history.compare import InProgress
from bot.features.history.models import ANY_VIOLATION, OPEN_VIOLATION, Cursor, HistoryQuery, Outcome, Page
from bot.features.hosts.views import host_blocks
from bot.features.results.models import ResultState, ResultStatus
from bot.features.results.status_views import following, outcome, state
from bot.features.submission.card import Card
from bot.features.submission.views import DETAILS, OPEN_LOG
from bot.features.verdicts.models import Threat, verdicts_of
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.features.verdicts.views import report_button, status_line, warning
from bot.slack.blocks import scan_text, text
from bot.slack.blocks.elements import (
    Block,
    actions,
    button,
    button_value,
    context,
    facts,
    link_button,
    read_button_value,
    section,
)
from bot.slack.blocks.lists import count, paragraphs
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import MARKS, WORDS, kind, name, route, sharer, title, version, went, why

NEWER: Final = "history_newer"
OLDER: Final = "history_older"

_RESULTS: Final = {
    ResultState.FAILED: "scan failed",
    ResultState.INTERRUPTED: "scan interrupted",
    ResultState.LOST: "no result found",
    ResultState.AMBIGUOUS: "result ambiguous",
}
"""The result of a submitted scan that was not completed."""
_FAILED: Final = ":boom:"
"""Marks a submitted scan that OneTrust failed or interrupted."""
_VIOLATIONS: Final = {
    OPEN_VIOLATION: "with a violation that is not acknowledged",
    ANY_VIOLATION: "with a violation of any rule",
}
_EVENTS: Final = 30


def page(
    shown: Page,
    *,
    links: Mapping[int, str] | None = None,
    scanners: Sequence[ScannerProfile] = (),
) -> Message:
    """List scans, newest first.

    ``links`` are permalinks by scan number, ``scanners`` the side scanners whose bad verdicts are shown.
    """
    wanted = describe(shown.query)
    if not shown.scans:
        everything = "There are no scans yet that you may see."
        line = f"No scan that you may see matches: {wanted}." if wanted else everything
        example = "For example: `/appscan history platform:ios status:failed since:7d`"
        return compose([section(line), context(example, "`/appscan help history`")])
    newer = cursor_value(shown.text, Cursor(number=shown.scans[0].number, older=False))
    older = cursor_value(shown.text, Cursor(number=shown.scans[-1].number, older=True))
    return compose(
        [
            section(f"*Scans, newest first*{f': {wanted}' if wanted else ''}"),
            *(
                _row(
                    scan,
                    (links or {}).get(scan.number),
                    shown.outcomes.get(scan.number) if scan.state is State.SUBMITTED else None,
                    _warnings(shown.threats.get(scan.number, {}), scanners),
                )
                for scan in shown.scans
            ),
            actions(
                button("Newer", NEWER, newer) if shown.has_newer else None,
                button("Older", OLDER, older) if shown.has_older else None,
            ),
        ]
    )


def in_progress(listed: InProgress) -> Message:
    """List the unfinished scans, newest first."""
    if not listed.scans:
        hints = "One scan by its number: `/appscan status 12`", "`/appscan history` finds the others"
        return compose([section("No scan that you may see is under way."), context(*hints)])
    return compose(
        [
            section("*Scans under way, newest first*"),
            *(_unfinished(scan, followed) for scan, followed in listed.scans),
            context("There are more: `/appscan history status:open`") if listed.has_more else None,
        ]
    )


def _unfinished(scan: Scan, followed: ResultStatus | None) -> Block:
    platform = f" · {scan.platform.title}" if scan.platform is not None else ""
    lines = (
        f"{MARKS[scan.state]} *#{scan.number}* {title(scan)}{platform} · {text.channel(scan.channel)}",
        f"{WORDS[scan.state]} {text.when(scan.updated_at)}",
        following(followed) if followed is not None else "",
    )
    return _with_details(scan, filter(None, lines))


def describe(query: HistoryQuery) -> str:
    """Say in words what a query selects; empty if that is everything."""
    by_rule = f"with a violation of a rule like {text.code(query.violation or '', 100)}"
    parts = (
        *(f"with {text.code(word, 60)}" for word in query.words[:5]),
        "with more words" if len(query.words) > 5 else "",
        f"of {text.code(query.app)}" if query.app is not None else "",
        f"for {query.platform.title}" if query.platform is not None else "",
        " or ".join(WORDS[each] for each in State if each in query.states),
        f"by {text.person(query.by)}" if query.by is not None else "",
        f"in {text.channel(query.channel)}" if query.channel is not None else "",
        f"since {text.when(query.since)}" if query.since is not None else "",
        f"until {text.when(query.until - 1)}" if query.until is not None else "",
        f"with the SDK {text.code(query.sdk, 100)}" if query.sdk is not None else "",
        _VIOLATIONS.get(query.violation, by_rule) if query.violation is not None else "",
        _RESULTS.get(query.result, "completed by OneTrust") if query.result is not None else "",
    )
    return ", ".join(filter(None, parts))


def status(card: Card, events: Sequence[Event], *, link: str | None = None) -> Message:
    """Show everything known about one scan, and its timeline; ``link`` leads to its reply."""
    scan, build, verdicts = card.scan, card.scan.build, verdicts_of(card)
    lines = [line for line in (*outcome(card), broken(card)) if line]
    linked = card.link.app_id if card.link is not None else None
    fields = {
        "State": state(card),
        "Kind": "not decided" if scan.kind is None else None,
        "File": scan_text.file(scan),
        "Size": text.size(scan.size_bytes) if scan.size_bytes is not None else "–",
        "Bundle identifier": text.code(build.bundle_id) if build is not None else None,
        "Platform": build.platform.title if build is not None else None,
        "Version": version(scan) if build is not None else None,
        "Request ID": _code(scan.submission.request_id),
        "Scan ID": _code(scan.submission.scan_id),
        "Linked app ID": _code(linked) if linked != scan.app_id else None,
    }
    return compose(
        [
            section("\n".join(_summary(card, link))),
            facts([(name, value) for name, value in fields.items() if value is not None]),
            section("\n".join(lines)) if lines else None,
            *host_blocks(card),
            *(section(status_line(each)) for each in verdicts),
            context(went(scan) or f"Route: {route(scan)}") if route(scan) else None,
            context(f"SHA-256 {text.code(scan.sha256)}") if scan.sha256 else None,
            *map(section, _timeline(events)),
            actions(
                link_button("Open the log", OPEN_LOG, str(scan.number), card.log_url),
                *(report_button(each.scanner, scan.number) for each in verdicts if each.verdict.result),
            ),
        ]
    )


def cursor_value(filters: str, cursor: Cursor) -> str:
    """Return the value of a page button, under 2,000 characters."""
    return button_value(text.plain(filters, search.TEXT_LIMIT), cursor.number, cursor.older)


def read_cursor_value(value: str) -> tuple[str, Cursor]:
    """Return the filters and the place that ``cursor_value`` wrote.

    Raises:
        UsageError: it is invalid.
    """
    filters, number, older = read_button_value(value, str, int, bool, example="/appscan history")
    return filters, Cursor(number=number, older=older)


def _row(scan: Scan, link: str | None, outcome: Outcome | None, warnings: Sequence[str]) -> Block:
    number = text.link(link, f"#{scan.number}") if link is not None else f"#{scan.number}"
    failed = outcome is not None and outcome.state in {ResultState.FAILED, ResultState.INTERRUPTED}
    mark = _FAILED if failed else MARKS[scan.state]
    build = f"*{name(scan)}* · {version(scan)} · {scan.build.platform.title}" if scan.build else name(scan)
    sharer_and_place = (
        sharer(scan)
        if scan.source is Source.SHELL
        else f"{text.person(scan.asked_by or scan.shared_by or '')} in {text.channel(scan.channel)}"
    )
    parts = (
        WORDS[scan.state],
        *(_outcome(outcome) if outcome is not None else ()),
        *warnings,
        kind(scan),
        _code(scan.submission.request_id or scan.submission.scan_id),
        sharer_and_place,
        text.when(scan.created_at),
    )
    return _with_details(scan, [f"{mark} *{number}* {build}", " · ".join(part for part in parts if part)])


def _with_details(scan: Scan, lines: Iterable[str]) -> Block:
    return section("\n".join(lines), accessory=button("Details", DETAILS, str(scan.number)))


def _warnings(threats: Mapping[str, Threat], scanners: Sequence[ScannerProfile]) -> list[str]:
    profiles = {scanner.name: scanner for scanner in scanners}
    return [warning(profiles[name], threat) for name, threat in threats.items() if name in profiles]


def _outcome(outcome: Outcome) -> list[str]:
    """Name the result of a submitted scan, and the rules with unacknowledged violations."""
    parts = [_RESULTS.get(outcome.state, "")]
    if outcome.state is ResultState.COMPLETED and outcome.sdk_count is not None:
        parts.append(f"completed: {count(outcome.sdk_count, 'SDK')}")
    if outcome.violated:
        more = outcome.violated_count - len(outcome.violated)
        rules = ", ".join(text.escape(rule, 60) for rule in outcome.violated)
        parts.append(f":rotating_light: {rules}{f' and {more} more' if more > 0 else ''}")
    return parts


def _code(value: str | None) -> str | None:
    return text.code(value) if value is not None else None


def _summary(card: Card, link: str | None) -> list[str]:
    scan, submission = card.scan, card.scan.submission
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
    if submission.attempts:
        answer = f", last answer HTTP {submission.status}" if submission.status is not None else ""
        times = "once" if submission.attempts == 1 else f"{submission.attempts} times"
        lines.append(f"Tried {times} to send it to OneTrust{answer}")
    return [line for line in lines if line]


def _timeline(events: Sequence[Event]) -> list[str]:
    """Return the last events, in as few paragraphs as possible."""
    left_out = [f"({len(events) - _EVENTS} earlier left out)"] if len(events) > _EVENTS else []
    return paragraphs(["*Timeline*", *left_out, *map(_event, events[-_EVENTS:])]) if events else []


def _event(event: Event) -> str:
    who = f" ({text.person(event.who)})" if event.who is not None else ""
    reason = f": {text.sentence(event.why, 300)}" if event.why else ""
    return f"{text.when(event.at, seconds=True)} *{WORDS[event.after]}*{reason}{who}"
