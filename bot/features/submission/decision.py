"""Decides whether a build is a new scan or a rescan, and why.

In this order: what a person requested, a link, a new scan if the app was never seen; else a question, as
another new scan would create a duplicate app in OneTrust.
"""

from dataclasses import dataclass
from typing import Protocol

from bot.core import identifiers
from bot.core.build import Build
from bot.core.scan import Kind, Link, Question, Reason, Scan, State


@dataclass(frozen=True, kw_only=True)
class DecisionFacts:
    """Facts for the decision, read in the transaction that records it."""

    link: Link | None = None
    """The link of this bundle identifier and platform."""
    owners: tuple[Link, ...] = ()
    """Links of the requested app ID to other bundle identifiers or platforms."""
    same_file: Scan | None = None
    """The newest other scan of this SHA-256 that is in flight, submitted or uncertain."""
    in_flight: Scan | None = None
    """Another scan of this bundle identifier and platform that is in flight."""
    seen: Scan | None = None
    """The newest other scan of this bundle identifier and platform that is submitted or uncertain."""
    known: bool = False
    """Whether there was one that has been purged from the history."""
    verdicts_over: frozenset[str] = frozenset()
    """Side scanners that are done with this scan, or that it waited for before."""
    verdicts_known: frozenset[str] = frozenset()
    """Side scanners with a verdict on the same file."""


@dataclass(frozen=True, kw_only=True)
class VerdictRequest:
    """A side scanner that is to judge the build."""

    scanner: str
    """Its name in rows."""
    held_until: float | None = None
    """When OneTrust's part stops waiting for it; ``None`` if it does not wait."""
    held_for: str = ""
    """What is waited for, as part of a sentence: "Zscaler's verdict"."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The next state of a build that was read."""

    state: State
    why: str
    kind: Kind | None = None
    reason: Reason | None = None
    app_id: str | None = None
    question: Question | None = None
    original: int | None = None
    problem: str | None = None
    """What is wrong, for people, if the scan ends here."""
    route: str | None = None
    route_why: str = ""
    requests: tuple[VerdictRequest, ...] = ()
    """Requests to side scanners; one that was made before for the scan is not repeated."""

    @property
    def held_until(self) -> float | None:
        """Return when a ``QUEUED`` scan stops waiting for verdicts; ``None`` if it is due at once."""
        return max((each.held_until for each in self.requests if each.held_until is not None), default=None)


_REASONS = {
    Reason.REQUEST: "as the rescan request asked",
    Reason.COMMAND: "as the command asked",
    Reason.COMMENT: "as the comment asked",
    Reason.LINKED: "as it is linked",
    Reason.FIRST: "never scanned before",
    Reason.CHOSEN: "as was chosen",
}
"""As part of a line of the timeline."""


def decide(scan: Scan, facts: DecisionFacts) -> Decision:
    """Decide what to do with ``scan``, whose build and SHA-256 are known."""
    if scan.kind is not None and scan.reason is Reason.CHOSEN:
        # Only a person's choice is kept for another attempt: by now the app ID may be known.
        return _submit(scan.kind, Reason.CHOSEN, scan.app_id)
    if scan.asked_app_id is not None:
        linked_here = facts.link is not None and facts.link.app_id.lower() == scan.asked_app_id.lower()
        if facts.owners and not linked_here:
            why = "the requested app ID is linked to another bundle identifier or platform"
            return Decision(state=State.ASKING, question=Question.APP_ID_TAKEN, why=why)
        return _submit(Kind.RESCAN, _request_reason(scan), scan.asked_app_id)
    if facts.same_file is not None and not scan.insist:
        number = facts.same_file.number
        return Decision(state=State.DUPLICATE, original=number, why=f"the same file as scan #{number}")
    if facts.link is not None:
        return _submit(Kind.RESCAN, Reason.LINKED, facts.link.app_id)
    if identifiers.misread(scan.comment):
        why = "the comment requests a rescan of something that is not an app ID"
        return Decision(state=State.ASKING, question=Question.MISREAD, why=why)
    if facts.in_flight is not None:
        number = facts.in_flight.number
        why = f"scan #{number} of the same app is in flight"
        return Decision(state=State.WAITING, original=number, why=why)
    if facts.seen is None and not facts.known:
        return _submit(Kind.NEW, Reason.FIRST, None)
    why, seen = "scanned before, and its app ID is not known", facts.seen.number if facts.seen else None
    return Decision(state=State.ASKING, question=Question.SEEN_BEFORE, original=seen, why=why)


def _submit(kind: Kind, reason: Reason, app_id: str | None) -> Decision:
    what = "new app" if kind is Kind.NEW else f"rescan of {app_id}"
    return Decision(
        state=State.SUBMITTING, kind=kind, reason=reason, app_id=app_id, why=f"{what}, {_REASONS[reason]}"
    )


def _request_reason(scan: Scan) -> Reason:
    if scan.request_number is not None:
        return Reason.REQUEST
    return Reason.COMMAND if scan.occasion else Reason.COMMENT


class Adjustment(Protocol):
    """What another feature changes in a decision."""

    def applied(
        self, decision: Decision, build: Build, scan: Scan, facts: DecisionFacts, *, now: float
    ) -> Decision:
        """Return the decision to carry out."""
