"""Which scan, or app, in OneTrust a submission became: told by name, time and version, never guessed.

Nothing leads from a webhook's request ID to a scan. So what OneTrust lists is compared with what the bot
sent: it is no older than the submission, of the same version where both are known, and each is one
submission's only. Where that leaves a doubt, there is a ``Doubt``.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.scans.models import Scan
from bot.scans.results import ENDED, AppScan, Followed

CLOCKS_S: Final = 300.0
"""How far OneTrust's clock and the bot's may be apart."""
LISTED: Final = 100
"""Scans of an application that are listed at most; of more, the oldest are not known."""


@dataclass(frozen=True, kw_only=True)
class Seeker:
    """One submission, as it is looked for."""

    number: int
    """The scan's."""
    since: float
    """When it was submitted, or may have been at the earliest."""
    version: str | None = None
    build_number: str | None = None
    barred: frozenset[str] = frozenset()
    """IDs of what it can't be."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Several could be meant, and nothing tells them apart."""

    count: int
    """How many of OneTrust's could be the one."""
    rivals: int = 0
    """How many other submissions of the bot's could be meant by the same."""


def seeker(scan: Scan, followed: Followed, barred: Collection[str] = ()) -> Seeker:
    """Return how a scan is looked for."""
    return Seeker(
        number=scan.number,
        since=followed.since,
        version=scan.version,
        build_number=scan.build_number,
        barred=frozenset(barred),
    )


def as_made(application_id: str, scans: Sequence[AppScan]) -> AppScan | None:
    """Return what an application began with: its first scan, under the application's ID.

    ``None`` where that is not known: it has no scan with a date, or more than are listed.
    """
    dated = [scan for scan in scans if scan.scanned_at is not None]
    if not dated or len(scans) >= LISTED:
        return None
    first = min(dated, key=lambda scan: scan.scanned_at or 0.0)
    return AppScan(id=application_id, status=first.status, scanned_at=first.scanned_at, version=first.version)


def which(seekers: Sequence[Seeker], found: Sequence[AppScan]) -> Mapping[int, AppScan | Doubt | None]:
    """Tell for each submission which of ``found`` it is; ``None`` where it is none of them, so far.

    ``seekers`` are all submissions that could be meant by these; what is known to be others' is not in
    ``found``, or barred.
    """
    could_be = {each.number: [scan for scan in found if _could_be(each, scan)] for each in seekers}
    by_id = {scan.id: scan for scan in found}
    told: dict[int, AppScan | Doubt | None] = {}
    for number, scans in could_be.items():
        rivals = _connected(number, could_be)
        paired = _pairs(rivals)
        own = paired.get(number)
        if not scans:
            told[number] = None
        elif own is not None and number not in _pairs(rivals | {number: rivals[number] - {own}}):
            told[number] = by_id[own]
        elif any(scan.version is None and scan.status not in ENDED for scan in scans):
            told[number] = None  # once its version is known, there may be no doubt
        else:
            told[number] = Doubt(count=len(scans), rivals=len(rivals) - 1)
    return told


def _connected(number: int, could_be: Mapping[int, list[AppScan]]) -> dict[int, set[str]]:
    """Return the submissions that vie with one for the same scans, or with those that do."""
    connected: dict[int, set[str]] = {}
    left = {other: {scan.id for scan in scans} for other, scans in could_be.items() if scans}
    reached = set(left.get(number, ()))
    while joined := [other for other, ids in left.items() if ids & reached]:
        for other in joined:
            connected[other] = left.pop(other)
            reached |= connected[other]
    return connected


def _pairs(could_be: Mapping[int, set[str]]) -> dict[int, str]:
    """Give each submission a scan of its own; empty where that can't be done for all of them."""
    owners: dict[str, int] = {}

    def place(number: int, tried: set[str]) -> bool:
        for scan_id in sorted(could_be[number] - tried):
            tried.add(scan_id)
            if scan_id not in owners or place(owners[scan_id], tried):
                owners[scan_id] = number
                return True
        return False

    if not all(place(number, set()) for number in sorted(could_be)):
        return {}
    return {number: scan_id for scan_id, number in owners.items()}


def _could_be(wanted: Seeker, scan: AppScan) -> bool:
    return (
        scan.id not in wanted.barred
        and scan.scanned_at is not None
        and scan.scanned_at >= wanted.since - CLOCKS_S
        and _same_version(wanted, scan.version)
    )


def _same_version(wanted: Seeker, version: str | None) -> bool:
    """Tell whether a version may be the build's; what is added to it, such as a build number, is let be."""
    told = _bare(version)
    ours = {_bare(wanted.version), _bare(wanted.build_number)} - {""}
    if not told or not _bare(wanted.version):
        return True
    return told in ours or re.split(r"[\s(+]", told, maxsplit=1)[0] in ours


def _bare(version: str | None) -> str:
    return (version or "").strip().lower().removeprefix("v").strip()
