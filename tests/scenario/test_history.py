"""``/appscan history``: filters, pages, days in the asker's time zone."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.core.scan import ChannelKind, Share, State
from bot.features.submission.scan_repository import ScanRepository
from bot.wiring.features import open_database
from tests.scenario.office import APP_ID, Office, apk, ipa, office

NEW_YORK = ZoneInfo("America/New_York")


def numbers(told: str) -> list[int]:
    """Return the numbers of the scans in an answer, in their order."""
    return [int(number) for number in re.findall(r"^\S+ #(\d+) ", told, re.MULTILINE)]


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[Office]:
    """Four scans: an Android and an iOS build of a shop, a broken file, and a till of eli's elsewhere."""
    async with office(tmp_path) as place:
        other = place.slack.channel("releases", members=["dana", "eli"])
        third = place.slack.channel("nightly", members=["dana", "eli"])
        fourth = place.slack.channel("broken", members=["dana", "eli"])
        await place.submitted(place.dana.share(place.builds_channel, [("shop-4.2.0.apk", apk())]))
        await place.command(f"link com.example.shop {APP_ID} ios")
        await place.submitted(place.dana.share(other, [("Shop.ipa", ipa("5.0"))]))
        await place.reply(place.dana.share(fourth, [("torn.apk", b"PK\x03\x04")]), "can't be scanned")
        till = apk("1.0", package="com.example.till", label="Till")
        await place.submitted(place.eli.share(third, [("till.apk", till)]))
        yield place


async def test_it_lists_scans_newest_first_with_what_matters_of_each(busy: Office):
    told = await busy.command("history")

    assert numbers(told) == [4, 3, 2, 1]
    assert told.startswith("Scans, newest first\n")
    till, torn, shop_ios, shop = told.split("[ Details ]\n")
    request_ids = [each.request_id for each in busy.onetrust.received]
    assert "#4 Till · `1.0 (420)` · Android\nsubmitted · new app" in till
    assert f"`{request_ids[2]}` · @eli in #nightly · today at " in till
    assert "⛔ #3 `torn.apk`\nrejected · @dana in #broken" in torn
    assert f"#2 Shop · `5.0 (7)` · iOS\nsubmitted · rescan of `{APP_ID}` · `{request_ids[1]}`" in shop_ios
    assert "✅ #1 Shop · `4.2.0 (420)` · Android" in shop


async def test_each_filter_and_their_combinations(busy: Office):
    today = datetime.now(NEW_YORK).date().isoformat()
    request_id = busy.onetrust.received[1].request_id
    for typed, expected in {
        "shop": [2, 1],
        "SHO": [2, 1],
        "com.example.till": [4],
        "torn.apk": [3],
        "5.0": [2],
        "shop 5.0": [2],
        '"shop 4.2.0"': [1],
        "app:com.example.shop": [2, 1],
        f"app:{APP_ID}": [2],
        "platform:ios": [2],
        "Platform: Android": [4, 1],
        "os:apk": [4, 1],
        "status:rejected": [3],
        "status:submitted,rejected": [4, 3, 2, 1],
        "status:open": [],
        "by:@eli": [4],
        "by:me": [3, 2, 1],
        "in:#releases": [2],
        "in:here": [1],
        "since:7d": [4, 3, 2, 1],
        f"since:{today} until:{today}": [4, 3, 2, 1],
        "until:yesterday": [],
        "until:2026-11-01": [],
        request_id: [2],
        request_id.upper(): [2],
        "shop platform:android status:ok by:me in:#mobile-builds since:24h until:today": [1],
        "shop platform:android by:@eli": [],
    }.items():
        told = await busy.command(f"history {typed}")
        assert numbers(told) == expected, (typed, told)
    assert busy.slack.called("users.conversations")


async def test_an_answer_says_what_it_looked_for(busy: Office):
    told = await busy.command("history shop platform:android by:@dana in:#mobile-builds since:2026-11-01")

    head = told.split("\n")[0]
    assert "with `shop`, for Android, by @dana, in #mobile-builds, since Nov 1, 2026 at 12:00 AM" in head


async def test_nothing_found_says_so_and_shows_the_way(busy: Office):
    told = await busy.command("history cinema status:failed until:2026-11-01")

    assert "No scan that you may see matches: with `cinema`, failed, until Nov 1, 2026 at 11:59 PM." in told
    assert "For example: `/appscan history platform:ios status:failed since:7d`" in told
    assert "`/appscan help history`" in told


async def test_days_are_the_askers_own_and_until_is_inclusive(place: Office, tmp_path: Path):
    """Scans of three moments around a midnight in New York, and the same days asked about from Tokyo."""
    midnight = datetime(2026, 11, 2, tzinfo=NEW_YORK).timestamp()
    await record(
        tmp_path, place, [midnight - 1, midnight, datetime(2026, 11, 1, tzinfo=NEW_YORK).timestamp() - 1]
    )
    ken = place.slack.person("ken", tz="Asia/Tokyo")
    place.slack.world.join(place.builds_channel, ken.id)

    assert numbers(await place.command("history until:2026-11-01")) == [3, 1]
    assert numbers(await place.command("history since:2026-11-01 until:2026-11-01")) == [1]
    assert numbers(await place.command("history since:2026-11-02")) == [2]
    # In Tokyo that midnight is two in the afternoon of the same day.
    assert numbers(await place.command("history until:2026-11-01", who=ken)) == [3]
    assert numbers(await place.command("history since:2026-11-02 until:2026-11-02", who=ken)) == [2, 1]


async def record(folder: Path, place: Office, times: list[float]) -> None:
    """Write settled scans of the past straight into the bot's database."""

    class Past:
        at = 0.0

        def now(self) -> float:
            return self.at

        async def sleep(self, seconds: float) -> None: ...

    past = Past()
    database = await open_database(folder / "appscan.db")
    try:
        store = ScanRepository(database, past)
        for number, past.at in enumerate(times):
            share = Share(
                channel=place.builds_channel.id,
                channel_kind=ChannelKind.PUBLIC,
                message_ts=f"{1700000000 + number}.000100",
                thread_ts=f"{1700000000 + number}.000100",
                file_id=f"F{number}",
                file_name=f"shop-{number}.apk",
                shared_by=place.dana.id,
            )
            scan, _ = await store.record(share)
            await store.move(scan.number, State.CANCELLED, why="Cancelled.")
    finally:
        await database.close()


async def test_its_buttons_lead_to_older_and_newer_pages(tmp_path: Path):
    async with office(tmp_path) as place:
        await place.stop()  # nobody else works on the queue while it is filled
        await record(tmp_path, place, [1_790_000_000.0 + number for number in range(25)])
        await place.start()
        first = await place.command("history status:cancelled")
        assert numbers(first) == list(range(25, 15, -1))
        assert "[ Older ]" in first
        assert "[ Newer ]" not in first
        shown = place.dana.ephemerals(place.builds_channel)[-1]

        async def press(button: str, top: int) -> str:
            await place.dana.press(place.builds_channel, shown.ts, button)
            await place.slack.until(lambda: numbers(place.read(shown))[0] == top)
            return place.read(shown)

        second = await press("Older", 15)
        assert numbers(second) == list(range(15, 5, -1))
        assert "cancelled" in second.split("\n")[0]  # the filter holds on every page
        assert "[ Newer ] [ Older ]" in second
        last = await press("Older", 5)
        assert numbers(last) == [5, 4, 3, 2, 1]
        assert "[ Older ]" not in last
        assert await press("Newer", 15) == second
        assert await press("Newer", 25) == first
        assert len(place.dana.ephemerals(place.builds_channel)) == 1  # in place, not one under the other


async def test_details_tells_all_of_one(busy: Office):
    await busy.command("history torn")
    shown = busy.dana.ephemerals(busy.builds_channel)[-1]

    told = await busy.told(await busy.dana.press(busy.builds_channel, shown.ts, "Details"))

    assert "Scan #3: `torn.apk`" in told
    assert "Timeline" in told
    assert "rejected: " in told
    assert "history" not in told


async def test_a_page_button_from_another_time_says_what_to_do(busy: Office):
    await busy.command("history torn")
    shown = busy.dana.ephemerals(busy.builds_channel)[-1]
    button = {
        "type": "button",
        "action_id": "history_older",
        "value": "[]",
        "text": {"type": "plain_text", "text": "Older"},
    }
    shown.blocks.append({"type": "actions", "block_id": "old", "elements": [button]})

    told = await busy.told(await busy.dana.press(busy.builds_channel, shown.ts, "Older"))

    assert "That button is out of date" in told
    assert "`/appscan history`" in told
