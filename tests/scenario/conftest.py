"""The workspace that scenarios are played in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenario.office import Office, office


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        yield opened
