"""``python -m bot backup``: a whole copy, or none and a sentence."""

import asyncio
import io
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from bot.cli.backup import backup
from bot.storage.database import Database
from bot.storage.restore_guard import MARK
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from tests.fakes import HeldClock, a_share


@pytest.fixture
async def database(tmp_path: Path):
    opened = await open_database(tmp_path / "appscan.db")
    store = Repositories(opened, HeldClock())
    for number in range(3):
        await store.scans.record(a_share(f"F{number}"))
    yield opened
    await opened.close()


def read(path: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        found = db.execute(query).fetchall()
    db.close()
    return found


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_a_copy_is_whole_marked_and_for_its_owner_only(database: Database, tmp_path: Path):
    copy, out = tmp_path / "copy.db", io.StringIO()
    umask = os.umask(0)
    try:
        assert await backup(database.path, copy, out, force=False) == 0
    finally:
        os.umask(umask)

    assert out.getvalue() == f"{copy}: 3 scans, {copy.stat().st_size:,} bytes, checked\n"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert read(copy, "SELECT file_id FROM scans ORDER BY number") == [("F0",), ("F1",), ("F2",)]
    assert read(copy, "PRAGMA user_version") == [(MARK,)]
    assert read(copy, "PRAGMA integrity_check") == [("ok",)]
    assert read(database.path, "PRAGMA user_version") == [(0,)]
    assert names(tmp_path) == {
        *("appscan.db", "appscan.db-shm", "appscan.db-wal", "copy.db"),
    }


async def test_it_waits_for_no_writer_and_no_writer_for_it(database: Database, tmp_path: Path):
    store = Repositories(database, HeldClock())
    writer = sqlite3.connect(database.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")  # holds the only write lock there is
    writer.execute("UPDATE scans SET file_name = 'half of a change'")
    await backup(database.path, tmp_path / "one.db", io.StringIO(), force=False)
    writer.rollback()
    writer.close()
    assert read(tmp_path / "one.db", "SELECT DISTINCT file_name FROM scans") == [("shop.apk",)]

    async def share_on() -> None:
        for number in range(3, 60):
            await store.scans.record(a_share(f"F{number}"))

    copies = [tmp_path / f"copy-{number}.db" for number in range(5)]
    await asyncio.gather(share_on(), *(backup(database.path, c, io.StringIO(), force=False) for c in copies))
    for copy in copies:
        assert read(copy, "PRAGMA integrity_check") == [("ok",)]
        assert read(copy, "SELECT count(*) FROM scans") == read(copy, "SELECT count(*) FROM submissions")


async def test_another_file_is_replaced_only_when_told(database: Database, tmp_path: Path):
    copy = tmp_path / "copy.db"
    copy.write_text("something else")
    with pytest.raises(SystemExit, match=r"already exists: name another file, or replace it with --force\."):
        await backup(database.path, copy, io.StringIO(), force=False)
    assert copy.read_text() == "something else"

    await backup(database.path, copy, io.StringIO(), force=True)
    assert read(copy, "SELECT count(*) FROM scans") == [(3,)]


@pytest.mark.parametrize(
    "name", ["appscan.db", "appscan.db-wal", "appscan.db-shm", "appscan.db.lock", "x/../appscan.db", "twin"]
)
async def test_the_database_itself_is_never_replaced(database: Database, tmp_path: Path, name: str):
    (tmp_path / "x").mkdir()
    (tmp_path / "twin").hardlink_to(database.path)
    with pytest.raises(SystemExit, match="is a file of the database itself"):
        await backup(database.path, tmp_path / name, io.StringIO(), force=True)
    assert read(database.path, "SELECT count(*) FROM scans") == [(3,)]


async def test_what_can_not_be_done_is_told_in_a_sentence(database: Database, tmp_path: Path):
    for to, told in (
        (tmp_path, "is a folder: name a file in it"),
        (tmp_path / "nowhere" / "copy.db", "Can't create a file in .*nowhere: No such file or directory"),
    ):
        with pytest.raises(SystemExit, match=told):
            await backup(database.path, to, io.StringIO(), force=False)


async def test_what_is_no_sound_database_leaves_no_copy(tmp_path: Path):
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(SystemExit, match="can't be copied: file is not a database"):
        await backup(damaged, tmp_path / "copy.db", io.StringIO(), force=False)
    assert names(tmp_path) == {"damaged.db"}


async def test_damage_is_found_before_the_copy_gets_its_name(database: Database, tmp_path: Path):
    store = Repositories(database, HeldClock())
    for number in range(3, 60):
        await store.scans.record(a_share(f"F{number}", comment="x" * 2000))
    broken = tmp_path / "broken.db"
    await backup(database.path, broken, io.StringIO(), force=False)
    body = bytearray(broken.read_bytes())
    page = 4096 * (len(body) // 4096 // 2)
    body[page : page + 4096] = b"\xff" * 4096
    broken.write_bytes(body)

    with pytest.raises(
        SystemExit, match=r"discarded: SQLite reports that the database is damaged|can't be copied"
    ):
        await backup(broken, tmp_path / "copy.db", io.StringIO(), force=False)
    assert not [name for name in names(tmp_path) if "copy" in name]
