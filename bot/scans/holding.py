"""Whether a second scanner is asked about a build, and whether OneTrust's part waits for what it says."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.scans.builds import Build, FileType
from bot.scans.decision import Facts, Verdict
from bot.scans.memory import Store
from bot.scans.models import Scan, Source, State
from bot.scans.verdicts import DISCAN_LIMIT_BYTES

_ASKED = frozenset({State.SUBMITTING, State.WAITING, State.ASKING})
"""What a build that goes on becomes; nobody asks about what ends here."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """How a second scanner bears on a decision."""

    hold_max_s: float | None = None
    """For how long at most a build waits for its verdict; ``None`` where none does."""

    def applied(self, verdict: Verdict, build: Build, scan: Scan, facts: Facts, *, now: float) -> Verdict:
        """Return the decision with the second scanner's part in it.

        Held is what it can judge and has not judged yet; once, and never at a later try.
        """
        if scan.source is not Source.SLACK or verdict.state not in _ASKED:
            return verdict
        asked = replace(verdict, second=True)
        first = scan.submission.attempts == 0 and not facts.second_over
        if verdict.state is not State.SUBMITTING or self.hold_max_s is None or not first:
            return asked
        if facts.second_known or not can_be_judged(build.file_type, scan.size_bytes):
            return asked
        most = span(self.hold_max_s)
        return replace(
            asked,
            state=State.QUEUED,
            why=f"{verdict.why}; waits for Zscaler's verdict, {most} at most",
            problem=f"This build waits for Zscaler's verdict, {most} at most. Then it is sent to OneTrust.",
            held_until=now + self.hold_max_s,
            route=None,
            route_why="",
        )


class Unheld:
    """Lets go on what an earlier process held, where builds are held no more; one of the runner's jobs."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self._done = False

    async def turn(self) -> None:
        """Do it once."""
        if not self._done:
            await self._store.opinions.hasten_held()
            self._done = True
            self._wake()


def can_be_judged(file_type: FileType | None, size_bytes: int | None) -> bool:
    """Tell whether the Sandbox takes such a file: it knows no iOS apps, and no bundles."""
    return file_type is FileType.APK and (size_bytes or 0) <= DISCAN_LIMIT_BYTES


def span(seconds: float) -> str:
    """Return how long something takes, for people."""
    return f"{round(seconds / 60)} min" if seconds >= 60 else f"{round(seconds)} s"
