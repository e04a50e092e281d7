"""The rows of scans."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from bot.core.people import Viewer
from bot.core.scan import (
    CANCELLABLE,
    Build,
    ChannelKind,
    Event,
    Platform,
    Scan,
    Share,
    Source,
    State,
    SubmissionState,
)
from bot.errors import Superseded
from bot.features.app_links import repository as links
from bot.features.submission import facts_repository
from bot.features.submission.decision import Decision, DecisionFacts
from bot.storage import rows, transitions
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes
from bot.storage.visibility import visible

_PLACE = ("channel", "channel_kind", "message_ts", "thread_ts", "file_id")
_SHARED = (
    *("file_name", "size_bytes", "shared_by", "asked_by", "comment", "occasion", "asked_app_id"),
    *("asked_name", "request_number", "kind", "reason", "original", "insist"),
)
"""Columns with the same name in ``Share``."""
_READ = ("file_type", "platform", "bundle_id", "version", "build_number")
_DECIDED = ("kind", "reason", "app_id", "question", "problem")


class ScanRepository(Repository):
    """Reads and writes scans, their submissions and their timelines."""

    @writes
    def record(
        self, db: Connection, share: Share, *, source: Source = Source.SLACK, held_until: float | None = None
    ) -> tuple[Scan, bool]:
        """Record a share; return its scan and whether that is new. A known share creates no scan."""
        now = self.clock.now()
        where = "WHERE channel = ? AND message_ts = ? AND file_id = ? AND occasion = ?"
        known = rows.first_scan(db, where, share.channel, share.message_ts, share.file_id, share.occasion)
        if share.channel_kind not in {None, ChannelKind.PUBLIC}:
            db.execute(  # a public channel was made private, and so are its earlier scans
                "UPDATE scans SET channel_kind = ? WHERE channel = ? AND channel_kind = 'public'",
                [share.channel_kind, share.channel],
            )
        if known is not None:
            return facts_repository.add_comment(db, known, share), False
        row = {
            **{field: getattr(share, field) for field in _SHARED},
            **{field: getattr(share, field) or None for field in _PLACE},  # empty for the command line
            **dict.fromkeys(("created_at", "updated_at", "begun_at"), now),
            "sha256": share.expected_sha256,
            "state": State.RECEIVED,
            "source": source,
            "held_until": held_until,
        }
        number = int(db.table("scans").insert(rows.plain(row)).last_pk or 0)
        submission = {"scan": number, "scanner": rows.MAIN_SCANNER, "state": SubmissionState.PENDING}
        db.table("submissions").insert(submission)
        who, why = share.asked_by or share.shared_by, "requested" if share.occasion else "shared"
        transitions.add_event(db, number, now=now, who=who, before=None, after=State.RECEIVED, why=why)
        scan = transitions.load(db, number)
        facts_repository.note_request(db, scan)
        return scan, True

    @reads
    def scan(self, db: Connection, number: int) -> Scan:
        """Return a scan.

        Raises:
            NotFound: no such scan.
        """
        return transitions.load(db, number)

    @reads
    def sees(self, db: Connection, viewer: Viewer, scan: Scan) -> bool:
        """Tell whether the viewer may see the scan."""
        condition, seen = visible(viewer)
        return rows.first_scan(db, f"WHERE scans.number = ? AND {condition}", scan.number, *seen) is not None

    @reads
    def events(self, db: Connection, number: int) -> list[Event]:
        """Return the scan's timeline, oldest first."""
        query = "SELECT scan, at, who, before, after, why FROM events WHERE scan = ? ORDER BY number"
        return [rows.event(row) for row in db.query(query, [number])]

    @writes
    def move(
        self,
        db: Connection,
        number: int,
        to: State,
        *,
        why: str,
        who: str | None = None,
        expect: Collection[State] | None = None,
        scan: Mapping[str, Any] | None = None,
        submission: Mapping[str, Any] | None = None,
        may_create_link: Callable[[Scan], bool] | None = None,
    ) -> Scan:
        """Move a scan to a state, with a line in the timeline, in one transaction.

        With ``may_create_link``, the app of the submitted scan is linked in it too.

        Raises:
            NotFound: no such scan.
            Superseded: its state is not one of ``expect``, or ``to`` may not follow it.
        """
        now = self.clock.now()
        moved = transitions.move(
            db, number, to, now=now, why=why, who=who, expect=expect, scan=scan, submission=submission
        )
        if may_create_link is not None:
            links.remember(db, moved, may_create_link, now)
        return moved

    @writes
    def begin(self, db: Connection, number: int) -> Scan:
        """Start a due scan: it is being pulled.

        Raises:
            Superseded: no longer due.
        """
        db.execute("UPDATE scans SET pulls = pulls + 1 WHERE number = ?", [number])
        changes: dict[str, Any] = {"scan": {"problem": None}, "submission": {"due_at": 0.0}}
        expect = {State.RECEIVED, State.QUEUED}
        return self._move(db, number, State.PULLING, "started", expect=expect, **changes)

    @writes
    def decide(
        self,
        db: Connection,
        number: int,
        build: Build,
        name: str,
        choose: Callable[[Scan, DecisionFacts], Decision],
    ) -> Scan:
        """Record what was read from the build and the decision by ``choose``, in one transaction.

        So of two scans of a new app, the second one's decision sees the first. The requests to side scanners
        are recorded too, each once per scan.
        """
        now = self.clock.now()
        scan = transitions.load(db, number)
        decision = choose(scan, facts_repository.gather(db, scan, build))
        submission: dict[str, Any] = {}
        if decision.state is State.SUBMITTING:
            submission = {
                "state": SubmissionState.SENDING,
                "attempts": scan.submission.attempts + 1,
                "status": None,
                "route": decision.route,
                "route_why": decision.route_why,
            }
        elif decision.held_until is not None:
            submission = {"due_at": decision.held_until}
        changes = {
            **{field: getattr(build, field) for field in _READ},
            **{field: getattr(decision, field) for field in _DECIDED},
            "name": name,
            "original": decision.original or scan.original,
        }
        expect, why = {State.CHECKING}, decision.why
        decided = self._move(
            db, number, decision.state, why, expect=expect, scan=changes, submission=submission
        )
        for hooks in db.hooks:
            if hooks.decided is not None:
                hooks.decided(db, decided, decision, now)
        return decided

    @writes
    def commit(self, db: Connection, number: int) -> None:
        """Mark that the last bytes are about to be sent, after which the build may have been accepted.

        Raises:
            Superseded: the scan was cancelled; the bytes must not be sent.
        """
        _advance(db, number, SubmissionState.COMMITTED)

    @writes
    def made_app(self, db: Connection, number: int, application_id: str) -> None:
        """Record the application that was created for a scan before the scan itself is requested.

        Raises:
            Superseded: the scan was cancelled or settled.
        """
        _advance(db, number, SubmissionState.SENDING, application_id=application_id)
        transitions.note(db, number, now=self.clock.now(), why=f"created application {application_id}")

    @writes
    def cancel(
        self,
        db: Connection,
        number: int,
        *,
        why: str,
        who: str | None,
        expect: Collection[State] = CANCELLABLE,
    ) -> Scan:
        """Cancel a scan whose last bytes have not been sent.

        Raises:
            Superseded: too late, or its state is not one of ``expect``.
        """
        scan = transitions.load(db, number)
        if scan.submission.state is SubmissionState.COMMITTED:
            raise Superseded(f"Scan #{number} is being submitted: it is too late to cancel it.")
        return self._move(db, number, State.CANCELLED, why, who=who, expect=expect, scan={"problem": why})

    @writes
    def withdraw(self, db: Connection, number: int) -> None:
        """Mark a scan whose last bytes may have been sent as unwanted, so that it is not retried."""
        db.execute("UPDATE scans SET withdrawn = 1 WHERE number = ?", [number])

    @writes
    def requeue(
        self, db: Connection, number: int, *, why: str, unless_committed: bool = False
    ) -> Scan | None:
        """Put a scan back in the queue; see ``transitions.requeue``."""
        now = self.clock.now()
        return transitions.requeue(db, number, now=now, why=why, unless_committed=unless_committed)

    @reads
    def of_message(self, db: Connection, channel: str, message_ts: str) -> list[Scan]:
        """Return the scans of a message's files that may be cancelled."""
        where = f"WHERE channel = ? AND message_ts = ? AND scans.state IN ({rows.listed(CANCELLABLE)})"
        return rows.scans_where(db, where, channel, message_ts)

    @reads
    def pulls(self, db: Connection, number: int) -> int:
        """Return the number of attempts to pull the scan's file."""
        query = "SELECT pulls FROM scans WHERE number = ?"
        return int(db.execute(query, [number]).fetchone()[0])

    @reads
    def of_request_id(self, db: Connection, request_id: str) -> Scan | None:
        """Return the newest scan with this request ID, in any case."""
        where = "WHERE o.request_id IN (?, ?, ?) ORDER BY scans.number DESC"
        return rows.first_scan(db, where, request_id, request_id.lower(), request_id.upper())

    @reads
    def latest_of_app(self, db: Connection, app_id: str, channel: str, *, public: bool) -> Scan | None:
        """Return the newest scan in Slack of a build of the app, without cancelled and rejected ones.

        Includes scans of ``channel`` and, with ``public``, of all public channels.
        """
        where = """
            WHERE scans.source = 'slack' AND scans.sha256 IS NOT NULL AND scans.bundle_id IS NOT NULL
                AND (scans.app_id = ? COLLATE NOCASE OR EXISTS (
                    SELECT 1 FROM apps WHERE apps.app_id = ? COLLATE NOCASE
                        AND apps.bundle_id = scans.bundle_id AND apps.platform = scans.platform
                ))
                AND scans.state NOT IN ('cancelled', 'rejected')
                AND ((? AND scans.channel_kind = 'public') OR scans.channel = ?)
            ORDER BY scans.number DESC
        """
        return rows.first_scan(db, where, app_id, app_id, public, channel)

    @writes
    def note_app(self, db: Connection, bundle_id: str, platform: Platform, why: str, who: str) -> None:
        """Add a line to the timeline of an app's newest scan, if there is one."""
        where = "WHERE bundle_id = ? AND platform = ? ORDER BY scans.number DESC"
        if (newest := rows.first_scan(db, where, bundle_id, platform)) is not None:
            transitions.note(db, newest.number, now=self.clock.now(), why=why, who=who)

    @writes
    def note(self, db: Connection, number: int, why: str, who: str | None = None) -> None:
        """Add a line to the timeline without changing the state."""
        transitions.note(db, number, now=self.clock.now(), why=why, who=who)

    def _move(self, db: Connection, number: int, to: State, why: str, **changes: Any) -> Scan:
        return transitions.move(db, number, to, now=self.clock.now(), why=why, **changes)


def _advance(db: Connection, number: int, to: SubmissionState, **changes: Any) -> None:
    """Change a submission that is being sent; raises ``Superseded`` if it is not."""
    if transitions.load(db, number).state is not State.SUBMITTING:
        raise Superseded(f"Scan #{number} was cancelled before it was submitted.")
    rows.update(db, "submissions", {"state": to, **changes}, scan=number, scanner=rows.MAIN_SCANNER)
