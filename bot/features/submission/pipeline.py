"""Processes one scan, from its file in Slack to a request ID: pull, read, decide, submit.

All state is in the rows: wherever a run stops, the scan's state says how the next one continues.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from bot.core.backoff import SERVER_BACKOFF
from bot.core.circuit_breaker import AWAY, CircuitBreaker
from bot.core.file_names import unsupported_name
from bot.core.log_context import concerning
from bot.core.ports import Announcer, BuildReader, Clock, Files
from bot.core.scan import WORKING, Build, Pulled, Scan, State, SubmissionState
from bot.core.work_dir import WorkDir
from bot.errors import (
    BuildRejected,
    FileUnavailable,
    NoRoom,
    NoRoute,
    PullFailed,
    Refused,
    StoreUnavailable,
    SubmissionError,
    Superseded,
    TooLarge,
    TryLater,
    Uncertain,
    UnknownApp,
)
from bot.features.submission.decision import Adjustment, Decision, DecisionFacts, decide
from bot.features.submission.outcomes import Outcomes, SubmissionJournal
from bot.features.submission.ports import SubmissionStore
from bot.features.submission.routes import Order, Routes

T = TypeVar("T")
logger = logging.getLogger(__name__)

MAXIMUM_SENDS = 300
"""Sends to a scanner that asks to retry later: a long weekend at the longest waits.

Waiting for an open circuit breaker doesn't count.
"""
MAXIMUM_PULLS = 6
"""Consecutive failed attempts to pull a file from Slack."""
STOPPED = "the bot was stopped"
INSIDE = "Something went wrong inside the bot. Its log says more, under this scan's number."


@dataclass(kw_only=True, eq=False, repr=False)
class Pipeline:
    """Processes due scans, one per ``run``."""

    store: SubmissionStore
    files: Files
    reader: BuildReader
    routes: Routes
    announcer: Announcer
    clock: Clock
    breaker: CircuitBreaker
    work_dir: WorkDir
    may_create_link: Callable[[Scan], bool]
    accepts_aab: bool = False
    adjustment: Adjustment | None = None

    def __post_init__(self) -> None:
        """Make the recorder of outcomes."""
        self._outcomes = Outcomes(self.store, self.clock, self.may_create_link)

    @concerning
    async def run(self, number: int) -> None:
        """Process a due scan until it is queued, waits for another scan or a person, or has ended.

        Cancelling the task requeues the scan; it is uncertain if its last bytes may have been sent.

        Raises:
            Exception: the outcome could not be recorded, so the scan is still due.
        """
        try:
            await self._run(number)
        except Superseded:
            return  # cancelled or settled by a person meanwhile
        except asyncio.CancelledError:
            await asyncio.shield(self.store.scans.requeue(number, why=STOPPED))
            raise
        except StoreUnavailable:
            raise  # not the scan's fault: it is recovered once the database can be written to
        except Exception:
            logger.exception("unexpected error in scan #%d", number)
            if not await self._fail(number):
                raise
        finally:
            self.announcer.changed(number)

    async def _fail(self, number: int) -> bool:
        """End a scan after an error in the bot; tell whether it has ended, rather than being due still."""
        scan = await self.store.scans.scan(number)
        if scan.submission.state is SubmissionState.COMMITTED:
            await self.store.scans.requeue(number, why="an error inside the bot")
        elif scan.state in WORKING:
            await self._outcomes.ended(scan, State.FAILED, INSIDE)
        return scan.state not in {State.RECEIVED, State.QUEUED}

    async def _run(self, number: int) -> None:
        if (closed_until := self.work_dir.closed_until) is not None:
            await self.store.queue.postpone(number, NoRoom().user_message, closed_until)
            return
        scan = await self.store.scans.begin(number)
        if (sentence := unsupported_name(scan.file_name, accepts_aab=self.accepts_aab)) is not None:
            await self._outcomes.ended(scan, State.REJECTED, sentence)
            return
        self.announcer.changed(number)
        try:
            with self.work_dir.room(number) as room:
                await self._work(scan, room / "build")
        except NoRoom as error:
            logger.warning("scan #%d waits for free disk space: %s", number, error)
            wait_s = self.work_dir.mark_full() - self.clock.now()
            pulls = await self.store.scans.pulls(number) - 1  # not the file's fault
            await self._outcomes.reschedule(scan, error.user_message, wait_s, pulls=pulls)

    async def _work(self, scan: Scan, path: Path) -> None:
        """Process a scan that was begun; ``path`` is where its build is written to."""
        number = scan.number
        pulled = await self._pull(scan, path)
        if pulled is None:
            return
        self.work_dir.mark_writable()
        scan = await self.store.scans.move(
            number,
            State.CHECKING,
            why="pulled",
            expect={State.PULLING},
            scan={"size_bytes": pulled.size_bytes, "sha256": pulled.sha256, "pulls": 0},
        )
        self.announcer.changed(number)
        try:
            build = await self.reader.read(path, scan.file_name)
        except BuildRejected as error:
            await self._outcomes.ended(scan, State.REJECTED, error.user_message)
            return
        for note in build.tampering:
            await self.store.scans.note(number, f"this archive is built to confuse readers: {note}")
        name = scan.asked_name or build.name
        decisions: list[Decision] = []

        def choose(scan: Scan, facts: DecisionFacts) -> Decision:
            decisions.append(self._decide(build, scan, facts))
            return decisions[-1]

        scan = await self.store.scans.decide(number, build, name, choose)
        self.announcer.changed(number)
        if decisions[-1].requests:
            self.work_dir.keep(path, pulled.sha256)
        if scan.state is State.SUBMITTING:
            await self._submit(scan, path)

    def _decide(self, build: Build, scan: Scan, facts: DecisionFacts) -> Decision:
        """Decide what happens to a scan, by which route, and which side scanners it needs or waits for."""
        decision = decide(scan, facts)
        if decision.state is State.SUBMITTING:
            try:
                size_bytes, kind = _known(scan.size_bytes), _known(decision.kind)
                route, why = self.routes.choose(size_bytes=size_bytes, file_type=build.file_type, kind=kind)
                decision = replace(decision, route=route, route_why=why)
            except NoRoute as error:
                sentence = error.user_message
                decision = replace(decision, state=State.FAILED, why=sentence, problem=sentence)
        if self.adjustment is None:
            return decision
        return self.adjustment.applied(decision, build, scan, facts, now=self.clock.now())

    async def _pull(self, scan: Scan, path: Path) -> Pulled | None:
        """Pull the scan's file; ``None`` if that failed and the scan has ended or is retried later."""
        try:
            progress = partial(self.announcer.progress, scan.number)
            return await self.files.pull(scan, path, limit_bytes=self.routes.limit_bytes, progress=progress)
        except TooLarge as error:
            no_route = self.routes.none_fits(error.size_bytes)
            await self._outcomes.ended(scan, State.FAILED, no_route.user_message)
        except (BuildRejected, FileUnavailable) as error:
            end = State.REJECTED if isinstance(error, BuildRejected) else State.FAILED
            await self._outcomes.ended(scan, end, error.user_message)
        except PullFailed as error:
            pulls = await self.store.scans.pulls(scan.number)
            if error.limited:  # Slack's rate limit: not counted as a failed pull
                wait_s = max(error.retry_after_s or 0.0, SERVER_BACKOFF.delay_s(pulls))
                await self._outcomes.reschedule(scan, error.user_message, wait_s, pulls=pulls - 1)
            elif pulls >= MAXIMUM_PULLS:
                await self._outcomes.ended(scan, State.FAILED, error.user_message)
            else:
                wait_s = SERVER_BACKOFF.delay_s(pulls, error.retry_after_s)
                await self._outcomes.reschedule(scan, error.user_message, wait_s)
        return None

    async def _submit(self, scan: Scan, path: Path) -> None:
        number, breaker = scan.number, self.breaker
        if not breaker.enter(number):  # it has opened since this scan was begun
            await self._outcomes.reschedule(scan, AWAY, breaker.wait_s, attempts=scan.submission.attempts - 1)
            return
        journal = SubmissionJournal(self.store, self.announcer, self.clock, number)
        try:
            journal.progress(0, _known(scan.size_bytes))  # from here on the progress of sending
            route = self.routes[_known(scan.submission.route)]
            receipt = await route.submit(_order(scan), path, journal)
        except SubmissionError as error:
            match error:  # a refusal without a status is not the scanner's
                case Refused(status=int()) | Uncertain(scanner_failed=False):
                    breaker.answered(number)
                case TryLater(scanner_failed=True):
                    breaker.failed(number, error.retry_after_s)
                case Uncertain():
                    breaker.failed(number)
            await self._not_accepted(scan, error)
        else:
            breaker.answered(number)
            await self._outcomes.accepted(scan, receipt)
        finally:
            breaker.leave(number)

    async def _not_accepted(self, scan: Scan, error: SubmissionError) -> None:
        outcomes, problem, status = self._outcomes, error.user_message, error.status
        attempts = scan.submission.attempts
        match error:
            case UnknownApp() if await outcomes.ask_which_app(scan, error):
                pass
            case UnknownApp():  # the next attempt creates an application that no longer exists again
                changes = {"application_id": None}
                await outcomes.ended(scan, State.FAILED, problem, SubmissionState.REFUSED, status, **changes)
            case Refused():
                await outcomes.ended(scan, State.FAILED, problem, SubmissionState.REFUSED, status)
            case TryLater() if attempts < MAXIMUM_SENDS:
                waits_for_breaker = self.breaker.is_open and error.scanner_failed
                backoff_s = SERVER_BACKOFF.delay_s(attempts, error.retry_after_s)
                wait_s = self.breaker.wait_s if waits_for_breaker else backoff_s
                await outcomes.reschedule(scan, problem, wait_s, status=status)
            case TryLater():
                await outcomes.ended(scan, State.FAILED, problem, status=status)
            case _:
                await outcomes.ended(scan, State.UNCERTAIN, problem, SubmissionState.UNCERTAIN, status)


def _order(scan: Scan) -> Order:
    return Order(
        number=scan.number,
        kind=_known(scan.kind),
        file_type=_known(scan.file_type),
        name=scan.name or "",
        app_id=scan.app_id,
        application_id=scan.submission.application_id,
        file_name=scan.file_name,
        size_bytes=_known(scan.size_bytes),
        sha256=_known(scan.sha256),
    )


def _known(value: T | None) -> T:
    if value is None:
        raise RuntimeError("a scan is submitted only after its build was read")
    return value
