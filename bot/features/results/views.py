"""The result message in a build's thread: what changed, then what OneTrust found."""

from collections.abc import Callable, Sequence
from typing import Any

from bot.core.scan import Scan
from bot.features.results.found_views import (
    manifest_counts,
    manifest_line,
    permission,
    permission_line,
    permission_name,
    sdk,
    sdk_line,
    sdk_name,
)
from bot.features.results.models import Changes, Sdk, results_of
from bot.features.results.status_views import all_found, ended, once_more
from bot.features.submission.card import Card
from bot.features.submission.sections import ReplySection
from bot.slack.blocks import text
from bot.slack.blocks.chart import pie
from bot.slack.blocks.elements import actions, context, section
from bot.slack.blocks.lists import count, listed, paragraphs
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import name, title


def announcement(card: Card, *, mention: bool, sections: Sequence[ReplySection]) -> Message:
    """Announce a scan's end; ``mention`` notifies the person who shared the build or asked for the scan."""
    person = text.person(card.scan.asked_by or card.scan.shared_by)
    who = f"{person} " if mention and person.startswith("<") else ""  # no app, and not the command line
    results = results_of(card).results
    number = f"Scan #{card.scan.number}"
    if results is None:
        return compose([section(f":x: {who}{ended(card)}"), actions(once_more(card)), context(number)])
    found = [sdk_line(results), permission_line(results)]
    if results.privacy_manifest is not None:
        found.append(manifest_line(results.privacy_manifest))
    at, engine = results.scan.scanned_at, results.scan.engine_version
    return compose(
        [
            *map(section, paragraphs(_changed(card, who))),
            *(block for each in sections for block in each.announced(card)),
            pie("SDKs by category", results.sdk_categories),
            *map(section, paragraphs(found)),
            actions(all_found(card)),
            context(
                number,
                f"scanned {text.when(at)}" if at is not None else None,
                f"engine {text.escape(engine, 40)}" if engine else None,
            ),
        ]
    )


def _changed(card: Card, who: str) -> list[str]:
    scan, part = card.scan, results_of(card)
    previous, changes = part.previous, part.changes
    if previous is None or changes is None:
        return [f":bar_chart: {who}{title(scan)} was scanned: the first completed scan of this app here."]
    number = f"scan #{previous.number}"
    since = text.link(part.previous_link, number) if part.previous_link is not None else number
    versions = _versions(previous, scan)
    head = f"*What changed in {versions}*, since {since}:"
    if changes.nothing:
        head = f"*Nothing changed in {versions}* since {since}: the same SDKs and permissions."
    return [f":bar_chart: {who}{head}", *(f"• {line}" for line in _lines(changes))]


def _versions(before: Scan, after: Scan) -> str:
    """Name the app and both its versions: "Shop 4.1.0 → 4.2.0"."""
    old, new = (text.escape(each.version, 40) if each.version else "no version" for each in (before, after))
    if old == new:
        return f"{name(after)} {new}" if after.version else name(after)
    return f"{name(after)} {old} → {new}"


def _lines(changes: Changes) -> list[str]:
    """Return a line for each kind of change, the most important first."""
    asked = sorted(changes.permissions_added, key=lambda each: not each.is_high_risk)
    kinds: tuple[tuple[Sequence[Any], str, str, Callable[[Any], str]], ...] = (
        (changes.sdks_added, "new SDK", "", sdk),
        (changes.sdks_recategorised, "SDK", " recategorised", _moved),
        (asked, "new permission", "", permission),
        (changes.permissions_risen, "permission", " high-risk now", permission_name),
        (changes.sdks_removed, "SDK", " gone", sdk_name),
        (changes.permissions_removed, "permission", " gone", permission_name),
    )
    lines = [
        f"*{count(len(items), noun)}{what}*: {listed(items, item)}"
        for items, noun, what, item in kinds
        if items
    ]
    if changes.manifest_changed:
        was, now = manifest_counts(changes.manifest_before), manifest_counts(changes.manifest_after)
        lines.append(f"*Privacy manifest*: {now} (before: {was})")
    return lines


def _moved(pair: tuple[Sdk, Sdk]) -> str:
    before, after = pair
    return f"{sdk_name(after)} ({text.escape(before.category, 40)} → {text.escape(after.category, 40)})"
