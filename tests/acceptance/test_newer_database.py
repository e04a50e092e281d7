"""An older version meets a database that a newer one has upgraded: a sentence, and nothing is changed."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.builds import make_apk
from tests.acceptance.conftest import Stage

SENTENCE = "The database was upgraded by a newer version of appscan, so this version can't use it."
ADVICE = "Run the newer version, or restore a backup that was made before the upgrade."


@pytest.fixture
async def database(stage: Stage) -> Path:
    """Make a database of a version to come: it has a column, and a migration, that this one doesn't know."""
    build = stage.folder / "first.apk"
    build.write_bytes(make_apk(package="com.example.shop", version_name="1.0"))
    code, _, err = await stage.here("scan", str(build))
    assert code == 0, err
    path = stage.folder / "appscan.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ALTER TABLE scans ADD COLUMN of_tomorrow TEXT")
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('appscan', ?, 'then')",
            ["9999_of_tomorrow"],
        )
    return path


def content(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as db:
        return list(db.iterdump())


@pytest.mark.parametrize("command", ["run", "scan", "check", "export", "backup", "forget"])
async def test_newer_database_is_refused_in_a_sentence(stage: Stage, database: Path, command: str):
    more = {
        "scan": [str(stage.folder / "first.apk"), "--again"],
        "backup": [str(stage.folder / "copy.db")],
        "forget": ["U0123456789"],
    }.get(command, [])
    before, submitted = content(database), len(stage.onetrust.received)

    code, out, err = await stage.command(command, *more)

    assert code == 1
    assert SENTENCE in out + err
    assert ADVICE in out + err or f"FAIL  database: {SENTENCE} {ADVICE[:-1]}" in out
    assert "Traceback" not in out + err
    assert content(database) == before
    assert len(stage.onetrust.received) == submitted
    assert not (stage.folder / "copy.db").exists()
