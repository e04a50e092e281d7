"""One scan's way from a file in Slack to a request ID.

``run`` does all that can be done now: pull, read, decide, submit. Whatever stops it leaves the scan in a
state from which the rows say how it goes on; nothing is kept between two runs but the rows.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
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
from bot.features.submission.decision import Decision, DecisionFacts, decide
from bot.features.submission.journal import SubmissionJournal
from bot.features.submission.outcomes import Outcomes
from bot.features.submission.ports import SubmissionStore
from bot.features.submission.routes import Order, Routes
from bot.features.verdicts.hold import Hold

T = TypeVar("T")
logger = logging.getLogger(__name__)

MAXIMUM_SENDS = 300
"""Attempts to send a build to a scanner that says "later": a long weekend, at the longest waits.

Waiting while nothing is sent to the scanner at all is no attempt.
"""
MAXIMUM_PULLS = 6
"""Failed attempts in a row to pull a file from Slack."""
STOPPED = "the bot was stopped"
INSIDE = "Something went wrong inside the bot. Its log says more, under this scan's number."


class Pipeline:
    """Takes one scan as far as it goes."""

    def __init__(
        self,
        *,
        store: SubmissionStore,
        files: Files,
        reader: BuildReader,
        routes: Routes,
        announcer: Announcer,
        clock: Clock,
        breaker: CircuitBreaker,
        work_dir: WorkDir,
        may_create_link: Callable[[Scan], bool],
        accepts_aab: bool = False,
        holding: Hold | None = None,
    ) -> None:
        self._store = store
        self._files = files
        self._reader = reader
        self._routes = routes
        self._announcer = announcer
        self._clock = clock
        self._breaker = breaker
        self._work_dir = work_dir
        self._outcomes = Outcomes(store, clock, may_create_link)
        self._accepts_aab = accepts_aab
        self._holding = holding

    @concerning
    async def run(self, number: int) -> None:
        """Take up a due scan; returns when it waits, asks or is settled.

        Cancelling the task hands the scan back: it is taken up again, or is uncertain if its last bytes
        may have gone.

        Raises:
            Exception: the scan is due still, as what happened could not even be recorded.
        """
        try:
            await self._run(number)
        except Superseded:
            return  # taken back, or settled by a person, while it was worked on
        except asyncio.CancelledError:
            await asyncio.shield(self._store.scans.requeue(number, why=STOPPED))
            raise
        except StoreUnavailable:
            raise  # nothing is wrong with the scan: it is handed back once the database can be written
        except Exception:
            logger.exception("scan #%d met an error that nobody foresaw", number)
            if not await self._fail(number):
                raise
        finally:
            self._announcer.changed(number)

    async def _fail(self, number: int) -> bool:
        """Settle a scan that met an error inside the bot; tell whether it is settled, or due still."""
        scan = await self._store.scans.scan(number)
        if scan.submission.state is SubmissionState.COMMITTED:
            await self._store.scans.requeue(number, why="an error inside the bot")
        elif scan.state in WORKING:
            await self._outcomes.ended(scan, State.FAILED, INSIDE)
        return scan.state not in {State.RECEIVED, State.QUEUED}

    async def _run(self, number: int) -> None:
        if (closed_until := self._work_dir.closed_until) is not None:
            await self._store.queue.postpone(number, NoRoom().user_message, closed_until)
            return  # not even asked for: the disk would take no more
        scan = await self._store.scans.begin(number)
        if (sentence := unsupported_name(scan.file_name, accepts_aab=self._accepts_aab)) is not None:
            await self._outcomes.ended(scan, State.REJECTED, sentence)
            return
        self._announcer.changed(number)
        try:
            with self._work_dir.room(number) as room:
                await self._work(scan, room / "build")
        except NoRoom as error:
            logger.warning("scan #%d waits for room: %s", number, error)
            await self._wait_for_room(scan, error)

    async def _work(self, scan: Scan, path: Path) -> None:
        """Take a scan that was taken up as far as it goes; ``path`` is where its build may be."""
        number = scan.number
        pulled = await self._pull(scan, path)
        if pulled is None:
            return
        self._work_dir.has_room()
        scan = await self._store.scans.move(
            number,
            State.CHECKING,
            why="pulled whole",
            expect={State.PULLING},
            scan={"size_bytes": pulled.size_bytes, "sha256": pulled.sha256, "pulls": 0},
        )
        self._announcer.changed(number)
        try:
            build = await self._reader.read(path, scan.file_name)
        except BuildRejected as error:
            await self._outcomes.ended(scan, State.REJECTED, error.user_message)
            return
        name = scan.asked_name or build.name
        decisions: list[Decision] = []

        def choose(scan: Scan, facts: DecisionFacts) -> Decision:
            decisions.append(self._choose_with_second(build, scan, facts))
            return decisions[-1]

        scan = await self._store.scans.decide(number, build, name, choose)
        self._announcer.changed(number)
        if decisions[-1].requests:
            self._work_dir.keep(path, pulled.sha256)
        if scan.state is State.SUBMITTING:
            await self._submit(scan, path)

    def _choose(self, build: Build, scan: Scan, facts: DecisionFacts) -> Decision:
        """Decide what a scan becomes and, where it is to be submitted, by which route."""
        verdict = decide(scan, facts)
        if verdict.state is not State.SUBMITTING:
            return verdict
        try:
            choice = self._routes.choose(
                size_bytes=_known(scan.size_bytes), file_type=build.file_type, kind=_known(verdict.kind)
            )
        except NoRoute as error:
            return replace(verdict, state=State.FAILED, why=error.user_message, problem=error.user_message)
        return replace(verdict, route=choice.route.name, route_why=choice.why)

    def _choose_with_second(self, build: Build, scan: Scan, facts: DecisionFacts) -> Decision:
        """Decide, and where there is a second scanner whether it is asked, and waited for."""
        verdict = self._choose(build, scan, facts)
        if self._holding is None:
            return verdict
        return self._holding.applied(verdict, build, scan, facts, now=self._clock.now())

    async def _wait_for_room(self, scan: Scan, error: NoRoom) -> None:
        """Put off a scan whose build the bot's own disk does not take, for as long as that lasts."""
        due_at = self._work_dir.is_full()
        tries = await self._store.scans.pulls(scan.number)
        await self._store.scans.move(
            scan.number,
            State.QUEUED,
            why=error.user_message,
            expect={State.PULLING},
            scan={"problem": error.user_message, "pulls": tries - 1},  # that one says nothing of the file
            submission={"state": SubmissionState.PENDING, "due_at": due_at, "status": None},
        )

    async def _pull(self, scan: Scan, path: Path) -> Pulled | None:
        """Pull the scan's file; ``None`` where that settled or put off the scan."""
        try:
            return await self._files.pull(
                scan,
                path,
                limit_bytes=self._routes.limit_bytes,
                progress=lambda done, total: self._announcer.progress(scan.number, done, total),
            )
        except TooLarge as error:
            sentence = self._routes.none_fits(error.size_bytes).user_message
            await self._outcomes.ended(scan, State.FAILED, sentence)
        except BuildRejected as error:
            await self._outcomes.ended(scan, State.REJECTED, error.user_message)
        except FileUnavailable as error:
            await self._outcomes.ended(scan, State.FAILED, error.user_message)
        except PullFailed as error:
            tries = await self._store.scans.pulls(scan.number)
            if error.limited:
                await self._ask_later(scan, error, tries)
            elif tries >= MAXIMUM_PULLS:
                await self._outcomes.ended(scan, State.FAILED, error.user_message)
            else:
                wait_s = SERVER_BACKOFF.delay_s(tries, error.retry_after_s)
                await self._outcomes.reschedule(scan, error.user_message, wait_s)
        return None

    async def _ask_later(self, scan: Scan, error: PullFailed, tries: int) -> None:
        """Put off a scan whose file Slack does not want to be asked for now: that is no failed pull."""
        wait_s = max(error.retry_after_s or 0.0, SERVER_BACKOFF.delay_s(tries))
        await self._outcomes.reschedule(scan, error.user_message, wait_s, pulls=tries - 1)

    async def _submit(self, scan: Scan, path: Path) -> None:
        number, breaker = scan.number, self._breaker
        if not breaker.enter(number):  # it opened while this scan was on its way here
            await self._outcomes.reschedule(scan, AWAY, breaker.wait_s, attempts=scan.submission.attempts - 1)
            return
        try:
            self._announcer.progress(number, 0, _known(scan.size_bytes))  # what was pulled is not sent yet
            receipt = await self._routes[_known(scan.submission.route)].submit(
                _order(scan), path, SubmissionJournal(self._store, self._announcer, self._clock, number)
            )
        except Refused as error:
            self._learn(number, error)
            if isinstance(error, UnknownApp) and await self._outcomes.asks_which(scan, error):
                return
            # An application that is gone is made anew by the next try.
            made = {"application_id": None} if isinstance(error, UnknownApp) else {}
            await self._outcomes.ended(
                scan, State.FAILED, error.user_message, SubmissionState.REFUSED, error.status, **made
            )
        except Uncertain as error:
            self._learn(number, error)
            await self._outcomes.ended(
                scan, State.UNCERTAIN, error.user_message, SubmissionState.UNCERTAIN, error.status
            )
        except TryLater as error:
            self._learn(number, error)
            if scan.submission.attempts >= MAXIMUM_SENDS:
                await self._outcomes.ended(scan, State.FAILED, error.user_message, status=error.status)
            else:
                own_s = SERVER_BACKOFF.delay_s(scan.submission.attempts, error.retry_after_s)
                # What failed before the scanner was asked waits on its own, also where it was a probe.
                wait_s = breaker.wait_s if breaker.is_open and error.scanner_failed else own_s
                await self._outcomes.reschedule(scan, error.user_message, wait_s, status=error.status)
        else:
            breaker.answered(number)
            await self._outcomes.taken(scan, receipt)
        finally:
            breaker.leave(number)

    def _learn(self, number: int, error: SubmissionError) -> None:
        """Tell the breaker what an error says of the scanner; a no without a status is another one's."""
        match error:
            case Refused(status=int()) | Uncertain(scanner_failed=False):
                self._breaker.answered(number)
            case TryLater(scanner_failed=True):
                self._breaker.failed(number, error.retry_after_s)
            case Uncertain():
                self._breaker.failed(number)


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
