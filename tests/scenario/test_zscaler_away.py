"""Zscaler is down, or takes connections and never answers: to OneTrust that makes no difference."""

from pathlib import Path

import pytest

from tests.scenario.finding import announced
from tests.scenario.office import apk, office

RESULTS_ARE_READ = {"ONETRUST_RESULTS_HOURS": "24"}


@pytest.mark.parametrize("how", ["down", "wedged"])
async def test_a_build_is_submitted_and_its_result_is_told(tmp_path: Path, how: str):
    async with office(tmp_path, zscaler=how, **RESULTS_ARE_READ) as place:
        place.clock.hurried = True
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

        await place.submitted(shared)
        message = await announced(place, shared)

        assert "Shop 4.2.0 was scanned" in place.read(message)
        assert place.onetrust.received[0].name == "Shop"


async def test_admins_are_told_that_it_is_down_and_what_is_known_all_the_same(tmp_path: Path):
    async with office(tmp_path, zscaler="down") as place:
        await place.stop()
        await place.start(APPSCAN_ADMINS=place.dana.user.id)

        told = await place.command("zscaler")

        assert "Login: not signed in: Zscaler's authorization server can't be reached right now" in told
        assert "Activation: not known\n" in told
        assert "0 files sent in the last 24 hours" in told
        assert "URL look-ups: " in told
        assert "3rd-Party App Governance API\nSet up. The number of calls left" in told
