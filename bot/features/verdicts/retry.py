"""Retries a side scanner's part of a scan, when a person asks for it; OneTrust's part does not change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.core.ports import Announcer, Clock
from bot.core.scan import SubmissionState
from bot.errors import NotFound, Superseded
from bot.features.verdicts.models import VerdictState
from bot.features.verdicts.outcomes import VerdictStore
from bot.features.verdicts.side_scanner import SideScanner

MOVED_ON: Final = "{vendor}'s part of scan #{number} has changed meanwhile: there is nothing to retry."
UNKNOWN: Final = "That scanner is no longer set up here, so it can't be asked again."


@dataclass(kw_only=True, eq=False, repr=False)
class VerdictRetry:
    """Resets a verdict to the step to retry."""

    store: VerdictStore
    announcer: Announcer
    clock: Clock
    wake: Callable[[], None]
    scanners: Mapping[str, SideScanner]
    """By name, including those that are not set up."""

    async def ask(self, name: str, number: int, user: str) -> None:
        """Request the report now if the scanner accepted the build; otherwise send the build again.

        A verdict on the same file that is known by now is used instead.

        Raises:
            NotFound: what that takes is not set up any more.
            Superseded: it is in progress, or there is nothing to retry.
        """
        scanner = self.scanners.get(name)
        if scanner is None:
            raise NotFound(UNKNOWN)
        profile = scanner.profile
        scan, verdict = await self.store.verdicts.of(name, number)
        if verdict is None or not verdict.may_be_asked_again:
            raise Superseded(MOVED_ON.format(vendor=profile.vendor, number=number))
        if scanner.submissions is None:
            raise NotFound(profile.fill(profile.not_set_up))
        now = self.clock.now()
        again: dict[str, Any] = {
            "due_at": now,
            "begun_at": now,
            "polls": 0,
            "problem": None,
            "ended_at": None,
        }
        other = await self.store.verdicts.of_file(name, scan.sha256)
        if verdict.is_taken and (other is None or other.result is None):
            if scanner.reports is None:
                raise NotFound(profile.fill(profile.no_reports))
            again["state"] = VerdictState.ANALYSING  # its attempts stay: they count against the daily limit
        else:
            again |= {"state": VerdictState.WAITING, "attempts": 0, "since": None}
            again |= {"submission": SubmissionState.PENDING, "status": None}
        await self.store.verdicts.keep(
            name, number, why=f"ask {profile.vendor} again", who=user, expect={verdict.state}, **again
        )
        self.announcer.changed(number)
        self.wake()
