"""How what a scan found is spoken of: counts, SDKs, permissions, the privacy manifest.

All texts are OneTrust's; all that these functions return is safe to put in ``mrkdwn``.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from bot.features.results.models import Permission, PrivacyManifest, Results, Sdk
from bot.slack.blocks import text
from bot.slack.blocks.chart import ranked

NAMED: Final = 8
"""How many of a list are named; the rest is counted."""
_CATEGORIES: Final = 6

T = TypeVar("T")


def count(number: int, what: str) -> str:
    """Say how many: "1 SDK", "12 permissions"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def sdk(found: Sdk) -> str:
    """Name an SDK with its category: "AppsFlyer (Targeting)"."""
    return f"{sdk_name(found)} ({text.escape(found.category, 40)})"


def sdk_name(found: Sdk) -> str:
    """Name an SDK; by its package ID where it has no name."""
    return text.escape(found.name, 60) if found.name.strip() else text.code(found.package_id, 60)


def permission(found: Permission) -> str:
    """Name a permission, and say so where it is high-risk."""
    return f"{text.code(found.name, 80)}{' (high-risk)' if found.is_high_risk else ''}"


def listed(items: Sequence[T], name: Callable[[T], str]) -> str:
    """Name the first of many: "A, B and 12 more"."""
    named = [name(item) for item in items[:NAMED]]
    if len(items) > NAMED:
        return f"{', '.join(named)} and {len(items) - NAMED:,} more"
    return ", ".join(named)


def sdk_line(results: Results) -> str:
    """Say how many SDKs there are, by category."""
    counts = ranked(results.sdk_categories)
    parts = [f"{number:,} {text.escape(name, 40)}" for name, number in counts[:_CATEGORIES]]
    if rest := sum(number for _, number in counts[_CATEGORIES:]):
        parts.append(f"{rest:,} in other categories")
    return f"*{count(results.sdk_count, 'SDK')}*" + (f": {', '.join(parts)}" if parts else "")


def permission_line(results: Results) -> str:
    """Say how many permissions there are, and how many of them are high-risk."""
    told = f"*{count(results.permission_count, 'permission')}*"
    if results.permission_count == 0:
        return told
    if not results.high_risk_count:
        return f"{told}, none of them high-risk"
    high_risk = sorted(
        (each for each in results.permissions if each.is_high_risk), key=lambda each: each.name
    )
    names = f": {listed(high_risk, lambda each: text.code(each.name, 80))}" if high_risk else ""
    return f"{told}, *{results.high_risk_count:,} high-risk*{names}"


def manifest_line(manifest: PrivacyManifest) -> str:
    """Say how the privacy manifest stands against what was found."""
    if not manifest.total:
        return "*Privacy manifest*: nothing to compare"
    if manifest.aligned == manifest.total:
        return f"*Privacy manifest*: all {count(manifest.total, 'data type')} aligned"
    parts = (
        (manifest.aligned, "aligned"),
        (manifest.mismatched, "mismatched"),
        (manifest.missing, "missing"),
    )
    return (
        f"*Privacy manifest*: of {count(manifest.total, 'data type')} "
        f"{', '.join(f'{number:,} {word}' for number, word in parts if number or word == 'aligned')}"
    )


def paragraphs(lines: Iterable[str], limit: int = 2900) -> list[str]:
    """Join lines into as few paragraphs as Slack's sections allow, each line whole."""
    joined: list[str] = []
    for line in lines:
        if joined and len(joined[-1]) + 1 + len(line) <= limit:
            joined[-1] += f"\n{line}"
        else:
            joined.append(line)
    return joined
