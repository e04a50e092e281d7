"""The rules that a build's results are judged by, and what breaks them. ``docs/policy.md`` tells each."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache

from bot.core.build import Build, Platform
from bot.features.results.diff import Changes, changes
from bot.features.results.models import Judge, Permission, Results, Sdk

FINDINGS_KEPT = 50
"""What is kept of all that breaks one rule; the rest is counted."""
SDK_CATEGORIES = ("Strictly Necessary", "Performance", "Functionality", "Targeting", "Unknown")
"""What OneTrust is known to sort SDKs into."""
ACKNOWLEDGED = "Somebody has acknowledged that already: the thread shows who, and why."
_NAME_LIMIT = 200


class EvidenceKind(StrEnum):
    """What kind of thing breaks a rule."""

    SDK = "sdk"  # is in the build
    NEW_SDK = "new_sdk"  # was not in the last completed scan of the app
    MOVED_SDK = "moved_sdk"  # was there, in another category
    UNNAMED_SDKS = "unnamed_sdks"  # OneTrust counts more of a category than it names
    PERMISSION = "permission"  # is asked for
    NEW_PERMISSION = "new_permission"  # was not asked for in the last completed scan of the app
    HIGH_RISK = "high_risk"  # a permission of high risk that is not on the list
    UNMARKED_HIGH_RISK = "unmarked_high_risk"  # OneTrust counts more of high risk than it marks
    MISMATCHED = "mismatched"  # data types of the privacy manifest that don't match what was found
    MISSING = "missing"  # data types that the privacy manifest leaves out


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One thing that breaks a rule; texts are OneTrust's, so they come from outside."""

    what: EvidenceKind
    name: str = ""
    category: str = ""
    """Of an SDK."""
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One rule that a build breaks, as it was judged when its scan completed."""

    rule: str
    """The rule's name."""
    found: tuple[Evidence, ...]
    """At most ``FINDINGS_KEPT``."""
    more: int = 0
    """How many findings there were beyond these."""
    tell: tuple[str, ...] = ()
    """IDs of the people and the user groups to tell."""
    number: int | None = None
    """Its row; ``None`` before it is kept."""
    scan: int | None = None
    """The number of the bot's own scan; ``None`` before it is kept."""
    acknowledged_by: str | None = None
    """A user ID; ``None`` while nobody has."""
    acknowledged_at: float | None = None
    reason: str = ""
    """Why, in the words of who acknowledged it."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of the policy; what is empty, false or ``None`` asks for nothing.

    Names of SDKs, categories and apps are compared whatever their case, and may hold ``*`` and ``?``.
    """

    name: str
    tell: tuple[str, ...] = ()
    """IDs of people (``U…``, ``W…``) and of user groups (``S…``)."""
    apps: tuple[str, ...] = ()
    """Bundle identifiers; empty for all."""
    platforms: frozenset[Platform] = frozenset()
    """Empty for both."""
    no_sdks: tuple[str, ...] = ()
    """By name or package ID."""
    no_sdk_categories: tuple[str, ...] = ()
    no_new_sdks: bool = False
    no_new_sdk_categories: tuple[str, ...] = ()
    no_permissions: tuple[str, ...] = ()
    no_new_permissions: bool = False
    high_risk_permissions_allowed: tuple[str, ...] | None = None
    privacy_manifest_mismatches: int | None = None
    """How many there may be."""
    privacy_manifest_missing: int | None = None
    """How many there may be."""

    def covers(self, build: Build) -> bool:
        """Tell whether a build is judged by this rule."""
        listed = not self.apps or _like(build.bundle_id, self.apps)
        return listed and (not self.platforms or build.platform in self.platforms)


def unknown_categories(rule: Rule) -> tuple[str, ...]:
    """Return what a rule says of categories that is none of those that OneTrust is known to use."""
    asked = dict.fromkeys((*rule.no_sdk_categories, *rule.no_new_sdk_categories))
    return tuple(each for each in asked if not any(_like(known, (each,)) for known in SDK_CATEGORIES))


def judge_by(rules: Iterable[Rule]) -> Judge:
    """Return what judges by these rules."""
    kept = tuple(rules)

    def judge(build: Build, results: Results, before: Results | None) -> tuple[Violation, ...]:
        return violations(kept, build, results, changes(before, results) if before is not None else None)

    return judge


def violations(
    rules: Iterable[Rule], build: Build, results: Results, difference: Changes | None
) -> tuple[Violation, ...]:
    """Judge what was found in a build; ``difference`` is ``None`` where no earlier scan of its app completed.

    Then nothing counts as new, as there is nothing to compare with.
    """
    judged = ((rule, _findings(rule, results, difference)) for rule in rules if rule.covers(build))
    return tuple(
        Violation(
            rule=rule.name,
            found=found[:FINDINGS_KEPT],
            more=max(0, len(found) - FINDINGS_KEPT),
            tell=rule.tell,
        )
        for rule, found in judged
        if found
    )


def _findings(rule: Rule, results: Results, difference: Changes | None) -> tuple[Evidence, ...]:
    found = [*_sdks(rule, results), *_permissions(rule, results), *_manifest(rule, results)]
    if difference is not None:
        found += _new(rule, difference)
    return tuple(dict.fromkeys(found))


def _sdks(rule: Rule, results: Results) -> Iterator[Evidence]:
    for sdk in results.sdks:
        banned = _like(sdk.name, rule.no_sdks) or _like(sdk.package_id, rule.no_sdks)
        if banned or _like(sdk.category, rule.no_sdk_categories):
            yield _sdk(EvidenceKind.SDK, sdk)
    for category, count in results.sdk_categories.items():
        if _like(category, rule.no_sdk_categories):
            named = sum(_plain(sdk.category) == _plain(category) for sdk in results.sdks)
            if count > named:
                yield Evidence(
                    what=EvidenceKind.UNNAMED_SDKS, category=category[:_NAME_LIMIT], count=count - named
                )


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
    # Which words mark a permission is inferred, the count is OneTrust's own: what it counts beyond the marked
    # ones is let pass only where all of it can be permissions on the list, and no others are there.
    unmarked = results.high_risk_count - len(marked)
    others = [each for each in results.permissions if not each.is_high_risk]
    strangers = [each for each in others if not _like(each.name, allowed)]
    if unmarked > 0 and (strangers or unmarked > len(others)):
        yield Evidence(what=EvidenceKind.UNMARKED_HIGH_RISK, count=unmarked)


def _manifest(rule: Rule, results: Results) -> Iterator[Evidence]:
    manifest = results.privacy_manifest
    if manifest is None:
        return
    for what, count, most in (
        (EvidenceKind.MISMATCHED, manifest.mismatched, rule.privacy_manifest_mismatches),
        (EvidenceKind.MISSING, manifest.missing, rule.privacy_manifest_missing),
    ):
        if most is not None and count > most:
            yield Evidence(what=what, count=count)


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
