"""Slack delivers at least once, in any order, over any connection, at a second try: a share has one scan."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from sandbox.slack import Shared
from sandbox.slack.delivery import Delivery
from tests.scenario.office import Office, apk, ipa, office

SHARES = 5


def _share(place: Office, number: int, chance: Random) -> Shared:
    """Share one or two builds, in a channel or in a thread."""
    where = place.channel(chance.choice(["mobile-builds", "releases", "nightly"]))
    head = place.dana.say(where, "Release 4.2") if chance.random() < 0.3 else None
    files = [(f"{number}.apk", apk(package=f"com.example.n{number}"))]
    if chance.random() < 0.3:
        files.append((f"{number}.ipa", ipa(bundle_id=f"com.example.n{number}")))
    return place.dana.share(where, files, thread_ts=head.ts if head else None)


def _told_of(place: Office, shared: Shared, chance: Random) -> list[Delivery]:
    """Return what is delivered of a share: some of its kinds of events, each 1 to 4 times."""
    kinds = chance.choice([{"message"}, {"file_shared"}, {"message", "file_shared"}])
    events = [
        delivery
        for delivery in place.slack.deliveries
        if delivery.name in kinds
        and shared.ts in (delivery.payload["event"].get("ts"), delivery.payload["event"]["event_ts"])
    ]
    assert events
    return [event for event in events for _ in range(chance.randint(1, 4))]


async def _second_connection(place: Office) -> None:
    """Let the bot make its second connection to Slack: events go over both by turns."""

    def both_up() -> bool:
        place.clock.advance(3)
        return place.slack.socket.connections == 2

    await place.slack.until(both_up)


@pytest.mark.parametrize(("seed", "catch_up_hours"), [(0, "0"), (1, "24"), (2, "0"), (3, "24")])
async def test_however_its_events_come_a_share_has_one_scan_one_reply_and_one_upload(
    tmp_path: Path, seed: int, catch_up_hours: str
):
    chance = Random(seed)  # noqa: S311 - a test's choices
    async with office(tmp_path, APPSCAN_CATCH_UP_HOURS=catch_up_hours) as place:
        place.clock.hurried = True
        await place.slack.settled()
        untold = place.slack.faults.add("event.*", times=None, drop=True)
        shares = [_share(place, number, chance) for number in range(SHARES)]
        await place.slack.settled()
        untold.cancel()
        told = [event for shared in shares for event in _told_of(place, shared, chance)]
        chance.shuffle(told)
        await _second_connection(place)

        restart_at = chance.randrange(len(told))
        sent = []
        for number, event in enumerate(told):
            sent.append(asyncio.create_task(place.slack.again(event)))
            if chance.random() < 0.5:
                await asyncio.wait({chance.choice(sent)})
            if number == restart_at:
                await place.stop()
                await place.start()
                if chance.random() < 0.5:
                    await _second_connection(place)
        assert all(delivery.acked for delivery in await asyncio.gather(*sent))

        def submitted() -> bool:
            replies = [place.read(reply) for shared in shares for reply in place.replies(shared)]
            return sum("was submitted" in reply for reply in replies) == builds

        builds = sum(len(shared.files) for shared in shares)
        await place.slack.until(submitted, 60)
        place.clock.advance(3600)
        last = place.dana.share(place.channel("last"), [("last.apk", apk(package="the.last"))])
        await place.submitted(last, f"Scan #{builds + 1} ")
        assert [len(place.posts(shared)) for shared in shares] == [len(shared.files) for shared in shares]
        taken = sorted(each.file_name for each in place.onetrust.received)
        names = [place.slack.world.files[file].name for shared in shares for file in shared.files]
        assert taken == sorted([*names, "last.apk"])


@pytest.mark.parametrize("kind", ["message", "file_shared"])
async def test_a_second_try_that_is_the_only_delivery_is_served(tmp_path: Path, kind: str):
    async with office(tmp_path, APPSCAN_CATCH_UP_HOURS="0") as place:
        place.clock.hurried = True
        await place.slack.settled()
        await place.stop()
        place.slack.faults.add("event.message" if kind == "file_shared" else "event.file_shared", drop=True)
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        (event,) = [delivery for delivery in place.slack.deliveries if delivery.name == kind]
        await place.slack.until(lambda: event.attempts == 1)
        assert not event.acked
        await place.start()
        await place.submitted(shared, "Scan #1 ")
        assert event.attempts == 2
        assert event.acked
