"""Scans: recording them, moving them, finding them."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import sqlite_utils

from bot.core.people import Viewer
from bot.core.ports import Clock
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
from bot.features.submission import facts_repository
from bot.features.submission.decision import Decision, DecisionFacts
from bot.features.verdicts import transition_repository
from bot.storage import rows, transitions
from bot.storage.database import Database
from bot.storage.visibility import visible

_PLACE = ("channel", "channel_kind", "message_ts", "thread_ts", "file_id")
_SHARED = (
    *("file_name", "size_bytes", "shared_by", "asked_by", "comment", "occasion", "asked_app_id"),
    *("asked_name", "request_number", "kind", "reason", "original", "insist"),
)
"""The columns that a share fills under its own names."""


class SqlScanRepository:
    """The rows of scans, their submissions and their timelines."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(
        self, share: Share, *, source: Source = Source.SLACK, held_until: float | None = None
    ) -> tuple[Scan, bool]:
        """Record a share, before anything else is done with it.

        Returns the scan and whether it is new: a share that is known already changes nothing.
        """
        now = self._clock.now()
        values = rows.plain(
            {
                **{field: getattr(share, field) for field in _SHARED},
                **{field: getattr(share, field) or None for field in _PLACE},  # none at the command line
                "sha256": share.expected_sha256,
                "state": State.RECEIVED,
                "source": source,
                "created_at": now,
                "updated_at": now,
                "begun_at": now,
                "held_until": held_until,
            }
        )

        def work(db: sqlite_utils.Database) -> tuple[Scan, bool]:
            known = rows.first_scan(
                db,
                "WHERE channel = ? AND message_ts = ? AND file_id = ? AND occasion = ?",
                share.channel,
                share.message_ts,
                share.file_id,
                share.occasion,
            )
            if share.channel_kind not in {None, ChannelKind.PUBLIC}:
                db.execute(  # a channel can be made private: what was seen there is then for its members too
                    "UPDATE scans SET channel_kind = ? WHERE channel = ? AND channel_kind = 'public'",
                    [share.channel_kind.value, share.channel],
                )
            if known is not None:
                return facts_repository.filled_in(db, known, share), False
            columns, marks = ", ".join(values), ", ".join("?" * len(values))
            number = db.execute(
                f"INSERT INTO scans ({columns}) VALUES ({marks})",
                list(values.values()),
            ).lastrowid
            db.execute(
                "INSERT INTO submissions (scan, scanner, state) VALUES (?, ?, 'pending')",
                [number, rows.MAIN_SCANNER],
            )
            scan = transitions.load(db, int(number or 0))
            transitions.note(
                db,
                scan.number,
                now=now,
                who=share.asked_by or share.shared_by,
                before=None,
                after=State.RECEIVED,
                why="asked for" if share.occasion else "shared",
            )
            facts_repository.note_request(db, scan)
            return scan, True

        return await self._database.write(work)

    async def scan(self, number: int) -> Scan:
        """Return a scan.

        Raises:
            NotFound: there is none with that number.
        """
        return await self._database.read(lambda db: transitions.load(db, number))

    async def sees(self, viewer: Viewer, scan: Scan) -> bool:
        """Tell whether the viewer may see the scan."""
        condition, seen = visible(viewer)
        return await self._database.read(
            lambda db: (
                rows.first_scan(db, f"WHERE scans.number = ? AND {condition}", scan.number, *seen) is not None
            )
        )

    async def events(self, number: int) -> list[Event]:
        """Return the scan's timeline, oldest first."""
        return await self._database.read(
            lambda db: [
                rows.event(row)
                for row in db.query("SELECT * FROM events WHERE scan = ? ORDER BY number", [number])
            ]
        )

    async def move(
        self,
        number: int,
        to: State,
        *,
        why: str,
        who: str | None = None,
        expect: Collection[State] | None = None,
        scan: Mapping[str, Any] | None = None,
        submission: Mapping[str, Any] | None = None,
    ) -> Scan:
        """Move a scan to a state in one transaction, with its line in the timeline.

        Raises:
            NotFound: there is none with that number.
            Superseded: it is in none of the states expected, or ``to`` may not follow where it is.
        """
        return await self._database.write(
            lambda db: transitions.move(
                db,
                number,
                to,
                now=self._clock.now(),
                why=why,
                who=who,
                expect=expect,
                scan=scan,
                submission=submission,
            )
        )

    async def begin(self, number: int) -> Scan:
        """Take a due scan up: it is being pulled from now on.

        Raises:
            Superseded: it is not due any more.
        """

        def work(db: sqlite_utils.Database) -> Scan:
            db.execute("UPDATE scans SET pulls = pulls + 1 WHERE number = ?", [number])
            return transitions.move(
                db,
                number,
                State.PULLING,
                now=self._clock.now(),
                why="taken up",
                expect={State.RECEIVED, State.QUEUED},
                scan={"problem": None},
                submission={"due_at": 0.0},
            )

        return await self._database.write(work)

    async def decide(
        self, number: int, build: Build, name: str, choose: Callable[[Scan, DecisionFacts], Decision]
    ) -> Scan:
        """Record what was read and decide what the scan becomes, in one transaction.

        Two scans of one app can't both find that it was never seen: whoever comes second finds the first.
        What it requests of side scanners begins with it, once a scan.
        """

        def work(db: sqlite_utils.Database) -> Scan:
            now = self._clock.now()
            scan = transitions.load(db, number)
            verdict = choose(scan, facts_repository.gather(db, scan, build))
            going = verdict.state is State.SUBMITTING
            held = {"due_at": verdict.held_until} if verdict.held_until is not None else None
            decided = transitions.move(
                db,
                number,
                verdict.state,
                now=now,
                why=verdict.why,
                expect={State.CHECKING},
                scan={
                    "file_type": build.file_type,
                    "platform": build.platform,
                    "bundle_id": build.bundle_id,
                    "name": name,
                    "version": build.version,
                    "build_number": build.build_number,
                    "kind": verdict.kind,
                    "reason": verdict.reason,
                    "app_id": verdict.app_id,
                    "question": verdict.question,
                    "original": verdict.original or scan.original,
                    "problem": verdict.problem,
                },
                submission={
                    "state": SubmissionState.SENDING,
                    "attempts": scan.submission.attempts + 1,
                    "status": None,
                    "route": verdict.route,
                    "route_why": verdict.route_why,
                }
                if going
                else held,
            )
            if decided.state in transition_repository.GOING:
                transition_repository.begin(db, decided, verdict.requests, now=now)
            return decided

        return await self._database.write(work)

    async def commit(self, number: int) -> None:
        """Mark that the last bytes are about to go: from here on the build may have been taken.

        Raises:
            Superseded: the scan was taken back; the bytes must not go.
        """

        def work(db: sqlite_utils.Database) -> None:
            scan = transitions.load(db, number)
            if scan.state is not State.SUBMITTING:
                raise Superseded(f"Scan #{number} was taken back before it was submitted.")
            db.execute(
                f"UPDATE submissions SET state = 'committed' WHERE scan = ? AND {rows.ONETRUST}", [number]
            )

        await self._database.write(work)

    async def made_app(self, number: int, application_id: str) -> None:
        """Keep the application that was made for a scan that is being submitted, and is not asked for yet.

        Raises:
            Superseded: the scan was taken back, or settled by others.
        """

        def work(db: sqlite_utils.Database) -> None:
            scan = transitions.load(db, number)
            if scan.state is not State.SUBMITTING:
                raise Superseded(f"Scan #{number} was taken back before it was submitted.")
            db.execute(
                "UPDATE submissions SET state = 'sending', application_id = ? "
                f"WHERE scan = ? AND {rows.ONETRUST}",
                [application_id, number],
            )
            transitions.note(
                db,
                number,
                now=self._clock.now(),
                before=scan.state,
                after=scan.state,
                why=f"application {application_id} was made for it",
            )

        await self._database.write(work)

    async def cancel(
        self, number: int, *, why: str, who: str | None, expect: Collection[State] = CANCELLABLE
    ) -> Scan:
        """Take a scan back, as long as its last bytes have not gone.

        Raises:
            Superseded: it is too late, or the scan is in none of the states expected.
        """

        def work(db: sqlite_utils.Database) -> Scan:
            scan = transitions.load(db, number)
            if scan.submission.state is SubmissionState.COMMITTED:
                raise Superseded(f"Scan #{number} is being submitted: it is too late to cancel it.")
            return transitions.move(
                db,
                number,
                State.CANCELLED,
                now=self._clock.now(),
                why=why,
                who=who,
                expect=expect,
                scan={"problem": why},
            )

        return await self._database.write(work)

    async def withdraw(self, number: int) -> None:
        """Remember that a scan whose last bytes may have gone is wanted no more: it is not tried again."""
        await self._database.write(
            lambda db: db.execute("UPDATE scans SET withdrawn = 1 WHERE number = ?", [number])
        )

    async def requeue(self, number: int, *, why: str, unless_committed: bool = False) -> Scan | None:
        """Give up the work on a scan; see ``transitions.hand_back``."""
        now = self._clock.now()
        return await self._database.write(
            lambda db: transitions.requeue(db, number, now=now, why=why, unless_committed=unless_committed)
        )

    async def of_message(self, channel: str, message_ts: str) -> list[Scan]:
        """Return the scans of a message's files that could still be cancelled."""
        states = ", ".join(f"'{state.value}'" for state in sorted(CANCELLABLE))
        return await self._database.read(
            lambda db: rows.scans_where(
                db,
                f"WHERE channel = ? AND message_ts = ? AND scans.state IN ({states})",
                channel,
                message_ts,
            )
        )

    async def pulls(self, number: int) -> int:
        """Return how often pulling the scan's file was begun."""
        query = "SELECT pulls FROM scans WHERE number = ?"
        return await self._database.read(lambda db: int(db.execute(query, [number]).fetchone()[0]))

    async def of_request_id(self, request_id: str) -> Scan | None:
        """Return the scan whose submission has this request ID."""
        return await self._database.read(
            lambda db: rows.first_scan(
                db,
                "WHERE o.request_id IN (?, ?, ?) ORDER BY scans.number DESC",
                *(request_id, request_id.lower(), request_id.upper()),
            )
        )

    async def latest_of_app(self, app_id: str, channel: str, *, public: bool) -> Scan | None:
        """Return the newest scan in Slack of a build that is known to be of the app.

        A build of a private conversation is for that conversation only, without ``public`` one of a public
        channel too; and what was taken back is for nobody.
        """
        return await self._database.read(
            lambda db: rows.first_scan(
                db,
                "WHERE scans.source = 'slack' AND scans.sha256 IS NOT NULL AND scans.bundle_id IS NOT NULL "
                "AND (scans.app_id = ? COLLATE NOCASE OR EXISTS (SELECT 1 FROM apps "
                "WHERE apps.app_id = ? COLLATE NOCASE AND apps.bundle_id = scans.bundle_id "
                "AND apps.platform = scans.platform)) "
                "AND scans.state NOT IN ('cancelled', 'rejected') "
                "AND ((? AND scans.channel_kind = 'public') OR scans.channel = ?) "
                "ORDER BY scans.number DESC",
                app_id,
                app_id,
                public,
                channel,
            )
        )

    async def note_app(self, bundle_id: str, platform: Platform, why: str, who: str) -> None:
        """Add a line to the timeline of an app's newest scan; there may be none."""

        def work(db: sqlite_utils.Database) -> None:
            where = "WHERE bundle_id = ? AND platform = ? ORDER BY scans.number DESC"
            newest = rows.first_scan(db, where, bundle_id, platform.value)
            if newest is not None:
                transitions.note(
                    db,
                    newest.number,
                    now=self._clock.now(),
                    who=who,
                    before=newest.state,
                    after=newest.state,
                    why=why,
                )

        await self._database.write(work)

    async def note(self, number: int, why: str, who: str | None = None) -> None:
        """Add a line to the timeline without changing the state."""

        def work(db: sqlite_utils.Database) -> None:
            state = transitions.load(db, number).state
            transitions.note(db, number, now=self._clock.now(), who=who, before=state, after=state, why=why)

        await self._database.write(work)
