"""Third-party apps: asked with ``/appscan governance``, answered at once or a day later."""

from sandbox.zscaler.governance import ONEDRIVE_FREE_CLIENT
from tests.fakes import until
from tests.scenario.office import Office

DAY_S = 86_400.0
GUID = ONEDRIVE_FREE_CLIENT["clientId"]
LINK = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
NEW = "5d0e2c31-18f4-4a53-8a0b-6f8a9c3f1e22"


async def test_an_app_is_told_at_once_and_one_that_is_analysed_a_day_later(second_place: Office):
    place = second_place
    told = await place.command(f"governance {GUID}")
    assert "OneDrive Free Client by Skilion · Azure AD" in told
    assert "4 permissions: 3 high, 1 medium" in told
    answer = place.dana.ephemerals(place.builds_channel)[-1]
    await place.dana.press(place.builds_channel, answer.ts, "All that is known")
    assert "Files.ReadWrite.All" in await place.form()
    await place.dana.press_in_view("governance_risks")
    risks = "Evidence: `https://github.com/skilion/onedrive`"
    await place.slack.until(lambda: risks in place.read_view(place.dana.open_view()))
    assert "known since" in await place.command(f"governance {GUID}", who=place.eli)
    assert [call.app_id for call in place.zscaler.governance_calls] == [GUID]

    name, newcomer = f"{LINK}?client_id={NEW}", {**ONEDRIVE_FREE_CLIENT, "name": "Newcomer"}
    place.zscaler.governance.add_unknown(name)
    for who in (place.dana, place.eli):
        taken = await place.command(f"governance {name}&state=S3CRET", who=who)
        assert "has taken it for analysis" in taken
        assert "S3CRET" not in taken
    assert len(place.zscaler.governance_calls) == 2

    place.zscaler.faults.add("governance.app", status=409, times=1)
    place.zscaler.governance.add_app(newcomer, name)
    place.clock.advance(DAY_S)  # the day's limit puts it off
    await place.zscaler.until(lambda: [c.status for c in place.zscaler.calls].count(409) == 1)
    assert place.dana.messages(place.dana.im()) == []

    def told_when_time_passes() -> bool:
        place.clock.advance(600.0)
        return all(who.messages(who.im()) for who in (place.dana, place.eli))

    await until(told_when_time_passes)
    for who in (place.dana, place.eli):
        (message,) = who.messages(who.im())
        assert "Newcomer by Skilion" in place.read(message)
    await place.eli.press(place.eli.im(), message.ts, "All that is known")
    assert "Newcomer" in await place.form(place.eli)


async def test_a_mistyped_word_shows_no_link_again(second_place: Office):
    told = await second_place.command("governence https://example.com/authorize?state=S3CRET")
    assert "Did you mean `governance`?" in told
    assert "S3CRET" not in told
    told = await second_place.command("urlss https://me:S3CRET@example.com")
    assert "Did you mean `urls`?" in told
    assert "S3CRET" not in told
    wrong = await second_place.command(f"governance {LINK}?state=S3CRET")
    assert "There is no client ID in that consent link." in wrong
    assert "S3CRET" not in wrong
