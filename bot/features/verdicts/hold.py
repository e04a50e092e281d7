"""Which side scanners judge a build, and whether its submission to OneTrust waits for their verdicts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.core.build import Build
from bot.core.scan import Scan, Source, State
from bot.features.submission.decision import Decision, DecisionFacts, VerdictRequest
from bot.features.verdicts.models import span
from bot.features.verdicts.side_scanner import SideScanner

_ASKED = frozenset({State.SUBMITTING, State.WAITING, State.ASKING})
"""Decisions that request verdicts; others end the scan."""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Adds requests to side scanners to a decision."""

    scanners: tuple[SideScanner, ...]
    """Those that get builds."""

    def applied(
        self, decision: Decision, build: Build, scan: Scan, facts: DecisionFacts, *, now: float
    ) -> Decision:
        """Return the decision with the requests to side scanners.

        A build is held for each scanner that accepts it and has not judged it yet, on its first attempt only.
        """
        if scan.source is not Source.SLACK or decision.state not in _ASKED:
            return decision
        may_hold = decision.state is State.SUBMITTING and scan.submission.attempts == 0
        done = facts.verdicts_over | facts.verdicts_known
        requests = []
        for scanner in self.scanners:
            name, hold_s, held = scanner.name, scanner.hold_max_s, VerdictRequest(scanner=scanner.name)
            accepts = scanner.profile.accepts(build.file_type, scan.size_bytes)
            if may_hold and hold_s is not None and accepts and name not in done:
                held = replace(held, held_until=now + hold_s, held_for=scanner.profile.verdict)
            requests.append(held)
        asked = replace(decision, requests=tuple(requests))
        if asked.held_until is None:
            return asked
        held_for = joined(each.held_for for each in requests if each.held_until is not None)
        waits = f"waits for {held_for}, {span(asked.held_until - now)} at most"
        return replace(
            asked,
            state=State.QUEUED,
            why=f"{decision.why}; {waits}",
            problem=f"This build {waits}. Then it is sent to OneTrust.",
            route=None,
            route_why="",
        )


def joined(parts: Iterable[str]) -> str:
    """Return the parts as part of a sentence: "Zscaler's verdict and Acme's verdict"."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
