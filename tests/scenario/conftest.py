"""The workspace that scenarios are played in."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.scenario.office import Office, office


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        yield opened


@pytest.fixture
async def second_place(tmp_path: Path) -> AsyncIterator[Office]:
    """Open the same with Zscaler set up."""
    async with office(tmp_path, zscaler=True) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _no_task_fails_unseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    told = [record for when in ("setup", "call") for record in caplog.get_records(when)]  # type: ignore[arg-type]
    assert not [
        record.getMessage() for record in told if record.name == "asyncio" and record.levelno >= logging.ERROR
    ]
