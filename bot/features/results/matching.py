"""Which scan, or app, in OneTrust a submission became: told by name, time and version, never guessed.

Nothing leads from a webhook's request ID to a scan. So what OneTrust lists is compared with what the bot
sent: it is no older than the submission, of the same version where both are known, and each is one
submission's only. Where that leaves a doubt, there is a ``Doubt``; where it is too early to tell, ``Early``.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.scan import Kind, Scan, State
from bot.features.results.models import ENDED, AppScan, ResultStatus

CLOCKS_S: Final = 300.0
"""How far OneTrust's clock and the bot's may be apart."""
NEAR_S: Final = 30.0
"""What is dated earlier before the submission may be somebody else's: the bot's own may not be listed yet."""
SOON_S: Final = 6 * 3600.0
"""A new app, or a scan of which it is not known whether it was asked for, that OneTrust dates later than this
after the submission is not taken for it: it may be somebody else's."""
LATEST_S: Final = 24 * 3600.0
"""A submission's scan is not dated later than this after it: what never arrived vies for nothing for ever."""
LISTED: Final = 100
"""Scans of an application that are listed at most; of more, the oldest are not known."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One submission, as it is looked for."""

    number: int
    """The scan's."""
    since: float
    """When it was submitted, or may have been at the earliest."""
    version: str | None = None
    build_number: str | None = None
    barred: frozenset[str] = frozenset()
    """IDs of what it can't be."""
    until: float = math.inf
    """What is dated later may be somebody else's."""
    fresh: bool = False
    """Whether it was submitted so lately that what is listed may be of just before, and its own to come."""


@dataclass(frozen=True, kw_only=True)
class Ambiguity:
    """Several could be meant, and nothing tells them apart."""

    count: int
    """How many of OneTrust's could be the one; where it is one alone, that came late."""
    competing_submissions: int = 0
    """How many other submissions of the bot's could be meant by the same."""


@dataclass(frozen=True, kw_only=True)
class TooEarly:
    """One that may be the one is there, but whether it is can't be told yet."""


def candidate(scan: Scan, followed: ResultStatus, now: float, barred: Collection[str] = ()) -> Candidate:
    """Return how a scan is looked for; ``now`` is seconds since the epoch."""
    needs_proof = scan.kind is Kind.NEW or scan.state is State.UNCERTAIN
    return Candidate(
        number=scan.number,
        since=followed.since,
        version=scan.version,
        build_number=scan.build_number,
        barred=frozenset(barred),
        until=followed.since + SOON_S if needs_proof else math.inf,
        fresh=now < followed.since + CLOCKS_S,
    )


def as_made(application_id: str, scans: Sequence[AppScan]) -> AppScan | None:
    """Return what an application began with: its first scan, under the application's ID.

    ``None`` where that is not known: it has no scan, one without a date, or more than are listed.
    """
    if not 0 < len(scans) < LISTED or any(scan.scanned_at is None for scan in scans):
        return None
    first = min(scans, key=lambda scan: scan.scanned_at or 0.0)
    return AppScan(id=application_id, status=first.status, scanned_at=first.scanned_at, version=first.version)


Told = AppScan | Ambiguity | TooEarly | None


def match(seekers: Sequence[Candidate], found: Sequence[AppScan]) -> Mapping[int, Told]:
    """Tell for each submission which of ``found`` it is; ``None`` where it is none of them, so far.

    ``seekers`` are all submissions that could be meant by these; what is known to be others' is not in
    ``found``, or barred.
    """
    by_id = {scan.id: scan for scan in found}
    by_number = {each.number: each for each in seekers}
    could_be = {each.number: {scan.id for scan in found if _could_be(each, scan)} for each in seekers}
    told: dict[int, Told] = dict.fromkeys(by_number)
    for together in _connected(could_be):
        paired = _pairs(together)
        for number, scan_ids in together.items():
            if number in paired and not _has_other(number, together, paired):
                told[number] = _sure(by_number[number], by_id[paired[number]])
            elif any(by_id[each].version is None and by_id[each].status not in ENDED for each in scan_ids):
                told[number] = TooEarly()  # once its version is known, there may be no doubt
            else:
                told[number] = Ambiguity(count=len(scan_ids), competing_submissions=len(together) - 1)
    return told


_CouldBe = Mapping[int, set[str]]
"""The IDs of the scans that each submission could be."""


def _connected(could_be: _CouldBe) -> list[dict[int, set[str]]]:
    """Put submissions together that vie for the same scans, or with those that do; not those without any."""
    groups: list[tuple[dict[int, set[str]], set[str]]] = []
    for number, scan_ids in could_be.items():
        if not scan_ids:
            continue
        together, reached = {number: scan_ids}, set(scan_ids)
        apart = []
        for group in groups:
            if group[1] & reached:
                together |= group[0]
                reached |= group[1]
            else:
                apart.append(group)
        groups = [*apart, (together, reached)]
    return [together for together, _ in groups]


def _pairs(could_be: _CouldBe) -> dict[int, str]:
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


def _has_other(number: int, could_be: _CouldBe, paired: Mapping[int, str]) -> bool:
    """Tell whether a submission could have another scan than it is paired with, and all others still one."""
    owners = {scan_id: owner for owner, scan_id in paired.items()}
    own = paired[number]
    reached = could_be[number] - {own}
    left = list(reached)
    while left:
        owner = owners.get(left.pop())
        if owner is None or own in could_be[owner]:
            return True  # it is free; or its owner takes what is given up
        left += could_be[owner] - reached
        reached |= could_be[owner]
    return False


def _sure(wanted: Candidate, scan: AppScan) -> Told:
    """Return the only one that could be meant, unless it may be, or turn out to be, somebody else's."""
    at = scan.scanned_at or 0.0
    version_to_come = scan.version is None and scan.status not in ENDED and _bare(wanted.version) != ""
    if version_to_come or (wanted.fresh and at < wanted.since - NEAR_S):
        return TooEarly()
    return scan if at <= wanted.until else Ambiguity(count=1)


def _could_be(wanted: Candidate, scan: AppScan) -> bool:
    return (
        scan.id not in wanted.barred
        and scan.scanned_at is not None
        and -CLOCKS_S <= scan.scanned_at - wanted.since <= LATEST_S
        and _same_version(wanted, scan.version)
    )


def _same_version(wanted: Candidate, version: str | None) -> bool:
    """Tell whether a version may be the build's; what is added to it, such as a build number, is let be."""
    told = _bare(version)
    ours = {_bare(wanted.version), _bare(wanted.build_number)} - {""}
    if not told or not _bare(wanted.version):
        return True
    return told in ours or re.split(r"[\s(+]", told, maxsplit=1)[0] in ours


def _bare(version: str | None) -> str:
    return (version or "").strip().lower().removeprefix("v").strip()
