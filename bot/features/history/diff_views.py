"""What changed between two scans of an app, and the question which app is meant."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from bot.core.scan import Scan
from bot.features.history.compare import Comparison, SeveralApps
from bot.features.history.models import APPS_NAMED
from bot.features.results.found_views import manifest_counts, permission, sdk_name
from bot.features.results.models import Changes, Sdk
from bot.slack.blocks import text
from bot.slack.blocks.elements import context, section
from bot.slack.blocks.lists import paragraphs
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import app, name, version

T = TypeVar("T")

_LISTED: Final = 20
"""Maximum number of SDKs or permissions that are named per kind of change; the rest is counted."""


def diff(comparison: Comparison) -> Message:
    """Show what changed between two completed scans."""
    before, after = comparison.before, comparison.after
    head = f"*{name(after)}* ({app(after)}): {_scan(before)} → {_scan(after)}"
    changed = [lines for lines in _changes(comparison.changes) if lines]
    several = ", ".join(f"{version(scan)} (#{scan.number})" for scan in comparison.newest_of_several)
    note = f"Scanned more than once, so compared as of its last completed scan: {several}"
    return compose(
        [
            section(head if changed else f"{head}\nNothing changed: the same SDKs and permissions."),
            *(section(each) for lines in changed for each in paragraphs(lines)),
            context(note) if several else None,
        ]
    )


def several(found: SeveralApps, word: str) -> Message:
    """List the apps that match what was typed after ``word``, and the command for each."""
    rest = f" {text.plain(found.rest, 80)}" if found.rest else ""
    lines = []
    for each in found.apps[:APPS_NAMED]:
        command = f"/appscan {word} {text.plain(each.bundle_id, 130)} {each.platform.value}{rest}"
        title = text.escape(each.name or each.bundle_id, 80)
        lines.append(f"*{title}* · {each.platform.title}\n{text.code(command, 250)}")
    return compose(
        [
            section("*More than one app fits that.* Ask for one of them:"),
            *map(section, lines),
            context("There are more: a bundle identifier says which.")
            if len(found.apps) > APPS_NAMED
            else None,
        ]
    )


def _changes(changes: Changes) -> list[list[str]]:
    """Describe each kind of change, the most important first; an unchanged kind has no lines."""
    risky = sorted(changes.permissions_added, key=lambda each: not each.is_high_risk)
    manifest = [
        "*Privacy manifest*",
        f"before: {manifest_counts(changes.manifest_before)}",
        f"now: {manifest_counts(changes.manifest_after)}",
    ]
    return [
        _listed("New SDKs", changes.sdks_added, _sdk),
        _listed("SDKs in another category", changes.sdks_recategorised, _moved),
        _listed("New permissions", risky, permission),
        _listed("Permissions that are high-risk only now", changes.permissions_risen, permission),
        _listed("SDKs that are gone", changes.sdks_removed, _sdk),
        _listed("Permissions that are gone", changes.permissions_removed, permission),
        manifest if changes.manifest_changed else [],
    ]


def _listed(title: str, found: Sequence[T], line: Callable[[T], str]) -> list[str]:
    if not found:
        return []
    more = [f"and {len(found) - _LISTED:,} more"] if len(found) > _LISTED else []
    return [f"*{title}* ({len(found):,})", *(f"• {line(each)}" for each in found[:_LISTED]), *more]


def _sdk(sdk: Sdk) -> str:
    vendor = f" by {text.escape(sdk.vendor, 25)}" if sdk.vendor else ""
    return f"{sdk_name(sdk)}{vendor}, {text.escape(sdk.category, 25)}"


def _moved(pair: tuple[Sdk, Sdk]) -> str:
    before, after = pair
    return f"{sdk_name(after)}: {text.escape(before.category, 25)} → {text.escape(after.category, 25)}"


def _scan(scan: Scan) -> str:
    return f"{version(scan)} (#{scan.number}, {text.when(scan.created_at)})"
