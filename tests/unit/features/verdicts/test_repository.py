"""The rows of Zscaler's verdicts: made with a decision, due when OneTrust's part is out of the way."""

from dataclasses import replace
from hashlib import sha256

import pytest

from bot.core.scan import Kind, Reason, Scan, Source, State, SubmissionState
from bot.errors import NotFound, Superseded
from bot.features.submission.decision import Decision, DecisionFacts, VerdictRequest
from bot.features.verdicts.models import Risk, SandboxVerdict, Threat, VerdictState
from bot.features.verdicts.repository import GIVE_WAY_S
from bot.storage import restore_guard
from bot.storage.database import Database
from bot.wiring.repositories import Repositories
from tests.fakes import SHOP, START, HeldClock, a_share
from tests.unit.features.scenes import a_scan

MD5 = "0123456789abcdef0123456789abcdef"
BAD = SandboxVerdict(
    threat=Threat.MALICIOUS,
    category="MALWARE_BOTNET",
    score=86,
    malware="Android/Agent",
    file_type="apk",
    duration_s=412.5,
    risks=(Risk(level="HIGH", signature="Sends texts", sources=("classes.dex", "x")),),
    is_full=True,
)
ASK = VerdictRequest(scanner="zscaler")
GOES = Decision(
    state=State.SUBMITTING,
    why="new app",
    kind=Kind.NEW,
    reason=Reason.FIRST,
    route="webhook",
    requests=(ASK,),
)


async def asked(
    store: Repositories,
    file_id: str = "F1",
    *,
    verdict: Decision = GOES,
    then: State | None = State.SUBMITTED,
    body: str | None = None,
) -> Scan:
    """Record a scan about which Zscaler is asked, and let OneTrust's part come to an end."""
    share = a_share(file_id, ts=f"1790000000.{file_id[1:]:0>6}")
    scan, _ = await store.scans.record(share)
    await store.scans.begin(scan.number)
    pulled = {"sha256": sha256((body or file_id).encode()).hexdigest(), "size_bytes": 1000, "pulls": 0}
    await store.scans.move(scan.number, State.CHECKING, why="pulled whole", scan=pulled)
    scan = await store.scans.decide(scan.number, SHOP, "Shop", lambda *_: verdict)
    if then is not None and scan.state is State.SUBMITTING:
        scan = await store.scans.move(scan.number, then, why="as the test needs it")
    return scan


def held(clock: HeldClock, seconds: float = 1800) -> Decision:
    request = replace(ASK, held_until=clock.now() + seconds, held_for="Zscaler's verdict")
    return replace(GOES, state=State.QUEUED, requests=(request,))


async def why(store: Repositories, number: int) -> list[str]:
    return [event.why for event in await store.scans.events(number)]


async def test_zscaler_is_asked_where_the_decision_says_so_and_nowhere_else(store: Repositories) -> None:
    with_it = await asked(store)
    without = await asked(store, "F2", verdict=replace(GOES, requests=()))
    no_way = await asked(store, "F3", verdict=replace(GOES, state=State.FAILED))

    _, verdict = await store.verdicts.of("zscaler", with_it.number)
    assert verdict is not None
    assert (verdict.state, verdict.attempts, verdict.due_at) == (VerdictState.WAITING, 0, START)
    assert (await store.verdicts.of("zscaler", without.number))[1] is None
    assert (await store.verdicts.of("zscaler", no_way.number))[1] is None


async def test_a_scan_that_is_decided_again_keeps_its_verdict(store: Repositories) -> None:
    scan = await asked(store, verdict=replace(GOES, state=State.WAITING))
    await store.verdicts.keep("zscaler", scan.number, state=VerdictState.KNOWN, result=BAD, md5=MD5)
    for state in (State.RECEIVED, State.PULLING, State.CHECKING):
        await store.scans.move(scan.number, state, why="again")

    again = await store.scans.decide(scan.number, SHOP, "Shop", lambda *_: GOES)

    assert again.submission.state is SubmissionState.SENDING
    _, verdict = await store.verdicts.of("zscaler", scan.number)
    assert verdict is not None
    assert (verdict.state, verdict.result, verdict.md5) == (VerdictState.KNOWN, BAD, MD5)


async def test_what_is_kept_is_read_again_and_onetrusts_part_stays_as_it_is(store: Repositories) -> None:
    scan = await asked(store)

    kept = await store.verdicts.keep(
        "zscaler",
        scan.number,
        why="sent to Zscaler",
        state=VerdictState.ANALYSING,
        md5=MD5,
        attempts=2,
        polls=3,
        since=START + 5,
        due_at=START + 600,
        problem="a sentence",
        submission=SubmissionState.ACCEPTED,
        status=200,
    )

    assert (await store.verdicts.of("zscaler", scan.number))[1] == kept
    assert (kept.md5, kept.attempts, kept.polls) == (MD5, 2, 3)
    assert (kept.since, kept.due_at, kept.problem, kept.ended_at) == (
        START + 5,
        START + 600,
        "a sentence",
        None,
    )
    after = await store.scans.scan(scan.number)
    assert after.submission == scan.submission
    assert (after.state, after.revision) == (State.SUBMITTED, scan.revision + 1)
    assert (await why(store, scan.number))[-1] == "sent to Zscaler"
    assert await store.verdicts.of_file("zscaler", scan.sha256) == kept
    assert await store.scans.of_request_id(MD5) is None


async def test_what_changes_nothing_that_is_told_leaves_the_reply_be(store: Repositories) -> None:
    scan = await asked(store)

    await store.verdicts.keep("zscaler", scan.number, tell=False, polls=1)

    assert (await store.scans.scan(scan.number)).revision == scan.revision


async def test_what_is_not_asked_can_t_be_kept(store: Repositories) -> None:
    scan = await asked(store, verdict=replace(GOES, requests=()))
    with pytest.raises(NotFound):
        await store.verdicts.keep("zscaler", scan.number, polls=1)


async def test_a_build_is_sent_once_it_is_not_on_its_way_to_onetrust(store: Repositories) -> None:
    scan = await asked(store, then=None)
    assert (await store.verdicts.due("zscaler", 5)).now == []
    await store.scans.move(scan.number, State.SUBMITTED, why="taken")

    assert (await store.verdicts.due("zscaler", 5)).now == [scan.number]
    assert (await store.verdicts.due("zscaler", 5, busy={scan.number})).now == []
    await store.verdicts.keep("zscaler", scan.number, due_at=START + 60)
    assert (await store.verdicts.due("zscaler", 5)).now == []
    assert (await store.verdicts.due("zscaler", 0)).next_at == START + 60


async def test_builds_on_their_way_to_onetrust_go_first_for_a_while(
    store: Repositories, clock: HeldClock
) -> None:
    scan = await asked(store)
    waits = await asked(store, "F2", verdict=held(clock, 3600))
    await a_scan(store, State.RECEIVED, a_share("F3", ts="1790000000.000003"))

    assert (await store.verdicts.due("zscaler", 5)).now == [waits.number]
    clock.advance(GIVE_WAY_S)
    assert (await store.verdicts.due("zscaler", 5)).now == [waits.number, scan.number]
    assert (await store.verdicts.due("zscaler", 1)).now == [waits.number]


@pytest.mark.parametrize("end", [State.CANCELLED, State.DUPLICATE, State.REJECTED])
async def test_what_waits_is_dropped_with_its_scan(store: Repositories, end: State) -> None:
    scan = await asked(store, verdict=replace(GOES, state=State.WAITING))
    if end is State.CANCELLED:
        await store.scans.cancel(scan.number, why="taken back", who="UANA")
    else:
        for state in (State.RECEIVED, State.PULLING, State.CHECKING, end):
            await store.scans.move(scan.number, state, why="so")

    assert (await store.verdicts.of("zscaler", scan.number))[1] is None
    assert (await store.verdicts.due("zscaler", 5)).now == []


async def test_what_was_sent_stays_when_its_scan_is_cancelled(store: Repositories, clock: HeldClock) -> None:
    scan = await asked(store, verdict=held(clock))
    await store.verdicts.keep("zscaler", scan.number, state=VerdictState.ANALYSING, md5=MD5, due_at=START)

    await store.scans.cancel(scan.number, why="taken back", who="UANA")

    (due,) = (await store.verdicts.reports_due("zscaler", 5)).now
    assert (due.scan, due.held_until, due.went_on_after_s) == (scan.number, None, None)


async def test_a_verdict_that_ends_lets_its_scan_go_on(store: Repositories, clock: HeldClock) -> None:
    scan = await asked(store, verdict=held(clock))
    assert (scan.state, scan.submission.due_at) == (State.QUEUED, START + 1800)
    assert (await store.queue.poll(5, busy=())).due == []
    clock.advance(60)

    await store.verdicts.keep("zscaler", scan.number, state=VerdictState.KNOWN, result=BAD)

    assert (await store.queue.poll(5, busy=())).due == [scan.number]
    _, verdict = await store.verdicts.of("zscaler", scan.number)
    assert verdict is not None
    assert (verdict.held_until, verdict.went_on_after_s, verdict.ended_at) == (None, None, START + 60)


async def test_a_scan_whose_time_is_up_goes_on_and_says_so(store: Repositories, clock: HeldClock) -> None:
    scan = await asked(store, verdict=held(clock))
    clock.advance(1800)
    assert (await store.queue.poll(5, busy=())).due == [scan.number]

    await store.scans.begin(scan.number)

    assert (await why(store, scan.number))[-1] == "went on without Zscaler's verdict after 30 min"
    _, verdict = await store.verdicts.of("zscaler", scan.number)
    assert verdict is not None
    assert (verdict.state, verdict.held_until, verdict.went_on_after_s) == (VerdictState.WAITING, None, 1800)


async def test_a_scanner_that_is_back_does_not_end_a_hold(store: Repositories, clock: HeldClock) -> None:
    scan = await asked(store, verdict=held(clock))
    later = await asked(store, "F2", then=None)
    await store.scans.move(later.number, State.QUEUED, why="later", submission={"due_at": START + 900})
    assert await store.queue.park("away", busy=()) == []

    await store.queue.release(hasten=True)

    assert (await store.queue.poll(5, busy=())).due == [later.number]
    assert (await store.scans.scan(scan.number)).submission.due_at == START + 1800


async def test_a_parked_scan_is_not_hastened_by_its_verdict(store: Repositories, clock: HeldClock) -> None:
    scan = await asked(store, verdict=held(clock))
    clock.advance(1800)
    assert await store.queue.park("away", busy=()) == [scan.number]

    await store.verdicts.keep("zscaler", scan.number, state=VerdictState.KNOWN, result=BAD)

    assert (await store.queue.poll(5, busy=())).due == []
    await store.queue.release(hasten=True)
    assert (await store.queue.poll(5, busy=())).due == [scan.number]


async def test_a_verdict_is_known_by_the_file_of_whatever_scan(store: Repositories) -> None:
    first = await asked(store, body="same")
    second = await asked(store, "F2", body="same")
    other = await asked(store, "F3", body="other")
    assert first.sha256
    assert await store.verdicts.of_file("zscaler", first.sha256) is None
    await store.verdicts.keep("zscaler", first.number, state=VerdictState.KNOWN, result=BAD, md5=MD5)
    await store.verdicts.keep(
        "zscaler", second.number, state=VerdictState.KNOWN, result=BAD, known_from=first.number
    )

    known = await store.verdicts.of_file("zscaler", first.sha256)

    assert known is not None
    assert (known.scan, known.result) == (first.number, BAD)
    assert other.sha256
    assert await store.verdicts.of_file("zscaler", other.sha256) is None


async def test_the_decision_is_told_what_is_known(store: Repositories) -> None:
    first = await asked(store, body="same")
    await store.verdicts.keep("zscaler", first.number, state=VerdictState.KNOWN, result=BAD)
    second = await a_scan(store, State.CHECKING, a_share("F2", ts="1790000000.000002"), body="same")
    told: list[DecisionFacts] = []

    def choose(_: Scan, facts: DecisionFacts) -> Decision:
        told.append(facts)
        return replace(GOES, state=State.WAITING)

    await store.scans.decide(second.number, SHOP, "Shop", choose)
    for ended in (False, True):
        if ended:
            await store.verdicts.keep("zscaler", second.number, state=VerdictState.EXCLUDED)
        for state in (State.RECEIVED, State.PULLING, State.CHECKING):
            await store.scans.move(second.number, state, why="again")
        await store.scans.decide(second.number, SHOP, "Shop", choose)

    assert [(len(facts.verdicts_over), len(facts.verdicts_known)) for facts in told] == [
        (0, 1),
        (0, 1),
        (1, 1),
    ]


async def test_what_was_sent_is_counted(store: Repositories, clock: HeldClock) -> None:
    scans = [await asked(store, f"F{number}", body=str(number)) for number in range(1, 6)]
    for index, scan in enumerate(scans[:3]):
        await store.verdicts.keep(
            "zscaler",
            scan.number,
            state=VerdictState.ANALYSING,
            since=START + index,
            attempts=1,
            due_at=START + 600,
        )
    await store.verdicts.keep("zscaler", scans[3].number, submission=SubmissionState.SENDING, attempts=1)
    await store.verdicts.keep(
        "zscaler", scans[4].number, state=VerdictState.ANALYSING, since=START
    )  # with another

    clock.advance(5)
    assert await store.verdicts.sent_since("zscaler", START + 1) == 3
    assert await store.verdicts.sent_before("zscaler", 1) == START + 5
    assert [await store.verdicts.sent_before("zscaler", count) for count in (2, 3, 4, 5)] == [
        START + 2,
        START + 1,
        START,
        None,
    ]


async def test_reports_are_asked_for_in_the_order_in_which_they_are_due(
    store: Repositories, clock: HeldClock
) -> None:
    assert (await store.verdicts.reports_due("zscaler", 0)).next_at is None
    first, second = await asked(store, body="1"), await asked(store, "F2", body="2")
    await store.verdicts.keep("zscaler", first.number, state=VerdictState.ANALYSING, due_at=START + 20)
    await store.verdicts.keep("zscaler", second.number, state=VerdictState.ANALYSING, due_at=START + 10)

    assert (await store.verdicts.reports_due("zscaler", 0)).next_at == START + 10
    assert (await store.verdicts.reports_due("zscaler", 5)).now == []
    clock.advance(20)
    assert [due.scan for due in (await store.verdicts.reports_due("zscaler", 5)).now] == [
        second.number,
        first.number,
    ]


async def test_bad_verdicts_are_announced_until_they_surely_were(store: Repositories) -> None:
    bad, good = await asked(store, body="1"), await asked(store, "F2", body="2")
    await store.verdicts.keep("zscaler", bad.number, state=VerdictState.KNOWN, result=BAD)
    await store.verdicts.keep(
        "zscaler", good.number, state=VerdictState.KNOWN, result=SandboxVerdict(threat=Threat.BENIGN)
    )

    assert await store.verdicts.to_announce("zscaler") == [bad.number]
    await store.verdicts.set_announced("zscaler", bad.number, "")
    assert await store.verdicts.to_announce("zscaler") == [bad.number]
    await store.verdicts.set_announced("zscaler", bad.number, "1790000500.000001")
    assert await store.verdicts.to_announce("zscaler") == []


async def test_a_backup_that_is_put_back_looks_for_what_was_announced(
    store: Repositories, database: Database, clock: HeldClock
) -> None:
    scan, held_one = await asked(store), await asked(store, "F2", verdict=held(clock))
    await store.verdicts.keep("zscaler", scan.number, state=VerdictState.KNOWN, result=BAD)
    await database.write(lambda db: db.execute(f"PRAGMA user_version = {restore_guard.MARK}"))

    await restore_guard.settle(database, clock)

    _, verdict = await store.verdicts.of("zscaler", scan.number)
    assert verdict is not None
    assert verdict.announced_ts == ""
    assert (await why(store, held_one.number))[-1] == "the bot was set back to a backup"
    _, waits = await store.verdicts.of("zscaler", held_one.number)
    assert waits is not None
    assert (waits.state, waits.held_until) == (VerdictState.WAITING, None)


async def test_verdicts_go_with_their_scans(
    store: Repositories, database: Database, clock: HeldClock
) -> None:
    first = await asked(store, body="same")
    await store.verdicts.keep("zscaler", first.number, state=VerdictState.KNOWN, result=BAD)
    clock.advance(1000)
    second = await asked(store, "F2", body="same")
    await store.verdicts.keep(
        "zscaler", second.number, state=VerdictState.KNOWN, result=BAD, known_from=first.number
    )

    assert await store.privacy.purge(START + 500) == 1

    _, left = await store.verdicts.of("zscaler", second.number)
    assert left is not None
    assert (left.result, left.known_from) == (BAD, None)
    rows = await database.read(lambda db: db.execute("SELECT scan FROM opinions").fetchall())
    rows += await database.read(lambda db: db.execute("SELECT scan FROM submissions").fetchall())
    assert {row[0] for row in rows} == {second.number}


async def test_a_second_submission_changes_nothing_in_onetrusts_queue(
    store: Repositories, clock: HeldClock
) -> None:
    queued = await asked(store, verdict=GOES, then=State.QUEUED)
    await store.queue.postpone(queued.number, "later", START + 30)
    await store.verdicts.keep("zscaler", queued.number, due_at=START + 5, attempts=7)

    assert (await store.queue.poll(0, busy=())).next_at == START + 30
    clock.advance(30)
    assert (await store.queue.poll(5, busy=())).due == [queued.number]
    assert await store.queue.probe(busy=()) == queued.number
    assert await store.queue.park("away", busy=()) == [queued.number]
    assert await store.queue.recover(source=Source.SLACK) == []
    _, verdict = await store.verdicts.of("zscaler", queued.number)
    assert verdict is not None
    assert (verdict.due_at, verdict.attempts) == (START + 5, 7)


async def test_what_has_moved_on_is_not_changed_and_the_timeline_names_who_did_it(
    store: Repositories,
) -> None:
    scan = await asked(store)
    number, anew = scan.number, {"state": VerdictState.WAITING, "ended_at": None}
    ended = await store.verdicts.keep(
        "zscaler", number, state=VerdictState.FAILED, problem="No.", submission=SubmissionState.ACCEPTED
    )
    assert (ended.is_taken, ended.may_be_asked_again) == (True, True)

    reopened = await store.verdicts.keep(
        "zscaler",
        number,
        why="ask again",
        who="UANA",
        expect={VerdictState.FAILED},
        submission=SubmissionState.PENDING,
        **anew,
    )
    with pytest.raises(Superseded):
        await store.verdicts.keep("zscaler", number, why="ask again", expect={VerdictState.FAILED}, **anew)

    assert (reopened.is_taken, reopened.ended_at) == (False, None)
    events = await store.scans.events(number)
    assert [event.who for event in events if event.why == "ask again"] == ["UANA"]
    assert (await store.verdicts.due("zscaler", 5)).now == [number]
