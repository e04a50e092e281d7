"""Compliance rules, and the violations of them in a build's results. See ``docs/policy.md``."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache

from bot.core.build import Build, Platform
from bot.features.results.diff import changes
from bot.features.results.models import Changes, Judge, Permission, Results, Sdk

EVIDENCE_LIMIT = 50
"""Evidence stored per violation; the rest is only counted."""
SDK_CATEGORIES = ("Strictly Necessary", "Performance", "Functionality", "Targeting", "Unknown")
"""OneTrust's known SDK categories."""
ACKNOWLEDGED = "That is already acknowledged. The thread shows who did it, and why."
_NAME_LIMIT = 200


class EvidenceKind(StrEnum):
    """What violates a rule."""

    SDK = "sdk"
    NEW_SDK = "new_sdk"  # not in the app's last completed scan
    MOVED_SDK = "moved_sdk"  # in another category in the app's last completed scan
    UNNAMED_SDKS = "unnamed_sdks"  # OneTrust counts more SDKs of a category than it names
    PERMISSION = "permission"
    NEW_PERMISSION = "new_permission"  # not in the app's last completed scan
    HIGH_RISK = "high_risk"  # a high-risk permission that is not on the rule's list
    UNMARKED_HIGH_RISK = "unmarked_high_risk"  # OneTrust counts more high-risk permissions than it marks
    MISMATCHED = "mismatched"  # data types of the privacy manifest that don't match the SDKs
    MISSING = "missing"  # data types missing from the privacy manifest


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One thing that violates a rule; texts come from OneTrust and are untrusted."""

    what: EvidenceKind
    name: str = ""
    category: str = ""
    """Of an SDK."""
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule that a build violates, as judged when its scan completed."""

    rule: str
    """The rule's name."""
    found: tuple[Evidence, ...]
    """At most ``EVIDENCE_LIMIT`` entries."""
    more: int = 0
    """Evidence beyond these, counted."""
    tell: tuple[str, ...] = ()
    """IDs of people and user groups to mention."""
    number: int = 0
    """Row number; 0 until stored."""
    scan: int = 0
    """Scan number; 0 until stored."""
    acknowledged_by: str | None = None
    """User ID; ``None`` while unreviewed."""
    acknowledged_at: float | None = None
    reason: str = ""
    """The reviewer's reason."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One compliance rule; conditions that are empty, false or ``None`` are off.

    Names of SDKs, categories and apps are matched case-insensitively, with ``*`` and ``?`` as wildcards.
    """

    name: str
    tell: tuple[str, ...] = ()
    """IDs of people (``U…``, ``W…``) and user groups (``S…``) to mention."""
    apps: tuple[str, ...] = ()
    """Bundle identifiers; empty for all."""
    platforms: frozenset[Platform] = frozenset()
    """Empty for both."""
    no_sdks: tuple[str, ...] = ()
    """Names or package IDs."""
    no_sdk_categories: tuple[str, ...] = ()
    no_new_sdks: bool = False
    no_new_sdk_categories: tuple[str, ...] = ()
    no_permissions: tuple[str, ...] = ()
    no_new_permissions: bool = False
    high_risk_permissions_allowed: tuple[str, ...] | None = None
    privacy_manifest_mismatches: int | None = None
    """Maximum."""
    privacy_manifest_missing: int | None = None
    """Maximum."""

    def covers(self, build: Build) -> bool:
        """Return whether the rule applies to a build."""
        listed = not self.apps or _like(build.bundle_id, self.apps)
        return listed and (not self.platforms or build.platform in self.platforms)


def unknown_categories(rule: Rule) -> tuple[str, ...]:
    """Return the rule's SDK categories that match none of OneTrust's known ones."""
    categories = dict.fromkeys((*rule.no_sdk_categories, *rule.no_new_sdk_categories))
    return tuple(each for each in categories if not any(_like(known, (each,)) for known in SDK_CATEGORIES))


def judge_by(rules: Iterable[Rule]) -> Judge:
    """Return a judge for these rules."""
    kept = tuple(rules)
    return lambda build, results, before: violations(
        kept, build, results, changes(before, results) if before is not None else None
    )


def violations(
    rules: Iterable[Rule], build: Build, results: Results, difference: Changes | None
) -> tuple[Violation, ...]:
    """Judge a build's results; ``difference`` is ``None`` if no earlier scan of its app completed.

    Then nothing counts as new.
    """
    judged = ((rule, _evidence(rule, results, difference)) for rule in rules if rule.covers(build))
    return tuple(
        Violation(
            rule=rule.name,
            found=evidence[:EVIDENCE_LIMIT],
            more=max(0, len(evidence) - EVIDENCE_LIMIT),
            tell=rule.tell,
        )
        for rule, evidence in judged
        if evidence
    )


def _evidence(rule: Rule, results: Results, difference: Changes | None) -> tuple[Evidence, ...]:
    evidence = [*_sdks(rule, results), *_permissions(rule, results), *_manifest(rule, results)]
    if difference is not None:
        evidence += _new(rule, difference)
    return tuple(dict.fromkeys(evidence))


def _sdks(rule: Rule, results: Results) -> Iterator[Evidence]:
    for sdk in results.sdks:
        banned = _like(sdk.name, rule.no_sdks) or _like(sdk.package_id, rule.no_sdks)
        if banned or _like(sdk.category, rule.no_sdk_categories):
            yield _sdk(EvidenceKind.SDK, sdk)
    for category, count in results.sdk_categories.items():
        if _like(category, rule.no_sdk_categories):
            unnamed = count - sum(_plain(sdk.category) == _plain(category) for sdk in results.sdks)
            if unnamed > 0:
                yield Evidence(what=EvidenceKind.UNNAMED_SDKS, category=category[:_NAME_LIMIT], count=unnamed)


def _permissions(rule: Rule, results: Results) -> Iterator[Evidence]:
    for permission in results.permissions:
        if _like(permission.name, rule.no_permissions):
            yield _permission(EvidenceKind.PERMISSION, permission)
    allowed = rule.high_risk_permissions_allowed
    if allowed is None:
        return
    marked = [each for each in results.permissions if each.is_high_risk]
    for permission in marked:
        if not _like(permission.name, allowed):
            yield _permission(EvidenceKind.HIGH_RISK, permission)
    # Which words mark a permission is inferred, the count is OneTrust's own: unmarked ones that it counts are
    # accepted only if all of them can be allowed permissions, as there are no others.
    unmarked = results.high_risk_count - len(marked)
    others = [each for each in results.permissions if not each.is_high_risk]
    not_allowed = [each for each in others if not _like(each.name, allowed)]
    if unmarked > 0 and (not_allowed or unmarked > len(others)):
        yield Evidence(what=EvidenceKind.UNMARKED_HIGH_RISK, count=unmarked)


def _manifest(rule: Rule, results: Results) -> Iterator[Evidence]:
    manifest = results.privacy_manifest
    if manifest is None:
        return
    mismatches, missing = rule.privacy_manifest_mismatches, rule.privacy_manifest_missing
    if mismatches is not None and manifest.mismatched > mismatches:
        yield Evidence(what=EvidenceKind.MISMATCHED, count=manifest.mismatched)
    if missing is not None and manifest.missing > missing:
        yield Evidence(what=EvidenceKind.MISSING, count=manifest.missing)


def _new(rule: Rule, difference: Changes) -> Iterator[Evidence]:
    for sdk in difference.sdks_added:
        if rule.no_new_sdks or _like(sdk.category, rule.no_new_sdk_categories):
            yield _sdk(EvidenceKind.NEW_SDK, sdk)
    for _, sdk in difference.sdks_recategorised:
        if _like(sdk.category, rule.no_new_sdk_categories):
            yield _sdk(EvidenceKind.MOVED_SDK, sdk)
    if rule.no_new_permissions:
        for permission in difference.permissions_added:
            yield _permission(EvidenceKind.NEW_PERMISSION, permission)


def _sdk(what: EvidenceKind, sdk: Sdk) -> Evidence:
    name = sdk.name.strip() or sdk.package_id
    return Evidence(what=what, name=name[:_NAME_LIMIT], category=sdk.category[:_NAME_LIMIT])


def _permission(what: EvidenceKind, permission: Permission) -> Evidence:
    return Evidence(what=what, name=permission.name[:_NAME_LIMIT])


def _like(name: str, patterns: tuple[str, ...]) -> bool:
    return bool(patterns) and _shape(patterns).match(_plain(name)) is not None


@lru_cache(maxsize=256)
def _shape(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(_plain(pattern)) for pattern in patterns))


def _plain(name: str) -> str:
    return name.strip().casefold()
