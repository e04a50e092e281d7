"""Scans brought to a state by the calls that bring them there in life."""

from hashlib import sha256

from bot.core.scan import Build, Kind, Question, Reason, Scan, Share, Source, State, SubmissionState
from bot.features.submission.decision import Decision
from bot.wiring.repositories import Repositories
from tests.fakes import SHOP, a_share

_BEFORE = {
    State.PULLING: State.RECEIVED,
    State.CHECKING: State.PULLING,
    State.REJECTED: State.CHECKING,
    State.CANCELLED: State.RECEIVED,
    State.FAILED: State.SUBMITTING,
    State.QUEUED: State.SUBMITTING,
    State.SUBMITTED: State.SUBMITTING,
    State.UNCERTAIN: State.SUBMITTING,
}


async def a_scan(
    store: Repositories,
    state: State = State.RECEIVED,
    share: Share | None = None,
    *,
    source: Source = Source.SLACK,
    held_until: float | None = None,
    build: Build = SHOP,
    app_id: str | None = None,
    body: str | None = None,
    due_at: float = 0.0,
    request_id: str | None = None,
) -> Scan:
    """Record a scan and bring it to a state; a rescan where an app ID is given, else of a new app."""
    share = share or a_share()
    scan, new = await store.scans.record(share, source=source, held_until=held_until)
    assert new
    digest = sha256((body or f"{share.channel} {share.message_ts} {share.file_id}").encode()).hexdigest()
    await _bring(store, scan.number, state, build, app_id, digest)
    submission: dict[str, object] = {"due_at": due_at} if state is State.QUEUED else {}
    if state is State.SUBMITTED:
        submission = {
            "state": SubmissionState.ACCEPTED,
            "request_id": request_id or f"request-{scan.number}",
            "status": 202,
        }
    if state in _BEFORE and state not in {State.PULLING, State.CHECKING}:
        await store.scans.move(scan.number, state, why="as the test needs it", submission=submission)
    return await store.scans.scan(scan.number)


async def _bring(
    store: Repositories, number: int, state: State, build: Build, app_id: str | None, digest: str
) -> None:
    if state is State.RECEIVED:
        return
    if state is State.PULLING:
        await store.scans.begin(number)
        return
    if state is State.CHECKING:
        await _bring(store, number, State.PULLING, build, app_id, digest)
        await store.scans.move(
            number, State.CHECKING, why="checking", scan={"sha256": digest, "size_bytes": 1000}
        )
        return
    if state in _BEFORE:
        await _bring(store, number, _BEFORE[state], build, app_id, digest)
        return
    await _bring(store, number, State.CHECKING, build, app_id, digest)
    going = state is State.SUBMITTING
    verdict = Decision(
        state=state,
        why="as the test needs it",
        kind=(Kind.RESCAN if app_id else Kind.NEW) if going else None,
        reason=(Reason.LINKED if app_id else Reason.FIRST) if going else None,
        app_id=app_id if going else None,
        question=Question.SEEN_BEFORE if state is State.ASKING else None,
    )
    await store.scans.decide(number, build, build.name, lambda *_: verdict)
