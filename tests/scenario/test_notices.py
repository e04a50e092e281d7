"""One notice in a channel that is flooded, or where builds wait for OneTrust."""

from bot.features.backlog.service import INTERVAL_S, MAX_UNANSWERED, UPDATE_INTERVAL_S
from sandbox.slack import Shared
from sandbox.world import Message
from tests.scenario.office import Office, apk


def flood(place: Office, count: int = MAX_UNANSWERED + 6) -> list[Shared]:
    """Share as many builds as make a flood; all of apps of their own."""
    return [
        place.dana.share(place.builds_channel, [(f"n{n}.apk", apk(package=f"com.example.n{n}"))])
        for n in range(count)
    ]


def notices(place: Office) -> list[Message]:
    posted = place.dana.messages(place.builds_channel)
    return [each for each in posted if each.user == place.slack.bot_user_id and each.thread_ts is None]


async def notice(place: Office, *words: str) -> Message:
    """Let time pass until the one notice holds these words."""

    def found() -> Message | None:
        place.clock.advance(INTERVAL_S)
        posted = notices(place)
        return next((each for each in posted if all(word in place.read(each) for word in words)), None)

    message = await place.slack.until(found, 60)
    assert message is not None
    assert notices(place) == [message]
    return message


async def test_a_flood_is_told_of_in_one_notice_that_says_when_it_is_over(place: Office):
    place.onetrust.faults.add("webhook", hold=True, times=None)
    shares = flood(place)
    place.eli.share(place.builds_channel, [("eli.apk", apk(package="com.example.eli"))])

    told = place.read(await notice(place, "Many builds at once", "builds wait here"))
    assert "Replies still to come, as fast as Slack takes them" in told
    assert "Nothing has to be shared again" in told

    place.onetrust.faults.clear()
    place.clock.advance(UPDATE_INTERVAL_S)
    over = await notice(place, "Every build that was shared here has its reply")
    await place.onetrust.until(lambda: len(place.onetrust.received) == len(shares) + 1, 60)
    assert [block["type"] for block in over.blocks] == ["section"]


async def test_who_shared_takes_back_what_of_theirs_still_waits_and_nothing_else(place: Office):
    place.onetrust.faults.add("webhook", hold=True, times=None)
    count = 3 * MAX_UNANSWERED
    flood(place, count)
    await place.slack.settled()  # so that eli's replies come last, a long while after
    mine = [
        place.eli.share(place.builds_channel, [(f"eli{n}.apk", apk(package=f"com.example.eli{n}"))])
        for n in range(2)
    ]
    await place.slack.settled()
    place.clock.advance(INTERVAL_S)
    (message,) = await place.slack.until(lambda: notices(place)) or ()

    pressed = await place.eli.press(place.builds_channel, message.ts, "Cancel mine that wait")
    assert "2 builds of yours were taken back" in await place.told(pressed)
    pressed = await place.eli.press(place.builds_channel, message.ts, "Cancel mine that wait")
    assert "None of the builds that wait here is yours" in await place.told(pressed)

    place.onetrust.faults.clear()
    await notice(place, "Every build that was shared here has its reply")
    await place.onetrust.until(lambda: len(place.onetrust.received) == count, 60)
    assert all("eli" not in each.file_name for each in place.onetrust.received)
    assert [reply for share in mine for reply in place.replies(share)] == []  # nothing was said of them yet
    assert "Cancelled." in await place.command(f"status {count + 2}")


async def test_a_few_builds_get_their_replies_and_no_notice(place: Office):
    for share in flood(place, 3):
        await place.submitted(share)
    place.clock.advance(INTERVAL_S)

    assert notices(place) == []


async def test_a_channel_is_told_once_that_onetrust_is_away_and_once_that_it_is_back(place: Office):
    place.onetrust.faults.add("webhook", status=503, retry_after=600, times=None)
    shares = flood(place, 7)
    for share in shares:
        await place.reply(share, "OneTrust")

    told = place.read(await notice(place, "OneTrust isn't taking builds right now"))
    assert "7 builds wait here until it does" in told

    place.onetrust.faults.clear()
    await notice(place, "OneTrust takes builds again; what waited here is on its way")
    for share in shares:
        await place.submitted(share)
    assert len(place.onetrust.received) == 7
