"""A new version starts on what an older one left: all under way is finished, nothing goes twice."""

import asyncio
from collections import Counter
from collections.abc import Callable

from tests.scenario.office import APP_ID, Office, apk
from tests.upgrade.history import before, read, reply_of, rows

ENDS = {"submitted", "uncertain", "duplicate", "rejected", "failed", "cancelled", "asking"}
"""States that a scan does not leave by itself."""
STALE = "SELECT number FROM scans WHERE shown_revision < revision AND source = 'slack'"


async def until(place: Office, condition: Callable[[], object], *, step_s: float = 0.0) -> None:
    """Wait until something is so, letting time pass meanwhile."""
    async with asyncio.timeout(90):
        while not condition():
            place.clock.advance(step_s)
            await asyncio.sleep(0.05)


def finished(place: Office) -> bool:
    states = {state for (state,) in rows(place, "SELECT state FROM scans WHERE source = 'slack'")}
    return states <= ENDS and not rows(place, STALE) and not rows(place, "SELECT 1 FROM arrivals")


def said(place: Office, number: int) -> str:
    message = reply_of(place, number)
    return place.read(message) if message is not None else ""


async def test_everything_under_way_finishes_once_and_its_replies_say_so(place: Office):
    arrivals = before("SELECT file_id FROM arrivals")
    assert arrivals
    await until(place, lambda: finished(place), step_s=20)

    sent = Counter(each.sha256 for each in place.onetrust.received)
    states = dict(rows(place, "SELECT number, state FROM scans"))
    sums = dict(rows(place, "SELECT number, sha256 FROM scans"))
    under_way = before(
        "SELECT number FROM scans JOIN submissions AS o ON o.scan = number AND o.scanner = 'onetrust' "
        "WHERE scans.state IN ('received', 'pulling', 'queued') OR o.state = 'sending'"
    )
    assert len(under_way) >= 18
    for (number,) in under_way:
        assert (number, states[number], sent[sums[number]]) == (number, "submitted", 1)
        assert "was submitted to OneTrust" in said(place, number)

    ((committed,),) = before("SELECT scan FROM submissions WHERE state = 'committed'")
    assert states[committed] == "uncertain"
    assert sent[sums[committed]] == 0  # this stand-in had not read it to its end
    assert "It is not certain" in said(place, committed)
    ((behind,),) = before("SELECT number FROM scans WHERE state = 'waiting'")
    assert states[behind] == "asking"
    assert "a rescan or a new app" in said(place, behind)

    known = Counter(each["sha256"] for each in read("scanners.json")["received"])
    submitted = before("SELECT sha256 FROM scans WHERE state IN ('submitted', 'uncertain')")
    for (digest,) in submitted:
        assert sent[digest] == known[digest], "what was submitted before was submitted again"

    names = Counter(each.file_name for each in place.onetrust.received)
    for (file_id,) in arrivals:
        assert names[place.slack.world.files[file_id].name] <= 1
    shares = Counter(
        rows(place, "SELECT channel, message_ts, file_id, occasion FROM scans WHERE file_id > ''")
    )
    assert set(shares.values()) == {1}

    told: Counter[tuple[str, int]] = Counter()
    for message in place.slack.world.messages.values():
        if message.metadata and not message.deleted:
            told[message.metadata["event_type"], message.metadata["event_payload"]["scan"]] += 1
    assert {key for key, count in told.items() if count > 1} == set()
    old = {
        (message["metadata"]["event_type"], message["metadata"]["event_payload"]["scan"])
        for message in read("messages.json")
        if message["metadata"]
    }
    assert old <= set(told)


async def test_everything_awaited_comes(place: Office):
    ((scan_id, number),) = before(
        "SELECT o.scan_id, results.scan FROM results JOIN submissions AS o ON o.scan = results.scan "
        "AND o.scanner = 'onetrust' WHERE results.state = 'running' AND results.status = 'PROGRESS'"
    )
    place.onetrust.finish(scan_id)
    done = "SELECT 1 FROM results WHERE scan = ? AND state = 'completed' AND announced_ts > '0'"
    await until(place, lambda: rows(place, done, number), step_s=10)

    ((channel, ts),) = before("SELECT channel, message_ts FROM notices")

    def notice_is_over() -> bool:
        message = place.slack.world.find_message(channel, ts)
        text = place.read(message) if message is not None else ""
        return "has its reply" in text or "takes builds again" in text

    await until(place, notice_is_over, step_s=20)

    waiting = f"SELECT channel, message_ts FROM requests WHERE state = 'waiting' AND app_id = '{APP_ID}'"
    ((channel, ts),) = before(waiting)
    place.eli.share(channel, [("till-5.apk", apk("5.0", package="com.example.till"))], thread_ts=ts)
    await until(
        place, lambda: [each for each in place.onetrust.received if each.app_id == APP_ID][1:], step_s=2
    )
    assert place.onetrust.received[-1].is_rescan

    assert before("SELECT user FROM app_asks") == [(place.dana.id,)]
    known = len(place.dana.messages(place.dana.im()))
    await until(place, lambda: len(place.dana.messages(place.dana.im())) > known, step_s=600)
