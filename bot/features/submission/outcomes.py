"""What comes of one try at a scan, written into its row: taken, ended, put off, or asked about."""

import logging
from collections.abc import Callable

from bot.core.ports import Clock
from bot.core.repositories import Store
from bot.core.scan import Kind, Question, Reason, Scan, State, SubmissionState
from bot.errors import Superseded, UnknownApp
from bot.features.submission.journal import MAXIMUM_RECORDS, RECORD_INTERVAL_S
from bot.features.submission.ports import SubmissionStore
from bot.features.submission.routes import Receipt

logger = logging.getLogger(__name__)


class Outcomes:
    """Writes outcomes down; ``teaches`` tells whether what a person asked for may be kept as a link."""

    def __init__(self, store: SubmissionStore, clock: Clock, may_create_link: Callable[[Scan], bool]) -> None:
        self._store = store
        self._clock = clock
        self._may_create_link = may_create_link

    async def asks_which(self, scan: Scan, error: UnknownApp) -> bool:
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

    async def taken(self, scan: Scan, receipt: Receipt) -> None:
        """Record that the scanner took the build; a locked database is waited for."""
        logger.info("scan #%d was taken: %s", scan.number, _words(receipt))
        for tries_left in reversed(range(MAXIMUM_RECORDS)):
            try:
                await self._record(scan, receipt)
            except Superseded:
                raise
            except Exception:
                if not tries_left:
                    raise
                logger.exception("the receipt of scan #%d could not be recorded; trying again", scan.number)
                await self._clock.sleep(RECORD_INTERVAL_S)
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
        await remember_link(
            self._store, taken, self._may_create_link
        )  # who asked may have been forgotten meanwhile

    async def ended(
        self,
        scan: Scan,
        state: State,
        problem: str,
        submission: SubmissionState = SubmissionState.PENDING,
        status: int | None = None,
        **changes: None,
    ) -> None:
        """Record that it ends here; ``problem`` is the sentence for people."""
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

    async def reschedule(
        self, scan: Scan, problem: str, wait_s: float, *, pulls: int | None = None, **submission: int | None
    ) -> None:
        """Record that it is tried again after ``wait_s``, and why; ``pulls`` is the pulls that count."""
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


async def remember_link(store: Store, scan: Scan, may_create_link: Callable[[Scan], bool]) -> None:
    """Keep what a submitted scan taught, where it may: whose the app ID is that a person asked for.

    The application that was made for it is linked by the bot itself.
    """
    made = scan.submission.application_id if scan.kind is Kind.NEW else None
    if made and scan.bundle_id and scan.platform:
        await store.links.put(scan.bundle_id, scan.platform, made, who=None, replace=False)
    asked = scan.reason in {Reason.REQUEST, Reason.COMMAND, Reason.COMMENT}
    if asked and may_create_link(scan) and scan.app_id and scan.bundle_id and scan.platform:
        who = scan.asked_by or scan.shared_by
        await store.links.put(scan.bundle_id, scan.platform, scan.app_id, who=who, replace=False)


def _words(receipt: Receipt) -> str:
    """Name what the scanner gave, for the timeline."""
    if receipt.request_id is not None:
        return f"request ID {receipt.request_id}"
    return f"scan ID {receipt.scan_id}"
