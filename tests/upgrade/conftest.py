"""Installations of older versions, with the bot of today in them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenario.office import Office
from tests.upgrade.history import FOLDER, restored


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Office]:
    """Open the fixture, and start the bot of today in it."""
    async with restored(FOLDER, tmp_path) as opened:
        opened.clock.hurried = True
        yield opened
