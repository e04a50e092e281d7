"""A database of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.parts import store_on
from bot.scans.memory import Store
from bot.store.database import Database
from tests.fakes import HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "appscan.db")
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database, clock: HeldClock) -> Store:
    return store_on(database, clock)
