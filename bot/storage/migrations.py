"""Brings a database's schema up to date, step by step."""

import sqlite3
from collections.abc import Iterator

import sqlite_utils
from sqlite_utils.migrations import Migrations

from bot.errors import NewerDatabase
from bot.storage.schema import SCRIPTS

MIGRATIONS = Migrations("appscan")


def _statements(script: str) -> Iterator[str]:
    """Split a script; ``executescript`` would commit the transaction in which steps are applied."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _add(name: str, script: str) -> None:
    @MIGRATIONS(name=name)
    def step(db: sqlite_utils.Database) -> None:
        for statement in _statements(script):
            db.execute(statement)


for _name, _script in SCRIPTS.items():
    _add(_name, _script)


def check_version(db: sqlite_utils.Database) -> None:
    """Check that no newer version of appscan has upgraded the database.

    Raises:
        NewerDatabase: one has.
    """
    unknown = [step.name for step in MIGRATIONS.applied(db) if step.name not in SCRIPTS]
    if unknown:
        raise NewerDatabase(detail=f"the database has migrations of a newer version: {', '.join(unknown)}")
