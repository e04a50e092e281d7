"""The file, its connection and its schema."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys

import pytest
import sqlite_utils

from bot.core.scan import Build, FileType
from bot.errors import StoreUnavailable
from bot.features.verdicts.models import ReportStatus, VerdictState
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from bot.storage.migrations import MIGRATIONS
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from tests.fakes import HeldClock, a_share

MD5 = "0123456789abcdef0123456789abcdef"
WRITER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
for turn in range(25):
    db.execute("BEGIN IMMEDIATE")
    found = db.execute("SELECT count(*) FROM apps").fetchone()[0]
    db.execute("INSERT INTO apps VALUES (?, 'ios', 'app', NULL, ?)", [f"other.{turn}", found])
    db.execute("COMMIT")
db.close()
"""


async def schema(database):
    return await database.read(
        lambda db: [(row["type"], row["name"], row["sql"]) for row in db.query("SELECT * FROM sqlite_master")]
    )


async def test_an_empty_file_gets_the_whole_schema(database):
    names = {name for _, name, _ in await schema(database)}

    assert {"scans", "submissions", "events", "apps", "requests", "arrivals", "scans_fts"} <= names


async def test_opening_again_changes_nothing(tmp_path):
    first = await open_database(tmp_path / "appscan.db")
    before = await schema(first)
    await Repositories(first, HeldClock()).scans.record(a_share())
    await first.close()

    again = await open_database(tmp_path / "appscan.db")
    try:
        assert await schema(again) == before
        assert (await Repositories(again, HeldClock()).scans.scan(1)).file_name == "shop.apk"
    finally:
        await again.close()


@pytest.mark.parametrize("applied", [1, 2, 7])
async def test_an_older_schema_is_brought_up_to_date_with_what_it_holds(tmp_path, applied):
    path = tmp_path / "appscan.db"
    old = sqlite_utils.Database(path)
    names = [step.name for step in MIGRATIONS.pending(old)]
    MIGRATIONS.apply(old, stop_before=names[applied])
    with old.atomic():
        old.execute(
            "INSERT INTO scans (state, source, created_at, updated_at, file_name, platform, bundle_id) "
            "VALUES ('received', 'slack', 1, 1, 'oldie.apk', 'android', 'a.b')"
        )
        old.execute("INSERT INTO submissions (scan, scanner, state) VALUES (1, 'onetrust', 'pending')")
    old.close()

    database = await open_database(path)
    try:
        store = Repositories(database, HeldClock())
        await store.scans.begin(1)
        assert (await store.scans.scan(1)).build == Build(file_type=FileType.APK, bundle_id="a.b")
        found = await database.read(
            lambda db: list(db.query("SELECT rowid FROM scans_fts WHERE scans_fts MATCH 'oldie'"))
        )
        assert found == [{"rowid": 1}]
    finally:
        await database.close()


async def test_verdicts_of_an_older_schema_are_zscalers(tmp_path):
    path = tmp_path / "appscan.db"
    old = sqlite_utils.Database(path)
    MIGRATIONS.apply(old, stop_before="0020_side_scanners")
    with old.atomic():
        old.execute(
            "INSERT INTO scans (number, state, source, created_at, updated_at, file_name, channel) "
            "VALUES (1, 'queued', 'slack', 1, 1, 'a.apk', 'C1'), "
            "(2, 'submitted', 'slack', 1, 1, 'b.apk', 'C1')"
        )
        for number, due_at in ((1, 1900.0), (2, 5.0)):
            old.execute(
                "INSERT INTO submissions (scan, scanner, state, due_at, request_id) "
                "VALUES (?, 'onetrust', 'pending', ?, NULL), (?, 'zscaler', 'accepted', 7, ?)",
                [number, due_at, number, MD5],
            )
        old.execute(
            "INSERT INTO opinions (scan, state, begun_at, since, held_at, held_until) "
            "VALUES (1, 'analysing', 3, 4, 100, 1900)"
        )
        old.execute(
            "INSERT INTO opinions (scan, state, begun_at, threat, score, risks, known_from) "
            "VALUES (2, 'known', 3, 'MALICIOUS', 97, '[[\"HIGH\", \"Sends texts\", []]]', 1)"
        )
        old.execute("INSERT INTO asked_verdicts VALUES (?, 5, 'NOTFOUND', NULL)", [MD5])
    old.close()

    database = await open_database(path)
    try:
        store = Repositories(database, HeldClock(400.0))
        (_, held), (_, known) = [await store.verdicts.of("zscaler", number) for number in (1, 2)]
        assert (held.state, held.md5, held.due_at, held.held_until) == (VerdictState.ANALYSING, MD5, 7, 1900)
        assert (known.result.score, known.result.risks[0].level, known.known_from) == (97, "HIGH", 1)
        assert await store.verdicts.to_announce("zscaler") == [2]
        answer = await store.verdicts.answer(ZSCALER, MD5)
        assert (answer.at, answer.report.status) == (5, ReportStatus.NOT_FOUND)
        await store.verdicts.release("zscaler", 1)
        await store.scans.begin(1)
        assert (await store.scans.events(1))[-1].why == "went on without Zscaler's verdict after 5 min"
        assert await database.read(lambda db: list(db.query("PRAGMA foreign_key_check"))) == []
    finally:
        await database.close()


async def test_many_may_open_an_empty_file_at_once(tmp_path):
    opened = await asyncio.gather(*(open_database(tmp_path / "appscan.db") for _ in range(6)))

    numbers = await asyncio.gather(
        *(
            Repositories(database, HeldClock()).scans.record(a_share(f"F{number}"))
            for number, database in enumerate(opened)
        )
    )
    assert sorted(scan.number for scan, _ in numbers) == [1, 2, 3, 4, 5, 6]
    for database in opened:
        await database.close()


async def test_only_its_owner_may_read_what_it_keeps(tmp_path):
    before = os.umask(0)
    try:
        database = await open_database(tmp_path / "folder" / "appscan.db")
        await Repositories(database, HeldClock()).scans.record(a_share())
        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in os.scandir(tmp_path / "folder")}
        await database.close()
    finally:
        os.umask(before)

    assert modes == {"appscan.db": 0o600, "appscan.db-wal": 0o600, "appscan.db-shm": 0o600}


async def test_a_power_cut_takes_nothing_that_was_written(database):
    pragmas = await database.read(
        lambda db: {
            name: db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    )

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_work_that_fails_leaves_nothing_behind(database, store):
    def half(db):
        db.execute("INSERT INTO apps VALUES ('com.example', 'ios', 'app', NULL, 0)")
        raise LookupError("half way")

    with pytest.raises(LookupError):
        await database.write(half)

    assert await store.links.of_app("app") == []
    assert await database.writable()


async def test_a_write_that_fails_at_its_very_end_does_not_end_all_writes(database, store):
    def dangling(db):
        db.execute("PRAGMA defer_foreign_keys = ON")  # looked at when the transaction is committed
        db.execute("INSERT INTO events (scan, at, after, why) VALUES (99, 0, 'received', 'of nothing')")

    with pytest.raises(sqlite3.IntegrityError):
        await database.write(dangling)

    scan, new = await store.scans.record(a_share())
    assert (scan.number, new) == (1, True)


async def test_a_file_that_is_no_database_is_an_error(tmp_path):
    path = tmp_path / "appscan.db"
    path.write_bytes(b"no database at all" * 1000)

    with pytest.raises(sqlite3.DatabaseError):
        await open_database(path)


async def test_a_closed_database_says_so(tmp_path):
    database = await open_database(tmp_path / "appscan.db")
    assert await database.writable()

    await database.close()

    assert not await database.writable()
    with pytest.raises(RuntimeError):
        await database.read(lambda _: None)


async def test_another_process_may_write_meanwhile(tmp_path, database, store):
    def one_more(db):
        found = db.execute("SELECT count(*) FROM apps").fetchone()[0]
        db.execute("INSERT INTO apps VALUES (?, 'android', 'app', NULL, ?)", [f"ours.{found}", found])

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITER, str(tmp_path / "appscan.db")), stderr=subprocess.PIPE
    )
    ended = asyncio.create_task(process.communicate())
    ours = 0
    while not ended.done() or ours < 25:
        await database.write(one_more)
        ours += 1
    _, said = await ended

    assert (process.returncode, said) == (0, b"")
    links = await store.links.of_app("app")
    # Each counted the rows in the transaction that added one: nobody overlooked what another wrote.
    assert sorted(link.linked_at for link in links) == list(range(25 + ours))


async def test_a_locked_file_is_told_from_other_errors_and_waited_for_less_from_then_on(tmp_path, caplog):
    database = await open_database(tmp_path / "appscan.db", busy_timeout_ms=1)
    other = sqlite3.connect(tmp_path / "appscan.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="locked") as caught:
            await database.write(lambda db: db.execute("DELETE FROM apps"))
        assert "nothing was changed" in caught.value.user_message
    assert not await database.writable()

    other.execute("ROLLBACK")
    assert await database.writable()
    assert [record.getMessage() for record in caplog.records if record.name == "bot.storage.database"] == [
        "the database can't be used: database is locked",
        "the database can be written again",
    ]
    other.close()
    await database.close()


async def test_a_file_that_can_only_be_read_is_not_writable(database, tmp_path):
    await database.read(lambda db: db.execute("PRAGMA query_only = ON"))
    assert not await database.writable()
    with pytest.raises(StoreUnavailable, match="readonly"):
        await database.write(lambda db: db.execute("DELETE FROM apps"))

    await database.read(lambda db: db.execute("PRAGMA query_only = OFF"))
    assert await database.writable()


async def test_trials_of_a_locked_file_do_not_pile_up(tmp_path):
    database = await open_database(tmp_path / "appscan.db", busy_timeout_ms=60)
    other = sqlite3.connect(tmp_path / "appscan.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    answers = await asyncio.gather(*(database.writable() for _ in range(200)))

    assert not any(answers)
    other.execute("ROLLBACK")
    other.close()
    assert await database.writable()
    await database.close()
