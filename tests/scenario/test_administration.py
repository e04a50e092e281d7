"""``/appscan zscaler``, for admins by name, on the stand-ins."""

from pathlib import Path

import pytest

from tests.scenario.office import Office, office


@pytest.fixture
async def office_of_eli(second_place: Office) -> Office:
    """Eli is the only admin."""
    await second_place.stop()
    await second_place.start(APPSCAN_ADMINS=second_place.eli.user.id)
    return second_place


async def press(place: Office, button: str) -> str:
    """Press a button of eli's last answer; return what he is told."""
    message = place.eli.ephemerals(place.builds_channel)[-1]
    return await place.told(await place.eli.press(place.builds_channel, message.ts, button))


async def test_an_admin_sees_how_zscaler_stands_and_activates_once(
    office_of_eli: Office, caplog: pytest.LogCaptureFixture
):
    place = office_of_eli
    place.zscaler.world.activation = "PENDING"

    told = await place.command("zscaler", who=place.eli)
    assert "Login: signed in by OAuth" in told
    assert "Activation: saved changes wait to be activated: `/appscan zscaler activate`" in told
    assert "Quota of reports: 0 of 1,000 a day used" in told
    assert "0 files sent in the last 24 hours" in told

    asked = await place.command("zscaler activate", who=place.eli)
    assert "This activates all saved changes of all admins, and can't be undone." in asked
    assert place.zscaler.activations == []
    assert "All saved changes are active now." in await press(place, "Activate")
    assert len(place.zscaler.activations) == 1
    assert f"{place.eli.user.id} activated all saved changes in Zscaler" in caplog.text


async def test_who_is_no_admin_by_name_sees_nothing(office_of_eli: Office):
    told = await office_of_eli.command("zscaler activate", who=office_of_eli.dana)

    assert "Only appscan's admins look after Zscaler from here." in told
    assert office_of_eli.zscaler.calls == []


async def test_who_may_not_use_the_bot_asks_zscaler_nothing(second_place: Office):
    place = second_place
    await place.stop()
    await place.start(APPSCAN_USERS=place.eli.user.id)

    for words in (
        f"verdict {'0' * 32}",
        "urls example.com",
        "governance 22c49a0d-d21c-4792-aed1-8f163c982546",
    ):
        assert "An admin of this bot can" in await place.command(words)
    assert place.zscaler.calls == []


async def test_without_zscaler_there_are_no_such_words(tmp_path: Path):
    async with office(tmp_path, zscaler=False) as place:
        shown = await place.command("help")
        for word in ("zscaler", "verdict", "urls", "governance"):
            told = await place.command(f"{word} 12")
            assert "Unknown command." in told
            assert word not in f"{told} {shown}".lower()
