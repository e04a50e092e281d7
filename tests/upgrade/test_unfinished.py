"""A new version starts on what an older one left: all that was under way is finished, and nothing goes twice."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing

from sandbox.world import Message
from tests.scenario.office import APP_ID, Office, apk
from tests.upgrade.history import FOLDER, read

ENDS = {"submitted", "uncertain", "duplicate", "rejected", "failed", "cancelled", "asking"}
"""States that a scan does not leave by itself."""


def rows(place: Office, query: str, *values: object) -> list[tuple]:
    with closing(sqlite3.connect(place.environ["APPSCAN_DB"])) as database:
        return database.execute(query, values).fetchall()


def before(query: str) -> list[tuple]:
    """Ask the database as the older version left it."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript((FOLDER / "history.sql").read_text())
        return database.execute(query).fetchall()


async def until(place: Office, condition: Callable[[], object], *, step_s: float = 0.0) -> None:
    """Wait until something is so, letting time pass meanwhile."""
    async with asyncio.timeout(90):
        while not condition():
            place.clock.advance(step_s)
            await asyncio.sleep(0.05)


def finished(place: Office) -> bool:
    states = {state for (state,) in rows(place, "SELECT state FROM scans WHERE source = 'slack'")}
    return states <= ENDS


def reply_of(place: Office, number: int) -> Message | None:
    ((channel, ts),) = rows(place, "SELECT channel, reply_ts FROM scans WHERE number = ?", number)
    return place.slack.world.find_message(channel, ts) if channel and ts else None


async def test_unfinished_scans_finish_once(place: Office):
    await until(place, lambda: finished(place), step_s=20)

    sent = Counter(each.file_name for each in place.onetrust.received)
    known = {each["file_name"] for each in read("scanners.json")["received"]}
    under_way = before(
        "SELECT number, file_name FROM scans WHERE state IN ('received', 'pulling', 'queued') "
        "OR number IN (SELECT scan FROM submissions WHERE scanner = 'onetrust' AND state = 'sending')"
    )
    assert len(under_way) >= 18
    for number, name in under_way:
        ((state,),) = rows(place, "SELECT state FROM scans WHERE number = ?", number)
        assert (name, state, sent[name]) == (name, "submitted", 1)
    ended = {name for (name,) in before("SELECT file_name FROM scans WHERE state = 'submitted'")}
    for name in ended & known:
        ((count,),) = before(f"SELECT count(*) FROM scans WHERE file_name = '{name}' AND state = 'submitted'")
        assert sent[name] == count, f"{name} was submitted again"


async def test_committed_scan_is_uncertain_and_is_not_sent_again(place: Office):
    ((number, name),) = before(
        "SELECT number, file_name FROM scans JOIN submissions AS o ON o.scan = number WHERE o.state = 'committed'"
    )
    await until(place, lambda: finished(place), step_s=20)

    assert rows(place, "SELECT state FROM scans WHERE number = ?", number) == [("uncertain",)]
    assert name not in [each.file_name for each in place.onetrust.received]
    await until(place, lambda: "It is not certain" in place.read(reply_of(place, number)))


async def test_scan_behind_an_uncertain_one_is_asked_about(place: Office):
    ((number,),) = before("SELECT number FROM scans WHERE state = 'waiting'")
    await until(place, lambda: finished(place), step_s=20)

    assert rows(place, "SELECT state FROM scans WHERE number = ?", number) == [("asking",)]
    await until(place, lambda: "is a rescan or a new app" in place.read(reply_of(place, number)).lower() or
                "rescan or a new app" in place.read(reply_of(place, number)))


async def test_replies_are_brought_up_to_date(place: Office):
    await until(place, lambda: finished(place), step_s=20)
    stale = "SELECT number FROM scans WHERE shown_revision < revision AND source = 'slack'"
    await until(place, lambda: not rows(place, stale), step_s=2)

    heads = Counter(rows(place, "SELECT channel, reply_ts FROM scans WHERE reply_ts IS NOT NULL"))
    assert set(heads.values()) == {1}
    for (number,) in before("SELECT number FROM scans WHERE state = 'queued'"):
        assert "was submitted to OneTrust" in place.read(reply_of(place, number))


async def test_replies_are_found_again_and_not_posted_twice(place: Office):
    old = {(m["channel"], m["ts"]) for m in read("messages.json") if (m["metadata"] or {}).get("event_type")}
    await until(place, lambda: finished(place), step_s=20)
    stale = "SELECT number FROM scans WHERE shown_revision < revision AND source = 'slack'"
    await until(place, lambda: not rows(place, stale), step_s=2)

    told: Counter[tuple[str, int]] = Counter()
    for message in place.slack.world.messages.values():
        if message.metadata and not message.deleted:
            told[message.metadata["event_type"], message.metadata["event_payload"]["scan"]] += 1
    assert len(told) > len(old) - 1
    assert {key for key, count in told.items() if count > 1} == set()


async def test_results_that_were_awaited_come(place: Office):
    awaited = before(
        "SELECT o.scan_id, results.scan FROM results JOIN submissions AS o ON o.scan = results.scan "
        "AND o.scanner = 'onetrust' WHERE results.state = 'running'"
    )
    assert awaited
    for scan_id, _ in awaited:
        place.onetrust.finish(scan_id)

    def announced() -> bool:
        done = "SELECT 1 FROM results WHERE scan = ? AND state = 'completed' AND announced_ts > '0'"
        return all(rows(place, done, number) for _, number in awaited)

    await until(place, announced, step_s=10)


async def test_held_build_goes_on_when_its_verdict_is_there(place: Office):
    ((number, sha256),) = before(
        "SELECT number, sha256 FROM scans WHERE number IN (SELECT scan FROM opinions WHERE held_until IS NOT NULL)"
        " LIMIT 1"
    )
    await until(place, lambda: rows(place, "SELECT 1 FROM scans WHERE number = ? AND state = 'submitted'", number),
                step_s=20)  # fmt: skip
    assert [each.sha256 for each in place.onetrust.received].count(sha256) == 1


async def test_file_that_arrived_without_its_message_is_scanned(place: Office):
    ((file_id,),) = before("SELECT file_id FROM arrivals")
    name = place.slack.world.files[file_id].name
    await until(place, lambda: name in [each.file_name for each in place.onetrust.received], step_s=5)
    assert [each.file_name for each in place.onetrust.received].count(name) == 1


async def test_waiting_rescan_takes_its_build(place: Office):
    ((channel, ts),) = before(
        f"SELECT channel, message_ts FROM requests WHERE state = 'waiting' AND app_id = '{APP_ID}'"
    )
    place.eli.share(channel, [("shop-5.apk", apk("5.0", package="com.example.till"))], thread_ts=ts)
    await until(place, lambda: "shop-5.apk" in [each.file_name for each in place.onetrust.received], step_s=2)
    (taken,) = [each for each in place.onetrust.received if each.file_name == "shop-5.apk"]
    assert (taken.is_rescan, taken.app_id) == (True, APP_ID)


async def test_who_asked_about_a_third_party_app_is_told(place: Office):
    assert before("SELECT user FROM app_asks") == [(place.dana.id,)]
    known = len(place.dana.messages(place.dana.im()))
    await until(place, lambda: len(place.dana.messages(place.dana.im())) > known, step_s=3600)


async def test_notice_of_a_backlog_ends(place: Office):
    ((channel, ts),) = before("SELECT channel, message_ts FROM notices")

    def over() -> bool:
        message = place.slack.world.find_message(channel, ts)
        return message is not None and "has its reply" in place.read(message)

    await until(place, over, step_s=20)
