"""What changed in an app from one completed scan to the next.

An SDK is the same where its package ID is the same, or, where one of the two scans gives none, where its
name and vendor are, whatever their case. A permission is the same where its name is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.features.results.models import Permission, PrivacyManifest, Results, Sdk


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What one scan found and the other did not; each part in the order of its names.

    What OneTrust lists twice is here once; an SDK that it lists in two categories is here once for each.
    """

    sdks_added: tuple[Sdk, ...] = ()
    sdks_removed: tuple[Sdk, ...] = ()
    sdks_recategorised: tuple[tuple[Sdk, Sdk], ...] = ()
    """Those in another category, as they were before and as they are after."""
    permissions_added: tuple[Permission, ...] = ()
    permissions_removed: tuple[Permission, ...] = ()
    permissions_risen: tuple[Permission, ...] = ()
    """Those that were there and are of high risk only now."""
    manifest_before: PrivacyManifest | None = None
    manifest_after: PrivacyManifest | None = None

    @property
    def manifest_changed(self) -> bool:
        """Whether a privacy manifest came or went, or one of its counts is another."""
        return _counts(self.manifest_before) != _counts(self.manifest_after)

    @property
    def nothing(self) -> bool:
        """Whether both scans found the same."""
        return not (
            self.sdks_added
            or self.sdks_removed
            or self.sdks_recategorised
            or self.permissions_added
            or self.permissions_removed
            or self.permissions_risen
            or self.manifest_changed
        )


def changes(before: Results, after: Results) -> Changes:
    """Compare two completed scans of the same app."""
    was, now = _by_identity(before.sdks), _by_identity(after.sdks)
    same = {each: each for each in was.keys() & now.keys()} | _same_by_name(was, now)
    gone, come = was.keys() - same.keys(), now.keys() - set(same.values())
    asked, asks = _by_name(before.permissions), _by_name(after.permissions)
    return Changes(
        sdks_added=_sorted(sdk for each in come for sdk in now[each].values()),
        sdks_removed=_sorted(sdk for each in gone for sdk in was[each].values()),
        sdks_recategorised=_in_order(
            pair for old, new in same.items() for pair in _recategorised(was[old], now[new])
        ),
        permissions_added=tuple(asks[name] for name in sorted(asks.keys() - asked.keys())),
        permissions_removed=tuple(asked[name] for name in sorted(asked.keys() - asks.keys())),
        permissions_risen=tuple(
            asks[name]
            for name in sorted(asks.keys() & asked.keys())
            if asks[name].is_high_risk and not asked[name].is_high_risk
        ),
        manifest_before=before.privacy_manifest,
        manifest_after=after.privacy_manifest,
    )


_Identity = tuple[str, str, str]
"""Package ID, name and vendor; either the first is empty, or the other two are."""
_Categories = dict[str, Sdk]
"""One SDK by each category that it is listed in."""


def _by_identity(sdks: Iterable[Sdk]) -> dict[_Identity, _Categories]:
    found: dict[_Identity, _Categories] = {}
    for sdk in sorted(sdks, key=_sdk_order):
        package_id = sdk.package_id.strip()
        identity = (package_id, "", "") if package_id else ("", *_names(sdk))
        found.setdefault(identity, {}).setdefault(sdk.category.strip().casefold(), sdk)
    return found


def _same_by_name(
    was: dict[_Identity, _Categories], now: dict[_Identity, _Categories]
) -> dict[_Identity, _Identity]:
    """Match what is left where exactly one of the two scans gives a package ID."""
    same: dict[_Identity, _Identity] = {}
    lost, came = was.keys() - now.keys(), now.keys() - was.keys()
    old_by_name, new_by_name = _named(was, lost), _named(now, came)
    for names in sorted(old_by_name.keys() & new_by_name.keys()):
        old, new = old_by_name[names], new_by_name[names]
        if bool(old[0]) is not bool(new[0]) and old not in same and new not in same.values():
            same[old] = new
    return same


def _named(
    sdks: dict[_Identity, _Categories], identities: Iterable[_Identity]
) -> dict[tuple[str, str], _Identity]:
    """Return identities by name and vendor, those that no other has."""
    found: dict[tuple[str, str], list[_Identity]] = {}
    for identity in identities:
        for names in {_names(sdk) for sdk in sdks[identity].values()}:
            found.setdefault(names, []).append(identity)
    return {names: only[0] for names, only in found.items() if len(only) == 1}


def _recategorised(was: _Categories, now: _Categories) -> list[tuple[Sdk, Sdk]]:
    gone, come = sorted(was.keys() - now.keys()), sorted(now.keys() - was.keys())
    olds, news = gone or sorted(was), come or sorted(now)
    pairs = max(len(gone), len(come))
    return [(was[olds[min(at, len(olds) - 1)]], now[news[min(at, len(news) - 1)]]) for at in range(pairs)]


def _by_name(permissions: Iterable[Permission]) -> dict[str, Permission]:
    """Return permissions by name; of one that is listed twice, the entry of the higher risk."""
    found: dict[str, Permission] = {}
    for permission in sorted(permissions, key=_permission_order):
        found.setdefault(permission.name.strip(), permission)
    return found


def _names(sdk: Sdk) -> tuple[str, str]:
    return sdk.name.strip().casefold(), (sdk.vendor or "").strip().casefold()


def _sorted(sdks: Iterable[Sdk]) -> tuple[Sdk, ...]:
    return tuple(sorted(sdks, key=_sdk_order))


def _in_order(pairs: Iterable[tuple[Sdk, Sdk]]) -> tuple[tuple[Sdk, Sdk], ...]:
    return tuple(sorted(pairs, key=lambda pair: (_sdk_order(pair[1]), _sdk_order(pair[0]))))


def _sdk_order(sdk: Sdk) -> tuple[str, ...]:
    return (
        sdk.name.casefold(),
        sdk.name,
        sdk.package_id,
        repr(sdk.vendor),
        sdk.category,
        repr(sdk.description),
    )


def _permission_order(permission: Permission) -> tuple[bool, str, str]:
    return not permission.is_high_risk, permission.name, repr(permission)


def _counts(manifest: PrivacyManifest | None) -> tuple[int, ...] | None:
    if manifest is None:
        return None
    return manifest.total, manifest.aligned, manifest.mismatched, manifest.missing
