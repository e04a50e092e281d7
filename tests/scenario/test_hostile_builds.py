"""A build that was made to do harm costs its own scan, and nobody else anything."""

from pathlib import Path

from tests.scenario.office import Office, apk
from tests.unit.packages.test_plists import app, colliding, crowding


def rooms(place: Office) -> list[Path]:
    return list(Path(place.environ["APPSCAN_DB"] + ".builds").iterdir())


async def test_parsers_that_loop_or_swell_hold_nobody_up_and_are_told_of(place: Office):
    hostile = {"loop": app(colliding(30_000)), "swell": app(crowding(2000))}
    bad = [place.dana.share(place.builds_channel, [(f"{name}.ipa", ipa)]) for name, ipa in hostile.items()]
    good = place.eli.share(place.builds_channel, [("shop.apk", apk())])

    await place.submitted(good)
    assert "Shop" in await place.command("history")
    for share in bad:
        await place.reply(share, "took too long or too much memory", timeout_s=60)

    await place.slack.until(lambda: not rooms(place))
    assert [each.file_name for each in place.onetrust.received] == ["shop.apk"]
    again = place.eli.share(place.builds_channel, [("other.apk", apk(package="com.example.other"))])
    await place.submitted(again)


async def test_a_bot_that_is_stopped_while_it_reads_a_loop_ends_and_goes_on_from_there(place: Office):
    share = place.dana.share(place.builds_channel, [("loop.ipa", app(colliding(30_000)))])
    await place.reply(share, "Checking")
    await place.stop()
    assert rooms(place) == []

    await place.start()
    await place.reply(share, "took too long or too much memory", timeout_s=60)
    assert place.onetrust.received == []
