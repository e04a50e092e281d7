"""Lines about a scan's SDKs, permissions and privacy manifest.

Texts come from OneTrust and are untrusted; what these functions return is safe in ``mrkdwn``.
"""

from typing import Final

from bot.features.results.models import Permission, PrivacyManifest, Results, Sdk
from bot.slack.blocks import text
from bot.slack.blocks.chart import ranked
from bot.slack.blocks.lists import count, listed

_CATEGORIES: Final = 6


def sdk(found: Sdk) -> str:
    """Name an SDK with its category: "AppsFlyer (Targeting)"."""
    return f"{sdk_name(found)} ({text.escape(found.category, 40)})"


def sdk_name(found: Sdk) -> str:
    """Name an SDK, by its package ID if it has no name."""
    return text.escape(found.name, 60) if found.name.strip() else text.code(found.package_id, 60)


def permission(found: Permission) -> str:
    """Name a permission, with a mark if it is high-risk."""
    return f"{permission_name(found)}{' (high-risk)' if found.is_high_risk else ''}"


def permission_name(found: Permission) -> str:
    """Name a permission, in code style."""
    return text.code(found.name, 80)


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
    names = f": {listed(high_risk, permission_name)}" if high_risk else ""
    return f"{told}, *{results.high_risk_count:,} high-risk*{names}"


def manifest_line(manifest: PrivacyManifest) -> str:
    """Compare the privacy manifest with the SDKs."""
    if not manifest.total:
        return "*Privacy manifest*: nothing to compare"
    types = count(manifest.total, "data type")
    if manifest.aligned == manifest.total:
        return f"*Privacy manifest*: all {types} aligned"
    return f"*Privacy manifest*: of {types} {manifest_counts(manifest)}"


def manifest_counts(manifest: PrivacyManifest | None) -> str:
    """Return the counts of a privacy manifest."""
    if manifest is None:
        return "none"
    return f"{manifest.aligned:,} aligned, {manifest.mismatched:,} mismatched, {manifest.missing:,} missing"
