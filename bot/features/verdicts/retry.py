"""Retries a side scanner's part of a scan that got no verdict, when a person asks for it.

OneTrust's part of the scan does not change.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.core.ports import Announcer, Clock
from bot.core.scan import SubmissionState
from bot.errors import NotFound, Superseded
from bot.features.verdicts.models import VerdictState
from bot.features.verdicts.ports import VerdictStore
from bot.features.verdicts.side_scanner import SideScanner

MOVED_ON: Final = "{vendor}'s part of scan #{number} has changed meanwhile: there is nothing to retry."
UNKNOWN: Final = "That scanner is no longer set up here, so it can't be asked again."


class VerdictRetry:
    """Resets a verdict to the step to retry; ``scanners`` are by name, and include those not set up."""

    def __init__(
        self,
        *,
        store: VerdictStore,
        announcer: Announcer,
        clock: Clock,
        wake: Callable[[], None],
        scanners: Mapping[str, SideScanner],
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._wake = wake
        self._scanners = scanners

    async def ask(self, name: str, number: int, user: str) -> None:
        """Request the report now if the scanner accepted the build; otherwise send the build again.

        If there is a verdict on the same file by now, it is used, and nothing is requested or sent.

        Raises:
            NotFound: what that takes is not set up any more.
            Superseded: it is in progress, or there is nothing to retry.
        """
        scanner = self._scanners.get(name)
        if scanner is None:
            raise NotFound(UNKNOWN)
        profile = scanner.profile
        verdict = await self._store.verdicts.of(name, number)
        if verdict is None or not verdict.may_be_asked_again:
            raise Superseded(MOVED_ON.format(vendor=profile.vendor, number=number))
        if scanner.submissions is None:
            raise NotFound(profile.fill(profile.not_set_up))
        scan = await self._store.scans.scan(number)
        known = await self._store.verdicts.known(name, scan.sha256 or "") is not None
        only_report = verdict.is_taken and not known
        if only_report and scanner.reports is None:
            raise NotFound(profile.fill(profile.no_reports))
        now = self._clock.now()
        again: dict[str, Any] = {
            "due_at": now,
            "begun_at": now,
            "looks": 0,
            "problem": None,
            "ended_at": None,
        }
        if only_report:  # how often it was sent stays: it counts against the daily limit
            again["state"] = VerdictState.ANALYSING
        else:
            again |= {
                "state": VerdictState.WAITING,
                "tries": 0,
                "since": None,
                "submission": SubmissionState.PENDING,
                "status": None,
            }
        await self._store.verdicts.keep(
            name, number, why=f"ask {profile.vendor} again", who=user, expect={verdict.state}, **again
        )
        self._announcer.changed(number)
        self._wake()
