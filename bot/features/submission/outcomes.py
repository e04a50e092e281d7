"""Recording what a route does while it submits a scan, and how the attempt ended."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from bot.core.ports import Announcer, Clock
from bot.core.scan import Question, Reason, Scan, State, SubmissionState
from bot.errors import Superseded, UnknownApp
from bot.features.submission.ports import SubmissionStore
from bot.features.submission.routes import Receipt

logger = logging.getLogger(__name__)

MAXIMUM_WRITES = 60
"""Attempts to record what the scanner created or accepted while the database can't be written to."""
WRITE_INTERVAL_S = 5.0


@dataclass(eq=False, repr=False)
class SubmissionJournal:
    """The ``Journal`` of one scan: writes to its row, its timeline and its reply."""

    store: SubmissionStore
    announcer: Announcer
    clock: Clock
    number: int

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        """Update the progress in the reply."""
        self.announcer.progress(self.number, done_bytes, total_bytes)

    async def committing(self) -> None:
        """Mark the submission as committed; see ``Journal``."""
        await self.store.scans.commit(self.number)

    async def uploading(self, name: str) -> None:
        """Record a file on the file server."""
        await self.store.uploads.add(name, self.number)

    async def made_app(self, application_id: str) -> None:
        """Record the application that was created for the scan, so that a retry doesn't create another."""
        await _persist(
            self.clock,
            partial(self.store.scans.made_app, self.number, application_id),
            f"application {application_id} of scan #{self.number}",
        )

    async def note(self, why: str) -> None:
        """Add a line to the timeline."""
        await self.store.scans.note(self.number, why)


@dataclass(eq=False, repr=False)
class Outcomes:
    """Records outcomes; ``may_create_link`` tells whether a requested app ID becomes a link."""

    store: SubmissionStore
    clock: Clock
    may_create_link: Callable[[Scan], bool]

    async def ask_which_app(self, scan: Scan, error: UnknownApp) -> bool:
        """Unlink an app ID that OneTrust does not know and ask people for it; tell whether that was done.

        Only for a link that the bot made itself: it infers the app ID of a new app, and may be wrong.
        """
        if scan.reason is not Reason.LINKED:
            return False
        link = await self.store.links.of_build(scan.bundle_id, scan.platform)
        if link is None or link.linked_by is not None or link.app_id != scan.app_id:
            return False
        await self.store.links.remove(link.bundle_id, link.platform)
        logger.warning("scan #%d: OneTrust does not know app %s; unlinked it", scan.number, link.app_id)
        await self.store.scans.move(
            scan.number,
            State.ASKING,
            why=f"OneTrust does not know app {link.app_id}: unlinked",
            scan={"question": Question.UNKNOWN_APP, "kind": None, "reason": None},
            submission={"state": SubmissionState.REFUSED, "status": error.status},
        )
        return True

    async def accepted(self, scan: Scan, receipt: Receipt) -> None:
        """Record that the scanner accepted the build."""
        id_ = f"request ID {receipt.request_id}" if receipt.request_id else f"scan ID {receipt.scan_id}"
        logger.info("scan #%d was accepted: %s", scan.number, id_)
        submission = {"state": SubmissionState.ACCEPTED, **vars(receipt)}
        if receipt.application_id is None:
            del submission["application_id"]  # keeps what an earlier attempt created
        record = partial(
            self.store.scans.move,
            scan.number,
            State.SUBMITTED,
            why=id_,
            expect={State.SUBMITTING, State.UNCERTAIN},  # recovered by another process during a retry
            scan={"problem": None},
            submission=submission,
            may_create_link=self.may_create_link,
        )
        await _persist(self.clock, record, f"the receipt of scan #{scan.number}")

    async def ended(
        self,
        scan: Scan,
        state: State,
        problem: str,
        submission: SubmissionState = SubmissionState.PENDING,
        status: int | None = None,
        **changes: None,
    ) -> None:
        """Record that the scan ends in ``state``; ``problem`` is the sentence for people."""
        level = logging.INFO if state is State.REJECTED else logging.WARNING
        suffix = "" if status is None else f" (HTTP {status})"
        logger.log(level, "scan #%d is %s%s: %s", scan.number, state.value, suffix, problem)
        await self.store.scans.move(
            scan.number,
            state,
            why=problem,
            scan={"problem": problem},
            submission={"state": submission, "status": status, **changes},
        )

    async def reschedule(
        self, scan: Scan, problem: str, wait_s: float, *, pulls: int | None = None, **submission: int | None
    ) -> None:
        """Queue the scan for a retry after ``wait_s``; ``pulls`` replaces the number of download attempts."""
        logger.info("scan #%d is retried in %.0f s: %s", scan.number, wait_s, problem)
        await self.store.scans.move(
            scan.number,
            State.QUEUED,
            why=problem,
            scan={"problem": problem} if pulls is None else {"problem": problem, "pulls": pulls},
            submission={
                "state": SubmissionState.PENDING,
                "due_at": self.clock.now() + wait_s,
                "status": None,
                **submission,
            },
        )


async def _persist(clock: Clock, write: Callable[[], Awaitable[object]], what: str) -> None:
    """Retry a write until the database can be written to; ``what`` names the data in the log."""
    for attempts_left in reversed(range(MAXIMUM_WRITES)):
        try:
            await write()
        except Superseded:
            raise
        except Exception:
            if not attempts_left:
                raise
            logger.exception("could not record %s; retrying", what)
            await clock.sleep(WRITE_INTERVAL_S)
        else:
            return
