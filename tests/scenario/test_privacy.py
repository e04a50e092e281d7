"""What was shared in private is shown only to those who are in there."""

import re

import pytest

from bot.slack.api.conversations import KEEP_MEMBERSHIPS_S
from sandbox.slack import Person, Shared
from sandbox.world import Channel, ChannelKind
from tests.scenario.office import APP_ID, Office, apk

SECRET = {"package": "com.example.secret", "label": "Secret"}


@pytest.fixture(params=["private", "mpim", "im"])
async def hidden(request: pytest.FixtureRequest, place: Office) -> Shared:
    """Eli's build of a secret app, in a conversation that dana is not in."""
    where: Channel = (
        place.eli.im()
        if request.param == "im"
        else place.slack.channel("hidden", kind=ChannelKind(request.param), members=["eli", "finn"])
    )
    shared = place.eli.share(where, [("secret.apk", apk(**SECRET))])
    await place.submitted(shared)
    return shared


async def told(place: Office, who: Person, *commands: str) -> str:
    return "\n".join([await place.command(each, who=who) for each in commands])


async def test_history_status_and_apps_hide_it_from_others(place: Office, hidden: Shared):
    request_id = place.onetrust.received[0].request_id
    asked = ("history", "history secret", f"history {request_id}", "status 1", f"status {request_id}", "apps")
    public = await told(place, place.dana, *asked)
    for word in ("com.example.secret", "Secret", "secret.apk", "#1", "@eli"):
        assert word not in public.replace("with `secret`", ""), word
    assert f"submitted · new app · `{request_id}`" not in public

    own = await told(place, place.eli, *asked)
    assert own.count("com.example.secret") >= 3
    assert "Scan #1: Secret 4.2.0" in own
    assert len(re.findall(r"#1 Secret", own)) >= 3


async def test_who_comes_in_sees_it_and_who_goes_out_no_more_within_seconds(place: Office):
    where = place.slack.channel("hidden", kind=ChannelKind.PRIVATE, members=["eli"])
    await place.submitted(place.eli.share(where, [("secret.apk", apk(**SECRET))]))
    assert "no scan with that number" in await place.command("status 1")

    place.slack.world.join(where, place.dana.id)
    place.clock.advance(KEEP_MEMBERSHIPS_S)
    assert "Scan #1: Secret" in await place.command("status 1")
    assert "#1 Secret" in await place.command("history", where=where)
    place.dana.leave(where)
    place.clock.advance(KEEP_MEMBERSHIPS_S)

    assert "no scan with that number" in await place.command("status 1")
    assert "Secret" not in await place.command("history")


async def test_a_link_does_not_tell_of_an_app_that_is_scanned_in_private(place: Office, hidden: Shared):
    await place.command(f"link com.example.secret {APP_ID}", who=place.eli)

    assert "com.example.secret" not in await place.command("apps")
    assert f"app ID `{APP_ID}`" in await place.command("apps", who=place.eli)


def forge(place: Office, shared: Shared, action: str) -> None:
    """Make a button of a reply one of scan #1, as if made up or carried over from elsewhere.

    The bot may write its message anew at any time: press at once.
    """
    for block in place.replies(shared)[0].blocks:
        for element in block.get("elements", ()):
            if element.get("action_id") == action:
                element["value"] = "1"


async def test_details_of_it_are_for_those_within(place: Office, hidden: Shared):
    other = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(other)

    forge(place, other, "scan_details")
    assert "no scan with that number" in await place.told(await place.press(other, "Details"))
    forge(place, other, "scan_details")
    assert "Scan #1: Secret" in await place.told(await place.press(other, "Details", who=place.eli))


async def test_choices_about_it_are_for_those_within(place: Office, hidden: Shared):
    other = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(other)

    forge(place, other, "scan_link_app")
    answer = await place.told(await place.press(other, "Link app ID…"))

    assert "Scan #1 belongs to another conversation." in answer
    assert place.dana.open_view() is None


async def test_a_duplicate_tells_the_request_id_and_no_more(place: Office, hidden: Shared):
    request_id = place.onetrust.received[0].request_id
    again = place.dana.share(place.builds_channel, [("same.apk", apk(**SECRET))])

    reply = place.read(await place.reply(again, "the very same file was submitted before"))

    assert re.search(r"That is scan #1, today at \d+:\d\d [AP]M\.", reply)
    assert f"Request ID: `{request_id}`" in reply
    assert "eli" not in reply
    assert hidden.channel not in str(place.replies(again)[0].blocks)
    status = await place.command("status 2")
    assert "Goes back to scan #1" in status
    assert hidden.channel not in str(place.dana.ephemerals(place.builds_channel)[-1].blocks)
    # Who is in both may follow it there.
    within = place.eli.share(hidden.channel, [("same.apk", apk(**SECRET))])
    await place.reply(within, "the very same file", "shared by @eli")
    assert f"/archives/{hidden.channel}/p" in str(place.replies(within)[0].blocks)


async def test_a_question_about_it_names_nobody(place: Office, hidden: Shared):
    newer = place.dana.share(place.builds_channel, [("secret.apk", apk("4.3.0", **SECRET))])

    asked = place.read(await place.reply(newer, "was scanned before (scan #1, today at"))

    assert "eli" not in asked
    assert hidden.channel not in str(place.replies(newer)[0].blocks)


async def test_a_latest_build_of_a_private_conversation_is_offered_there_alone(place: Office, hidden: Shared):
    await place.command(f"link com.example.secret {APP_ID}", who=place.eli)

    request = await place.waiting_rescan(APP_ID)

    said = await place.says(request)
    assert "latest build" not in said
    assert "Secret" not in said


async def test_what_is_public_is_everybodys(place: Office):
    await place.submitted(place.eli.share(place.builds_channel, [("shop.apk", apk())]))
    stranger = place.slack.person("gwen")
    elsewhere = place.slack.channel("lounge", members=["gwen"])

    for command in ("history", "status 1", "apps"):
        assert "Shop" in await place.command(command, who=stranger, where=elsewhere)
