"""The result message in a build's thread: what changed, then what OneTrust found."""

from collections.abc import Sequence

from bot.core.scan import Scan
from bot.features.results.diff import Changes
from bot.features.results.found_views import (
    manifest_counts,
    manifest_line,
    permission,
    permission_line,
    sdk,
    sdk_line,
    sdk_name,
)
from bot.features.results.models import Results, Sdk
from bot.features.results.part import results_of
from bot.features.results.status_views import all_found, ended, once_more
from bot.features.submission.card import Card
from bot.features.submission.sections import ReplySection
from bot.slack.blocks import text
from bot.slack.blocks.chart import pie
from bot.slack.blocks.elements import Block, actions, context, section
from bot.slack.blocks.lists import count, listed, paragraphs
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import name, title


def announcement(card: Card, *, mention: bool, sections: Sequence[ReplySection]) -> Message:
    """Announce a scan's end; ``mention`` notifies the person who shared the build or asked for the scan."""
    who = _who(card.scan) if mention else ""
    results = results_of(card).results
    if results is None:
        return compose(_ended(card, who))
    return compose(_completed(card, results, who, sections))


def _completed(
    card: Card, results: Results, who: str, sections: Sequence[ReplySection]
) -> list[Block | None]:
    scan = card.scan
    found = [
        sdk_line(results),
        permission_line(results),
        *([manifest_line(results.privacy_manifest)] if results.privacy_manifest is not None else []),
    ]
    engine = results.scan.engine_version
    at = results.scan.scanned_at
    return [
        *(section(told) for told in paragraphs(_changed(card, who))),
        *(block for section in sections for block in section.announced(card)),
        pie("SDKs by category", results.sdk_categories),
        *(section(told) for told in paragraphs(found)),
        actions(all_found(card)),
        context(
            f"Scan #{scan.number}",
            f"scanned {text.when(at)}" if at is not None else None,
            f"engine {text.escape(engine, 40)}" if engine else None,
        ),
    ]


def _changed(card: Card, who: str) -> list[str]:
    scan, part = card.scan, results_of(card)
    previous, changes = part.previous, part.changes
    if previous is None or changes is None:
        return [f":bar_chart: {who}{title(scan)} was scanned: the first completed scan of this app here."]
    number = f"scan #{previous.number}"
    since = text.link(part.previous_link, number) if part.previous_link is not None else number
    if changes.nothing:
        return [
            f":bar_chart: {who}*Nothing changed in {_versions(previous, scan)}* since {since}: "
            "the same SDKs and permissions."
        ]
    return [
        f":bar_chart: {who}*What changed in {_versions(previous, scan)}*, since {since}:",
        *(f"• {line}" for line in _lines(changes)),
    ]


def _versions(before: Scan, after: Scan) -> str:
    """Name the app and both its versions: "Shop 4.1.0 → 4.2.0"."""
    old, new = (text.escape(each.version, 40) if each.version else "no version" for each in (before, after))
    if old == new:
        return f"{name(after)} {new}" if after.version else name(after)
    return f"{name(after)} {old} → {new}"


def _lines(changes: Changes) -> list[str]:
    """Return a line for each kind of change, the most important first."""
    lines = []
    if added := changes.sdks_added:
        lines.append(f"*{count(len(added), 'new SDK')}*: {listed(added, sdk)}")
    if moved := changes.sdks_recategorised:
        lines.append(f"*{count(len(moved), 'SDK')} recategorised*: {listed(moved, _moved)}")
    if asked := sorted(changes.permissions_added, key=lambda each: not each.is_high_risk):
        lines.append(f"*{count(len(asked), 'new permission')}*: {listed(asked, permission)}")
    if risen := changes.permissions_risen:
        lines.append(
            f"*{count(len(risen), 'permission')} high-risk now*: "
            f"{listed(risen, lambda each: text.code(each.name, 80))}"
        )
    if gone := changes.sdks_removed:
        lines.append(f"*{count(len(gone), 'SDK')} gone*: {listed(gone, sdk_name)}")
    if dropped := changes.permissions_removed:
        lines.append(
            f"*{count(len(dropped), 'permission')} gone*: "
            f"{listed(dropped, lambda each: text.code(each.name, 80))}"
        )
    if changes.manifest_changed:
        was, now = manifest_counts(changes.manifest_before), manifest_counts(changes.manifest_after)
        lines.append(f"*Privacy manifest*: {now} (before: {was})")
    return lines


def _moved(pair: tuple[Sdk, Sdk]) -> str:
    before, after = pair
    return f"{sdk_name(after)} ({text.escape(before.category, 40)} → {text.escape(after.category, 40)})"


def _ended(card: Card, who: str) -> list[Block | None]:
    return [
        section(f":x: {who}{ended(card)}"),
        actions(once_more(card)),
        context(f"Scan #{card.scan.number}"),
    ]


def _who(scan: Scan) -> str:
    """Mention a person; empty if an app or the command line brought the build."""
    who = text.person(scan.asked_by or scan.shared_by)
    return f"{who} " if who.startswith("<") else ""
