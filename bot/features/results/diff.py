"""What changed in an app from one completed scan to the next.

SDKs are the same if their package IDs are equal or, if only one of the scans has a package ID, if name and
vendor are equal, ignoring case. Permissions are the same if their names are.
"""

from collections.abc import Iterable

from bot.features.results.models import Changes, Permission, Results, Sdk


def changes(before: Results, after: Results) -> Changes:
    """Compare two completed scans of the same app."""
    was, now = _by_identity(before.sdks), _by_identity(after.sdks)
    same = {each: each for each in was.keys() & now.keys()} | _same_by_name(was, now)
    removed, added = was.keys() - same.keys(), now.keys() - set(same.values())
    old, new = _by_name(before.permissions), _by_name(after.permissions)
    return Changes(
        sdks_added=tuple(sorted((sdk for each in added for sdk in now[each].values()), key=_sdk_order)),
        sdks_removed=tuple(sorted((sdk for each in removed for sdk in was[each].values()), key=_sdk_order)),
        sdks_recategorised=tuple(
            sorted(
                (pair for one, other in same.items() for pair in _recategorised(was[one], now[other])),
                key=lambda pair: (_sdk_order(pair[1]), _sdk_order(pair[0])),
            )
        ),
        permissions_added=tuple(new[name] for name in sorted(new.keys() - old.keys())),
        permissions_removed=tuple(old[name] for name in sorted(old.keys() - new.keys())),
        permissions_risen=tuple(
            new[name]
            for name in sorted(new.keys() & old.keys())
            if new[name].is_high_risk and not old[name].is_high_risk
        ),
        manifest_before=before.privacy_manifest,
        manifest_after=after.privacy_manifest,
    )


_Identity = tuple[str, str, str]
"""Package ID, name and vendor; either the ID or the other two are empty."""
_Categories = dict[str, Sdk]
"""SDK by category."""


def _by_identity(sdks: Iterable[Sdk]) -> dict[_Identity, _Categories]:
    by_identity: dict[_Identity, _Categories] = {}
    for sdk in sorted(sdks, key=_sdk_order):
        package_id = sdk.package_id.strip()
        identity = (package_id, "", "") if package_id else ("", *_names(sdk))
        by_identity.setdefault(identity, {}).setdefault(sdk.category.strip().casefold(), sdk)
    return by_identity


def _same_by_name(
    was: dict[_Identity, _Categories], now: dict[_Identity, _Categories]
) -> dict[_Identity, _Identity]:
    """Match the remaining SDKs by name where exactly one of the two scans has a package ID."""
    same: dict[_Identity, _Identity] = {}
    old_by_name = _unique_by_name(was, was.keys() - now.keys())
    new_by_name = _unique_by_name(now, now.keys() - was.keys())
    for names in sorted(old_by_name.keys() & new_by_name.keys()):
        old, new = old_by_name[names], new_by_name[names]
        if bool(old[0]) is not bool(new[0]) and old not in same and new not in same.values():
            same[old] = new
    return same


def _unique_by_name(
    sdks: dict[_Identity, _Categories], identities: Iterable[_Identity]
) -> dict[tuple[str, str], _Identity]:
    """Return identities by name and vendor, without names that several identities share."""
    by_name: dict[tuple[str, str], list[_Identity]] = {}
    for identity in identities:
        for names in {_names(sdk) for sdk in sdks[identity].values()}:
            by_name.setdefault(names, []).append(identity)
    return {names: only[0] for names, only in by_name.items() if len(only) == 1}


def _recategorised(was: _Categories, now: _Categories) -> list[tuple[Sdk, Sdk]]:
    removed, added = sorted(was.keys() - now.keys()), sorted(now.keys() - was.keys())
    olds, news = removed or sorted(was), added or sorted(now)
    pairs = max(len(removed), len(added))
    return [(was[olds[min(at, len(olds) - 1)]], now[news[min(at, len(news) - 1)]]) for at in range(pairs)]


def _by_name(permissions: Iterable[Permission]) -> dict[str, Permission]:
    """Return permissions by name; of duplicates the one with the higher risk."""
    by_name: dict[str, Permission] = {}
    for permission in sorted(permissions, key=_permission_order):
        by_name.setdefault(permission.name.strip(), permission)
    return by_name


def _names(sdk: Sdk) -> tuple[str, str]:
    return sdk.name.strip().casefold(), (sdk.vendor or "").strip().casefold()


def _sdk_order(sdk: Sdk) -> tuple[str, ...]:
    name, vendor, description = sdk.name, repr(sdk.vendor), repr(sdk.description)
    return name.casefold(), name, sdk.package_id, vendor, sdk.category, description


def _permission_order(permission: Permission) -> tuple[bool, str, str]:
    return not permission.is_high_risk, permission.name, repr(permission)
