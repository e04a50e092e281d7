"""Who is served, at every door: members, guests, other organisations, apps, the deactivated."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bot.slack.api.users import KEEP_S
from sandbox.slack import Person, Shared
from sandbox.world import Channel, FileMode, Message
from tests.scenario.office import APP_ID, OTHER_APP_ID, Office, apk

MEMBER = "member"
NO = {
    "guest": "appscan is not open to guests here",
    "external": "only to people of the organisation that runs it",
    "deleted": "works only for active accounts",
    "unlisted": "you are not on the list of people who may use appscan here",
}
UNKNOWN = "Slack can't tell me who you are right now. Try again in a moment."

KINDS: dict[str, tuple[dict[str, Any], str]] = {
    MEMBER: ({}, ""),
    "guest of several channels": ({"is_restricted": True}, "guest"),
    "guest of one channel": ({"is_restricted": True, "is_ultra_restricted": True}, "guest"),
    "external": ({"team": "T0OTHER"}, "external"),
    "stranger": ({"team": "T0OTHER", "is_stranger": True}, "external"),
    "external on a grid": ({"team": "T0OTHER", "enterprise": "E0THEIRS"}, "external"),
    "deleted": ({"deleted": True}, "deleted"),
    "of our grid": ({"team": "T0SISTER", "enterprise": "E0OURS"}, ""),
    "admin": ({}, ""),
    "not on the list": ({}, "unlisted"),
}
"""Who they are in Slack, and which no they get without ``APPSCAN_ADMIT``; empty for none."""


@dataclass
class Scene:
    """A channel with a submitted build, a build that asks, a waiting rescan and lists that were opened."""

    place: Office
    who: Person
    channel: Channel
    done: Shared
    asking: Shared
    waiting: Shared
    history: Message
    apps: Message


async def scene(place: Office, kind: str, *, admit: str = "") -> Scene:
    """Set everything up by dana, then start the bot anew with the setting."""
    fields, _ = KINDS[kind]
    place.slack.world.team.enterprise = "E0OURS"
    who = place.slack.person("val", **fields)
    channel = place.channel("joint", members=["dana", "val"])
    channel.ext_shared = bool(fields.get("team"))
    done = place.dana.share(channel, [("shop.apk", apk())])
    await place.submitted(done)
    asking = place.dana.share(channel, [("shop.apk", apk("5.0"))])
    await place.reply(asking, "Is Shop a rescan or a new app?")
    await place.command(f"link com.example.shop {APP_ID} android", where=channel)
    waiting = await place.waiting_rescan(APP_ID, where=channel)
    history = await opened(place, who, channel, "history")
    apps = await opened(place, who, channel, "apps")
    await place.stop()
    listed = "" if kind != "not on the list" else place.dana.id
    admins = who.id if kind == "admin" else ""
    users = listed or (place.dana.id if kind == "admin" else "")
    lists = {"APPSCAN_USERS": users, "APPSCAN_ADMINS": admins}
    await place.start(APPSCAN_ADMIT=admit, **{name: listed for name, listed in lists.items() if listed})
    return Scene(place, who, channel, done, asking, waiting, history, apps)


async def opened(place: Office, who: Person, channel: Channel, word: str) -> Message:
    """Give a person a list with buttons, as the bot posted it to them when they were still served."""
    await place.command(word, where=channel)
    shown = place.dana.ephemerals(channel)[-1]
    return place.slack.world.post(
        channel.id,
        user=shown.user,
        text=shown.text,
        blocks=[
            *shown.blocks,
            *(
                {
                    "type": "actions",
                    "block_id": f"more-{action_id}",
                    "elements": [
                        {
                            "type": "button",
                            "action_id": action_id,
                            "text": {"type": "plain_text", "text": action_id},
                            "value": value,
                        }
                    ],
                }
                for action_id, value in (("history_older", '["",99,true]'), ("apps_next", "0"))
            ),
        ],
        ephemeral_to=who.id,
    )


async def typed(scene: Scene, words: str) -> str:
    return await scene.place.command(words, who=scene.who, where=scene.channel)


async def pressed(scene: Scene, shared: Shared, button: str) -> str:
    head = scene.place.replies(shared)[0].ts if shared is not scene.waiting else shared.ts
    return await scene.place.told(await scene.who.press(scene.channel, head, button))


async def shared(scene: Scene, **about: Any) -> str:
    before = len(scene.who.ephemerals(scene.channel))
    scene.who.share(scene.channel, [("val.apk", apk("9.0", package="com.example.val"))], **about)
    await scene.place.slack.until(lambda: len(scene.who.ephemerals(scene.channel)) > before)
    return scene.place.read(scene.who.ephemerals(scene.channel)[-1])


async def in_a_dm(scene: Scene) -> str:
    im = scene.who.im()
    scene.who.share(im, [("val.apk", apk("9.0", package="com.example.val"))])
    await scene.place.slack.until(lambda: scene.who.ephemerals(im))
    return scene.place.read(scene.who.ephemerals(im)[-1])


async def by_file_alone(scene: Scene) -> str:
    scene.place.slack.faults.add("event.message", drop=True)
    return await shared(scene)


async def mentioned(scene: Scene) -> str:
    before = len(scene.who.ephemerals(scene.channel))
    scene.who.mention(scene.channel, "help")
    await scene.place.slack.until(lambda: len(scene.who.ephemerals(scene.channel)) > before)
    return scene.place.read(scene.who.ephemerals(scene.channel)[-1])


async def shortcut(scene: Scene) -> str:
    asked = await scene.who.shortcut(scene.channel, scene.done.ts, "scan_this_build")
    return await scene.place.told(asked)


async def leafed(scene: Scene, message: Message, action: str) -> str:
    return await scene.place.told(await scene.who.press(scene.channel, message.ts, action))


DOORS: dict[str, Callable[[Scene], Awaitable[str]]] = {
    "a file": shared,
    "a file of Slack Connect": lambda scene: shared(scene, mode=FileMode.FILE_ACCESS),
    "a file without its message": by_file_alone,
    "a direct message": in_a_dm,
    "a mention": mentioned,
    "the shortcut": shortcut,
    "an older page of the history": lambda scene: leafed(scene, scene.history, "history_older"),
    "another page of the apps": lambda scene: leafed(scene, scene.apps, "apps_next"),
    "/appscan": lambda scene: typed(scene, ""),
    "/appscan history": lambda scene: typed(scene, "history"),
    "/appscan status": lambda scene: typed(scene, "status 1"),
    "/appscan apps": lambda scene: typed(scene, "apps"),
    "/appscan rescan": lambda scene: typed(scene, f"rescan {APP_ID}"),
    "/appscan link": lambda scene: typed(scene, f"link com.example.till {OTHER_APP_ID} android"),
    "/appscan unlink": lambda scene: typed(scene, "unlink com.example.shop"),
    "Details": lambda scene: pressed(scene, scene.done, "Details"),
    "Link app ID…": lambda scene: pressed(scene, scene.done, "Link app ID…"),
    "Rescan as…": lambda scene: pressed(scene, scene.asking, "Rescan as…"),
    "Scan as a new app": lambda scene: pressed(scene, scene.asking, "Scan as a new app"),
    "Dismiss": lambda scene: pressed(scene, scene.asking, "Dismiss"),
    "Scan the latest build": lambda scene: pressed(scene, scene.waiting, "Scan the latest build"),
}
"""Every way in; each returns what the person is told there."""


@pytest.mark.parametrize("kind", [kind for kind, (_, no) in KINDS.items() if no])
async def test_outsiders_get_a_no_at_every_door_and_nothing_is_done(place: Office, kind: str):
    at = await scene(place, kind)
    _, no = KINDS[kind]

    for name, door in DOORS.items():
        if no == "unlisted" and name in {"a file of Slack Connect", "a file without its message"}:
            continue  # nothing is asked about a file that a list keeps out whatever it is
        assert NO[no] in await door(at), name

    assert len(place.onetrust.received) == 1
    assert "com.example.val" not in await place.command("apps", where=at.channel)
    assert APP_ID in await place.command("apps", where=at.channel)
    assert "Is Shop a rescan or a new app?" in place.read(place.replies(at.asking)[0])


@pytest.mark.parametrize(
    ("kind", "admit"),
    [
        (MEMBER, ""),
        ("of our grid", ""),
        ("admin", ""),
        ("guest of several channels", "guests"),
        ("guest of one channel", "guests,external"),
        ("external", "external"),
        ("stranger", "external"),
        ("external on a grid", "guests,external"),
    ],
)
async def test_who_is_let_in_is_served_at_every_door(place: Office, kind: str, admit: str):
    at = await scene(place, kind, admit=admit)
    doors = dict(DOORS)
    for name in ("a file", "a file of Slack Connect", "a file without its message", "a direct message"):
        del doors[name]
    for name in ("Link app ID…", "Rescan as…", "Scan as a new app", "Dismiss", "Scan the latest build"):
        del doors[name]  # who is served is told nothing there: a form opens, or the reply changes

    for name, door in doors.items():
        told = await door(at) if name != "/appscan rescan" else ""
        assert not [no for no in (*NO.values(), UNKNOWN, "went wrong") if no in told], (name, told)

    val = at.who.share(at.channel, [("val.apk", apk("9.0", package="com.example.val"))])
    await place.submitted(val)
    await at.who.press(at.channel, place.replies(at.asking)[0].ts, "Rescan as…")
    assert "Rescan" in await place.form(at.who)
    await at.who.submit_view({"app_id": APP_ID})
    await place.submitted(at.asking)
    events = await place.command("status 2", where=at.channel)
    assert "rescan as" in events
    assert "@val" in events  # who did what is in the history


@pytest.mark.parametrize(
    ("kind", "admit"),
    [("guest of one channel", "external"), ("external", "guests"), ("deleted", "guests,external")],
)
async def test_a_setting_lets_in_only_whom_it_names(place: Office, kind: str, admit: str):
    at = await scene(place, kind, admit=admit)

    for name in ("a file", "a direct message", "/appscan history", "Details"):
        assert NO[KINDS[kind][1]] in await DOORS[name](at), name


@pytest.mark.parametrize("admit", ["", "external"])
async def test_an_app_of_another_organisation_is_external(place: Office, admit: str):
    place.slack.world.add_user("theirs", is_bot=True, team="T0OTHER")
    place.slack.world.add_user("ours", is_bot=True)
    await place.stop()
    await place.start(APPSCAN_ADMIT=admit)

    theirs = place.eli.share(place.builds_channel, [("a.apk", apk("1", package="a.b"))], as_app="theirs")
    ours = place.eli.share(place.builds_channel, [("b.apk", apk("2", package="b.c"))], as_app="ours")

    await place.submitted(ours)
    if admit:
        await place.submitted(theirs)
    else:
        await place.slack.settled()
        assert not place.replies(theirs)


async def test_a_guest_who_is_let_in_sees_only_the_conversations_they_are_in(place: Office):
    guest = place.slack.person("val", is_restricted=True)
    joint, other = place.channel("joint", members=["dana", "val"]), place.channel("other")
    await place.stop()
    await place.start(APPSCAN_ADMIT="guests")
    await place.submitted(place.dana.share(joint, [("shop.apk", apk())]))
    hidden = place.dana.share(other, [("till.apk", apk("3.0", package="com.example.till"))])
    await place.submitted(hidden)
    await place.command(f"link com.example.till {APP_ID} android", where=other)
    await place.command(f"link com.example.ghost {OTHER_APP_ID} android", where=other)

    seen = {
        word: await place.command(word, who=guest, where=joint) for word in ("history", "apps", "status 2")
    }

    assert "#1" in seen["history"]
    assert "#2" not in seen["history"]
    assert "com.example.shop" in seen["apps"]
    assert not [hidden for hidden in ("com.example.till", "ghost", APP_ID) if hidden in seen["apps"]]
    assert "no scan with that number" in seen["status 2"]
    assert "com.example.till" in await place.command("apps", where=joint)  # a member sees all of it
    message = place.slack.world.find_message(hidden.channel, hidden.ts)
    assert message is not None
    link = place.slack.service.permalink(message)
    told = await place.command(f"rescan {APP_ID} {link}", who=guest, where=joint)
    assert "can't find a build behind that link" in told
    waiting = await place.waiting_rescan(APP_ID, who=guest, where=joint)
    assert "com.example.till" not in await place.says(waiting)
    assert "latest build" not in await place.says(waiting)


async def test_while_slack_does_not_say_who_it_is_a_file_waits_and_nobody_slips_in(place: Office):
    guest = place.slack.person("val", is_restricted=True)
    channel = place.channel("joint", members=["dana", "val"])
    await place.stop()
    place.slack.faults.add("users.info", error="internal_error", times=None)
    await place.start()

    member = place.dana.share(channel, [("shop.apk", apk())])
    outsider = guest.share(channel, [("till.apk", apk("3.0", package="com.example.till"))])
    assert UNKNOWN in await place.command("history", where=channel)
    await place.slack.until(lambda: len(place.slack.called("files.info")) >= 4)
    assert not place.replies(member)
    assert not guest.ephemerals(channel)

    place.slack.faults.clear()
    place.clock.advance(60)

    await place.submitted(member)
    (no,) = await place.slack.until(lambda: guest.ephemerals(channel))
    assert NO["guest"] in place.read(no)
    assert not place.replies(outsider)


async def test_a_slow_answer_about_somebody_is_not_waited_for_and_then_known(place: Office):
    held = place.slack.faults.add("users.info", hold=True)

    told = await place.command("history")
    assert UNKNOWN in told
    held.release()
    await place.slack.until(lambda: place.slack.called("users.info"))

    assert UNKNOWN not in await place.command("history")
    assert len(place.slack.called("users.info")) == 1


async def test_who_somebody_is_is_asked_once_for_some_minutes(place: Office):
    for word in ("help", "history", "apps"):
        await place.command(word)
    assert len(place.slack.called("users.info")) == 1

    place.slack.person("dana").user.deleted = True
    place.clock.advance(KEEP_S + 1)

    assert NO["deleted"] in await place.command("help")


async def test_admins_alone_link_and_take_back_what_others_shared(place: Office):
    fay = place.slack.person("fay")
    channel = place.channel("joint", members=["dana", "eli", "fay"])
    await place.stop()
    await place.start(APPSCAN_ADMINS=fay.id)
    done = place.dana.share(channel, [("shop.apk", apk())])
    await place.submitted(done)
    asking = place.dana.share(channel, [("shop.apk", apk("5.0"))])
    await place.reply(asking, "Is Shop a rescan or a new app?")
    link = f"link com.example.shop {APP_ID} android"

    for told in (
        await place.command(link, who=place.eli, where=channel),
        await place.told(await place.press(done, "Link app ID…", who=place.eli)),
    ):
        assert "Only appscan's admins change" in told
    assert "Only the person who shared this build" in await place.told(
        await place.press(asking, "Dismiss", who=place.eli)
    )
    await place.press(asking, "Rescan as…", who=place.eli)
    await place.form(place.eli)
    await place.eli.submit_view({"app_id": APP_ID})
    assert "only appscan's admins link an app ID for good" in await place.form(place.eli)
    await place.submitted(asking)
    assert "not linked" in await place.command("apps", where=channel)

    assert "is linked to" in await place.command(link, who=fay, where=channel)
    assert "Only appscan's admins change" in await place.command(
        "unlink com.example.shop", who=place.eli, where=channel
    )
    assert "is no longer linked" in await place.command("unlink com.example.shop", who=fay, where=channel)


async def test_who_shared_a_build_takes_it_back_and_a_comment_of_theirs_links_nothing(place: Office):
    await place.stop()
    await place.start(APPSCAN_ADMINS=place.eli.id)
    first = place.dana.share(place.builds_channel, [("shop.apk", apk())], f"rescan {APP_ID}")
    await place.submitted(first)
    asking = place.dana.share(place.builds_channel, [("shop.apk", apk("5.0"))])
    await place.reply(asking, "Is Shop a rescan or a new app?")  # it was not linked

    await place.press(asking, "Dismiss")

    assert await place.reply(asking, "Dismissed.")
