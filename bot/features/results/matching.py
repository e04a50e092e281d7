"""Matches submissions with OneTrust's scans and apps by name, time and version; never guesses.

A webhook's request ID can't be traced to a scan, so OneTrust's lists are compared with the bot's submissions:
a match is not older than the submission, has the same version (if both are known), and belongs to a single
submission. If several are possible the outcome is an ``Ambiguity``, if too little is known yet ``TooEarly``.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.scan import Kind, State
from bot.features.results.models import ENDED, AppScan, Poll

CLOCKS_S: Final = 300.0
"""Maximum difference between OneTrust's clock and the bot's."""
NEAR_S: Final = 30.0
"""What is dated earlier than this before the submission may be someone else's: ours may not be listed yet."""
SOON_S: Final = 6 * 3600.0
"""Maximum age difference for new apps and uncertain submissions: what OneTrust dates later than this after
the submission may be someone else's."""
LATEST_S: Final = 24 * 3600.0
"""Maximum age difference for all submissions, so that one that never arrived stops competing for scans."""
LIST_LIMIT: Final = 100
"""Scans of an application that OneTrust lists; older ones are unknown."""


@dataclass(frozen=True, kw_only=True)
class UnmatchedSubmission:
    """A submission that is not matched yet."""

    number: int
    """Scan number."""
    since: float
    """Earliest possible time of the submission."""
    version: str | None = None
    build_number: str | None = None
    excluded: frozenset[str] = frozenset()
    """IDs that it can't be matched with."""
    until: float = math.inf
    """A scan dated later may be someone else's."""
    is_recent: bool = False
    """Whether its own scan may not be listed yet, and a listed one may belong to an earlier submission."""


@dataclass(frozen=True, kw_only=True)
class Ambiguity:
    """Several matches are possible."""

    count: int
    """Possible scans or apps; 1 if the only one is dated too late to be sure."""
    competing_submissions: int = 0
    """Other submissions of the bot with the same possible matches."""


@dataclass(frozen=True, kw_only=True)
class TooEarly:
    """There is a possible match, but its version or date is not known yet."""


def submission(poll: Poll, now: float, excluded: Collection[str] = ()) -> UnmatchedSubmission:
    """Return a scan's submission; ``now`` is seconds since the epoch."""
    scan, since = poll.scan, poll.followed.since
    needs_proof = scan.kind is Kind.NEW or scan.state is State.UNCERTAIN
    return UnmatchedSubmission(
        number=scan.number,
        since=since,
        version=scan.version,
        build_number=scan.build_number,
        excluded=frozenset(excluded),
        until=since + SOON_S if needs_proof else math.inf,
        is_recent=now < since + CLOCKS_S,
    )


def first_scan(application_id: str, scans: Sequence[AppScan]) -> AppScan | None:
    """Return an application's first scan, with the application's ID in place of its own.

    ``None`` if it is unknown: there is no scan, one without a date, or more than ``LIST_LIMIT``.
    """
    if not 0 < len(scans) < LIST_LIMIT or any(scan.scanned_at is None for scan in scans):
        return None
    first = min(scans, key=lambda scan: scan.scanned_at or 0.0)
    return AppScan(id=application_id, status=first.status, scanned_at=first.scanned_at, version=first.version)


NoMatch = Ambiguity | TooEarly | None
"""``None`` if there is no possible match."""
Match = AppScan | NoMatch


def reason(outcome: NoMatch, what: str) -> str:
    """Say for people why a build was not matched with a ``what``: ``app`` or ``scan``."""
    of = "of this name" if what == "app" else "of this app"
    match outcome:
        case None:
            return f"OneTrust's list has no new {what} {of} since then"
        case TooEarly():
            return f"OneTrust lists one {what} {of}, but not enough yet to know whether it is this build's"
        case Ambiguity(competing_submissions=others) if others:
            sent = f"{others + 1} builds {of} went to OneTrust at about the same time"
            return f"{sent}, and their {what}s can't be distinguished"
        case Ambiguity(count=1):
            dated = "dates it hours after this build was sent"
            return f"OneTrust has one {what} {of}, but {dated}, so it may be someone else's"
    return f"OneTrust has {outcome.count} {what}s {of} that could be this build's"


def match(submissions: Sequence[UnmatchedSubmission], scans: Sequence[AppScan]) -> Mapping[int, Match]:
    """Match submissions with scans; returns the match by scan number, ``None`` without one so far.

    ``submissions`` are all that compete for these scans; scans known to belong to others are excluded.
    """
    by_id = {scan.id: scan for scan in scans}
    by_number = {each.number: each for each in submissions}
    could_be = {each.number: {scan.id for scan in scans if _could_be(each, scan)} for each in submissions}
    matches: dict[int, Match] = dict.fromkeys(by_number)
    for group in _groups(could_be):
        owners = _pairs(group)
        own = {number: scan_id for scan_id, number in owners.items()}
        for number, scan_ids in group.items():
            if number in own and not _has_alternative(number, own[number], group, owners):
                matches[number] = _if_certain(by_number[number], by_id[own[number]])
            elif any(by_id[each].version is None and by_id[each].status not in ENDED for each in scan_ids):
                matches[number] = TooEarly()  # its version may decide
            else:
                matches[number] = Ambiguity(count=len(scan_ids), competing_submissions=len(group) - 1)
    return matches


_CouldBe = Mapping[int, set[str]]
"""The IDs of the scans that each submission could be."""


def _groups(could_be: _CouldBe) -> list[dict[int, set[str]]]:
    """Group submissions that compete for scans, directly or through others; omits those without any."""
    groups: list[dict[int, set[str]]] = []
    for number, scan_ids in could_be.items():
        joined, apart = {number: scan_ids} if scan_ids else {}, []
        for group in groups:
            if any(scan_ids & ids for ids in group.values()):
                joined |= group
            else:
                apart.append(group)
        groups = [*apart, joined] if joined else apart
    return groups


def _pairs(could_be: _CouldBe) -> dict[str, int]:
    """Assign a scan to each submission; empty if that is impossible for all of them."""
    owners: dict[str, int] = {}
    return owners if all(_place(number, could_be, owners, set()) for number in sorted(could_be)) else {}


def _place(number: int, could_be: _CouldBe, owners: dict[str, int], tried: set[str]) -> bool:
    """Assign a scan to one more submission, and others to those that have to make room."""
    for scan_id in sorted(could_be[number] - tried):
        tried.add(scan_id)
        if scan_id not in owners or _place(owners[scan_id], could_be, owners, tried):
            owners[scan_id] = number
            return True
    return False


def _has_alternative(number: int, own: str, could_be: _CouldBe, owners: Mapping[str, int]) -> bool:
    """Return whether a submission could have another scan while all others still get one."""
    others = {scan_id: owner for scan_id, owner in owners.items() if scan_id != own}
    return _place(number, {**could_be, number: could_be[number] - {own}}, others, set())


def _if_certain(wanted: UnmatchedSubmission, scan: AppScan) -> Match:
    """Return the only possible match, unless it may be, or turn out to be, someone else's."""
    at = scan.scanned_at or 0.0
    version_pending = scan.version is None and scan.status not in ENDED and _bare(wanted.version) != ""
    if version_pending or (wanted.is_recent and at < wanted.since - NEAR_S):
        return TooEarly()
    return scan if at <= wanted.until else Ambiguity(count=1)


def _could_be(wanted: UnmatchedSubmission, scan: AppScan) -> bool:
    return (
        scan.id not in wanted.excluded
        and scan.scanned_at is not None
        and -CLOCKS_S <= scan.scanned_at - wanted.since <= LATEST_S
        and _same_version(wanted, scan.version)
    )


def _same_version(wanted: UnmatchedSubmission, version: str | None) -> bool:
    """Compare a version with the build's; suffixes of the version, such as a build number, are ignored."""
    listed = _bare(version)
    ours = {_bare(wanted.version), _bare(wanted.build_number)} - {""}
    if not listed or not _bare(wanted.version):
        return True
    return listed in ours or re.split(r"[\s(+]", listed, maxsplit=1)[0] in ours


def _bare(version: str | None) -> str:
    return (version or "").strip().lower().removeprefix("v").strip()
