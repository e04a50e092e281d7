"""A database and the domain on fakes, one for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database import Database
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from tests.bench import Bench
from tests.fakes import HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(tmp_path / "appscan.db")
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database, clock: HeldClock) -> Repositories:
    return Repositories(database, clock)


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    return Bench(database, tmp_path / "builds")
