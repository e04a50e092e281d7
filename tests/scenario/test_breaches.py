"""A build that breaks the policy: the thread is marked, people are called once, and one acknowledges it."""

import pytest

from bot.features.compliance.rules import Rule, judge_by
from sandbox.slack import Invocation, Person, Shared
from tests.scenario.finding import announced
from tests.scenario.office import Office, apk

GROUP = "S0PRIVACY"


@pytest.fixture(autouse=True)
def _hurried(place: Office):
    place.clock.hurried = True


async def breached(place: Office) -> Shared:
    """Share a build whose results break two rules."""
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    judge = judge_by(
        [
            Rule(name="No trackers", no_sdk_categories=("Targeting",), tell=(place.eli.id, GROUP)),
            Rule(name="No camera", no_permissions=("*.CAMERA",)),
        ]
    )
    await announced(place, shared, judge=judge)
    return shared


async def press(place: Office, shared: Shared, who: Person) -> Invocation:
    """Press the button beside the first breach."""
    return await who.press(shared.channel, place.replies(shared)[1].ts, "Acknowledge…", value="1")


async def test_a_breach_is_told_with_whom_to_tell_and_acknowledged_with_a_reason(place: Office):
    shared = await breached(place)
    told = place.read(place.replies(shared)[1])
    assert (
        "🚨 Breaks the policy: No trackers\n• SDKs: AppsFlyer (Targeting), Facebook SDK (Targeting)" in told
    )
    assert "🚨 Breaks the policy: No camera\n• permission: `android.permission.CAMERA`" in told
    assert f"<!subteam^{GROUP}>" in place.replies(shared)[1].text
    await place.reply(shared, "🚨 Breaks the policy: No trackers, No camera")
    assert GROUP not in place.replies(shared)[0].text  # the reply calls nobody

    await press(place, shared, place.eli)
    assert "Shop 4.2.0 breaks No trackers:" in await place.form(place.eli)
    empty = await place.eli.submit_view({"reason": " \u200b"})
    assert empty.errors == {"reason_block": "Write a reason: it is shown in the thread."}
    await place.eli.submit_view({"reason": "<!channel> *agreed* with legal"})

    known = await place.reply(shared, "Acknowledged by @eli", number=1)
    assert "<!channel> ∗agreed∗ with legal" in place.read(known)
    assert "<!channel>" not in known.text
    assert GROUP not in known.text
    await place.reply(shared, "🚨 Breaks the policy: No camera; No trackers (acknowledged)")
    assert len([call for call in place.posts(shared) if GROUP in str(call.arguments)]) == 1
    status = await place.command("status 1")
    assert 'violates compliance rule "No trackers"' in status
    assert 'acknowledged violation of "No trackers" (@eli)' in status
    assert "#1 Shop" in await place.command('history violation:"no camera"')


async def test_the_second_to_acknowledge_is_told_and_the_first_stays(place: Office):
    shared = await breached(place)
    for person in (place.dana, place.eli):
        await press(place, shared, person)
        await place.form(person)
    await place.eli.submit_view({"reason": "eli first"})
    await place.dana.submit_view({"reason": "dana late"})

    view = place.dana.open_view()
    assert view is not None
    assert "That is already acknowledged. The thread shows who did it, and why." in place.read_view(view)
    known = await place.reply(shared, "Acknowledged by @eli", "eli first", number=1)
    assert "dana late" not in place.read(known)


async def test_where_there_are_admins_they_alone_acknowledge(place: Office):
    shared = await breached(place)
    await place.stop()
    await place.start(APPSCAN_ADMINS=place.eli.id)

    told = await place.told(await press(place, shared, place.dana))

    assert "Only appscan's admins acknowledge violations." in told
    await press(place, shared, place.eli)
    await place.form(place.eli)
    await place.eli.submit_view({"reason": "agreed"})
    await place.reply(shared, "Acknowledged by @eli", number=1)
