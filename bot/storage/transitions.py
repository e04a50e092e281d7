"""The only function that changes a scan's state, and what is built on it.

Each change is one transaction with its line in the timeline: from, to, who and why.
"""

from collections.abc import Collection, Mapping
from typing import Any

from bot.core.scan import FLOW, OPEN, WORKING, Scan, State, SubmissionState
from bot.errors import NotFound, Superseded
from bot.storage import rows
from bot.storage.connection import Connection


def load(db: Connection, number: int) -> Scan:
    """Return a scan.

    Raises:
        NotFound: there is no scan with that number.
    """
    found = rows.first_scan(db, "WHERE scans.number = ?", number)
    if found is None:
        raise NotFound(f"There is no scan #{number}.")
    return found


def move(
    db: Connection,
    number: int,
    to: State,
    *,
    now: float,
    why: str,
    who: str | None = None,
    expect: Collection[State] | None = None,
    scan: Mapping[str, Any] | None = None,
    submission: Mapping[str, Any] | None = None,
) -> Scan:
    """Move a scan to a state; ``scan`` and ``submission`` are other columns to change.

    Raises:
        NotFound: there is no scan with that number.
        Superseded: its state is not one of ``expect``, or ``to`` can't follow it.
    """
    before = load(db, number)
    is_withdrawn = db.execute("SELECT withdrawn FROM scans WHERE number = ?", [number]).fetchone()[0]
    if is_withdrawn and to in {State.QUEUED, State.RECEIVED} and who is None:
        to, scan = State.CANCELLED, {**(scan or {}), "problem": WITHDRAWN}
    if to not in FLOW[before.state] or (expect is not None and before.state not in expect):
        raise Superseded(
            f"Scan #{number} has moved on: it is {before.state.value} now.",
            detail=f"scan #{number}: {before.state.value} -> {to.value} refused",
        )
    changes = {
        "state": to,
        "revision": before.revision + 1,
        "updated_at": now,
        "finished_at": None if to in OPEN else now,
        **({"begun_at": now} if to is State.RECEIVED and before.state not in WORKING else {}),
        **(scan or {}),
    }
    rows.update(db, "scans", changes, number=number)
    if submission:
        rows.update(db, "submissions", submission, scan=number, scanner=rows.MAIN_SCANNER)
    add_event(db, number, now=now, who=who, before=before.state, after=to, why=why)
    after = load(db, number)
    for hooks in db.hooks:
        for line in hooks.moved(db, before, after, now) if hooks.moved is not None else ():
            add_event(db, number, now=now, before=to, after=to, why=line)
    if to not in OPEN and before.sha256 is not None:
        db.execute(  # their replies show this scan's state
            "UPDATE scans SET revision = revision + 1 "
            "WHERE sha256 = ? AND state = 'duplicate' AND original = ?",
            [before.sha256, number],
        )
    return load(db, number)


def add_event(
    db: Connection,
    number: int,
    *,
    now: float,
    why: str,
    before: State | None,
    after: State,
    who: str | None = None,
) -> None:
    """Add a line to a scan's timeline."""
    db.execute(
        "INSERT INTO events (scan, at, who, before, after, why) VALUES (?, ?, ?, ?, ?, ?)",
        [number, now, who, before.value if before else None, after.value, why],
    )


def note(db: Connection, number: int, *, now: float, why: str, who: str | None = None) -> None:
    """Add a line to a scan's timeline, without changing the state."""
    state = load(db, number).state
    add_event(db, number, now=now, who=who, before=state, after=state, why=why)


def touch(db: Connection, number: int) -> None:
    """Mark a scan's reply as stale."""
    db.execute("UPDATE scans SET revision = revision + 1 WHERE number = ?", [number])


def requeue(
    db: Connection, number: int, *, now: float, why: str, unless_committed: bool = False
) -> Scan | None:
    """Put a scan back in the queue; if its submission is committed, it becomes uncertain.

    With ``unless_committed``, such a scan stays as it is. Returns the scan, ``None`` if it was not changed.
    """
    scan = load(db, number)
    if scan.state not in WORKING:
        return None
    if scan.submission.state is SubmissionState.COMMITTED:
        if unless_committed:
            return None
        return move(
            db,
            number,
            State.UNCERTAIN,
            now=now,
            why=f"{why} while the last bytes were on their way",
            scan={"problem": INTERRUPTED},
            submission={"state": SubmissionState.UNCERTAIN},
        )
    return move(db, number, State.RECEIVED, now=now, why=why, submission={"state": SubmissionState.PENDING})


WITHDRAWN = "The message was deleted."
INTERRUPTED = "The bot was stopped just as it submitted this build, so OneTrust may have taken it."
