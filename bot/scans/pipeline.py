"""One scan's way from a file in Slack to a request ID.

``run`` does all that can be done now: pull, read, decide, submit. Whatever stops it leaves the scan in a
state from which the rows say how it goes on; nothing is kept between two runs but the rows.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

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
from bot.scans import retries
from bot.scans.breaker import AWAY, Breaker
from bot.scans.current import concerning
from bot.scans.decision import Facts, Verdict, decide
from bot.scans.journal import ScanJournal
from bot.scans.memory import Store
from bot.scans.models import (
    WORKING,
    Build,
    Kind,
    Pulled,
    Question,
    Reason,
    Scan,
    State,
    SubmissionState,
)
from bot.scans.names import unsupported_name
from bot.scans.ports import Announcer, BuildReader, Clock, Files
from bot.scans.routes import Order, Receipt, Routes
from bot.scans.workroom import Workroom

T = TypeVar("T")
logger = logging.getLogger(__name__)

STOPPED = "the bot was stopped"
INSIDE = "Something went wrong inside the bot. Its log says more, under this scan's number."


class Pipeline:
    """Takes one scan as far as it goes."""

    def __init__(
        self,
        *,
        store: Store,
        files: Files,
        reader: BuildReader,
        routes: Routes,
        announcer: Announcer,
        clock: Clock,
        breaker: Breaker,
        workroom: Workroom,
        teaches: Callable[[Scan], bool],
        accepts_aab: bool = False,
    ) -> None:
        self._store = store
        self._files = files
        self._reader = reader
        self._routes = routes
        self._announcer = announcer
        self._clock = clock
        self._breaker = breaker
        self._workroom = workroom
        self._teaches = teaches
        self._accepts_aab = accepts_aab

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
            await asyncio.shield(self._store.scans.hand_back(number, why=STOPPED))
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
            await self._store.scans.hand_back(number, why="an error inside the bot")
        elif scan.state in WORKING:
            await self._end(scan, State.FAILED, INSIDE)
        return scan.state not in {State.RECEIVED, State.QUEUED}

    async def _run(self, number: int) -> None:
        if (closed_until := self._workroom.closed_until) is not None:
            await self._store.queue.postpone(number, NoRoom().user_message, closed_until)
            return  # not even asked for: the disk would take no more
        scan = await self._store.scans.begin(number)
        if (sentence := unsupported_name(scan.file_name, accepts_aab=self._accepts_aab)) is not None:
            await self._end(scan, State.REJECTED, sentence)
            return
        self._announcer.changed(number)
        try:
            with self._workroom.room(number) as room:
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
        self._workroom.has_room()
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
            await self._end(scan, State.REJECTED, error.user_message)
            return
        name = scan.asked_name or build.name
        scan = await self._store.scans.decide(number, build, name, partial(self._choose, build))
        self._announcer.changed(number)
        if scan.state is State.SUBMITTING:
            await self._submit(scan, path)

    def _choose(self, build: Build, scan: Scan, facts: Facts) -> Verdict:
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

    async def _wait_for_room(self, scan: Scan, error: NoRoom) -> None:
        """Put off a scan whose build the bot's own disk does not take, for as long as that lasts."""
        due_at = self._workroom.is_full()
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
            await self._end(scan, State.FAILED, sentence)
        except BuildRejected as error:
            await self._end(scan, State.REJECTED, error.user_message)
        except FileUnavailable as error:
            await self._end(scan, State.FAILED, error.user_message)
        except PullFailed as error:
            tries = await self._store.scans.pulls(scan.number)
            if error.limited:
                await self._ask_later(scan, error, tries)
            elif tries >= retries.PULL_TRIES:
                await self._end(scan, State.FAILED, error.user_message)
            else:
                await self._put_off(scan, error.user_message, retries.delay_s(tries, error.retry_after_s))
        return None

    async def _ask_later(self, scan: Scan, error: PullFailed, tries: int) -> None:
        """Put off a scan whose file Slack does not want to be asked for now: that is no failed pull."""
        wait_s = max(error.retry_after_s or 0.0, retries.delay_s(tries, None))
        await self._put_off(scan, error.user_message, wait_s, pulls=tries - 1)

    async def _submit(self, scan: Scan, path: Path) -> None:
        number, breaker = scan.number, self._breaker
        if not breaker.enter(number):  # it opened while this scan was on its way here
            await self._put_off(scan, AWAY, breaker.wait_s, attempts=scan.submission.attempts - 1)
            return
        try:
            self._announcer.progress(number, 0, _known(scan.size_bytes))  # what was pulled is not sent yet
            receipt = await self._routes[_known(scan.submission.route)].submit(
                _order(scan), path, ScanJournal(self._store, self._announcer, self._clock, number)
            )
        except Refused as error:
            self._learn(number, error)
            if isinstance(error, UnknownApp) and await self._asks_which(scan, error):
                return
            # An application that is gone is made anew by the next try.
            made = {"application_id": None} if isinstance(error, UnknownApp) else {}
            await self._end(
                scan, State.FAILED, error.user_message, SubmissionState.REFUSED, error.status, **made
            )
        except Uncertain as error:
            self._learn(number, error)
            await self._end(
                scan, State.UNCERTAIN, error.user_message, SubmissionState.UNCERTAIN, error.status
            )
        except TryLater as error:
            self._learn(number, error)
            if scan.submission.attempts >= retries.SEND_TRIES:
                await self._end(scan, State.FAILED, error.user_message, status=error.status)
            else:
                own_s = retries.delay_s(scan.submission.attempts, error.retry_after_s)
                # What failed before the scanner was asked waits on its own, also where it was a probe.
                wait_s = breaker.wait_s if breaker.is_open and error.scanner_failed else own_s
                await self._put_off(scan, error.user_message, wait_s, status=error.status)
        else:
            breaker.answered(number)
            await self._keep(scan, receipt)
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

    async def _asks_which(self, scan: Scan, error: UnknownApp) -> bool:
        """Ask which app a rescan is of, where the bot itself had linked the ID that OneTrust does not know.

        Which ID of a new app is the one that rescans take is inferred, so that link may have been wrong.
        """
        if scan.reason is not Reason.LINKED or scan.bundle_id is None or scan.platform is None:
            return False
        link = await self._store.links.of_build(scan.bundle_id, scan.platform)
        if link is None or link.linked_by is not None or link.app_id != scan.app_id:
            return False
        await self._store.links.remove(scan.bundle_id, scan.platform)
        logger.warning("scan #%d: OneTrust knows no app %s, so it is unlinked", scan.number, link.app_id)
        await self._store.scans.move(
            scan.number,
            State.ASKING,
            why=f"OneTrust knows no app {link.app_id}: unlinked",
            scan={"question": Question.UNKNOWN_APP, "kind": None, "reason": None},
            submission={"state": SubmissionState.REFUSED, "status": error.status},
        )
        return True

    async def _keep(self, scan: Scan, receipt: Receipt) -> None:
        """Record that the scanner took the build; a locked database is waited for."""
        logger.info("scan #%d was taken: %s", scan.number, _words(receipt))
        for tries_left in reversed(range(retries.RECORD_TRIES)):
            try:
                await self._record(scan, receipt)
            except Superseded:
                raise
            except Exception:
                if not tries_left:
                    raise
                logger.exception("the receipt of scan #%d could not be recorded; trying again", scan.number)
                await self._clock.sleep(retries.FIRST_S)
            else:
                return

    async def _record(self, scan: Scan, receipt: Receipt) -> None:
        taken = await self._store.scans.move(
            scan.number,
            State.SUBMITTED,
            why=_words(receipt),
            expect={State.SUBMITTING, State.UNCERTAIN},  # given up by others while this process slept
            scan={"problem": None},
            submission={
                "state": SubmissionState.ACCEPTED,
                "request_id": receipt.request_id,
                "scan_id": receipt.scan_id,
                "status": receipt.status,
                **({"application_id": receipt.application_id} if receipt.application_id else {}),
            },
        )
        await remember_link(self._store, taken, self._teaches)  # who asked may have been forgotten meanwhile

    async def _end(
        self,
        scan: Scan,
        state: State,
        problem: str,
        submission: SubmissionState = SubmissionState.PENDING,
        status: int | None = None,
        **changes: None,
    ) -> None:
        level = logging.INFO if state is State.REJECTED else logging.WARNING
        said = "" if status is None else f" (HTTP {status})"
        logger.log(level, "scan #%d is %s%s: %s", scan.number, state.value, said, problem)
        await self._store.scans.move(
            scan.number,
            state,
            why=problem,
            scan={"problem": problem},
            submission={"state": submission, "status": status, **changes},
        )

    async def _put_off(
        self, scan: Scan, problem: str, wait_s: float, *, pulls: int | None = None, **submission: int | None
    ) -> None:
        logger.info("scan #%d is put off for %.0f s: %s", scan.number, wait_s, problem)
        await self._store.scans.move(
            scan.number,
            State.QUEUED,
            why=problem,
            scan={"problem": problem} if pulls is None else {"problem": problem, "pulls": pulls},
            submission={
                "state": SubmissionState.PENDING,
                "due_at": self._clock.now() + wait_s,
                "status": None,
                **submission,
            },
        )


async def remember_link(store: Store, scan: Scan, teaches: Callable[[Scan], bool]) -> None:
    """Keep what a submitted scan taught, where it may: whose the app ID is that a person asked for.

    The application that was made for it is linked by the bot itself.
    """
    made = scan.submission.application_id if scan.kind is Kind.NEW else None
    if made and scan.bundle_id and scan.platform:
        await store.links.put(scan.bundle_id, scan.platform, made, who=None, replace=False)
    asked = scan.reason in {Reason.REQUEST, Reason.COMMAND, Reason.COMMENT}
    if asked and teaches(scan) and scan.app_id and scan.bundle_id and scan.platform:
        who = scan.asked_by or scan.shared_by
        await store.links.put(scan.bundle_id, scan.platform, scan.app_id, who=who, replace=False)


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


def _words(receipt: Receipt) -> str:
    """Name what the scanner gave, for the timeline."""
    if receipt.request_id is not None:
        return f"request ID {receipt.request_id}"
    return f"scan ID {receipt.scan_id}"


def _known(value: T | None) -> T:
    if value is None:
        raise RuntimeError("a scan is submitted only after its build was read")
    return value
