"""A shared APK gets a second verdict: Zscaler's Sandbox judges it beside OneTrust, or before."""

import hashlib
from pathlib import Path

from bot.slack.messages.living_message import REFRESH_INTERVAL_S
from tests.scenario.office import Office, apk, office


async def test_a_shared_apk_goes_to_both_scanners_and_its_thread_says_what_each_made_of_it(
    second_place: Office,
) -> None:
    place, build = second_place, apk()
    md5 = hashlib.md5(build, usedforsecurity=False).hexdigest()
    place.zscaler.verdict_for(md5, type="BENIGN", risks=[("LOW", "Reads the contacts")])

    shared = place.dana.share(place.builds_channel, [("shop.apk", build)])

    await place.submitted(shared, "benign")
    [sent] = place.zscaler.submissions
    assert (sent.way, sent.md5, sent.force) == ("submit", md5, False)
    assert len(place.onetrust.received) == 1
    assert len(place.slack.called("download")) == 1
    assert "Zscaler's verdict: benign" in await place.command("status 1")


async def test_a_build_is_held_for_the_verdict_and_goes_on_with_it(tmp_path: Path) -> None:
    async with office(tmp_path, zscaler=True, ZSCALER_HOLD="1", ZSCALER_REPORT_FIRST_S="600") as place:
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.reply(shared, "waits for Zscaler's verdict", "analysing")
        assert place.onetrust.received == []

        place.clock.advance(601)
        await place.submitted(shared, "benign")

    [taken] = place.onetrust.received
    assert taken.sha256 == place.zscaler.submissions[0].sha256


async def test_a_bad_verdict_breaks_the_quiet_once_and_can_be_asked_for(second_place: Office) -> None:
    place, build = second_place, apk()
    place.clock.hurried = True
    md5 = hashlib.md5(build, usedforsecurity=False).hexdigest()
    risks = [("LOW", f"Seen {number:02}") for number in range(30)]
    place.zscaler.verdict_for(md5, type="MALICIOUS", malware="Android/Agent", risks=risks)

    shared = place.dana.share(place.builds_channel, [("shop.apk", build)])

    message = await place.reply(shared, "Android/Agent", "@dana", number=1)
    assert "malicious" in place.read(message)
    await place.submitted(shared, "🚨 Zscaler Sandbox: malicious, category Malware botnet, score 100 of 100")
    await place.stop()
    await place.start()
    place.clock.advance(REFRESH_INTERVAL_S)

    await place.press(shared, "Sandbox report", number=1)
    assert "LOW: Seen 00" in await place.form()
    await place.dana.press_in_view("opinion_next")
    await place.slack.until(lambda: "LOW: Seen 29" in place.read_view(place.dana.open_view()))
    asked = len(place.zscaler.report_calls)
    for word in ("1", md5, hashlib.sha256(build).hexdigest()):
        told = await place.command(f"verdict {word}")
        assert told.startswith("🚨 Shop 4.2.0, scan #1\nZscaler Sandbox: malicious")
    assert len(place.zscaler.report_calls) == asked
    assert len(place.replies(shared)) == 2


async def test_a_file_that_was_never_shared_is_asked_about_by_its_md5(second_place: Office) -> None:
    place = second_place
    assert "`/appscan help verdict`" in await place.command("help")
    for _ in range(2):
        told = await place.command(f"verdict {'0' * 32}")
        assert f"knows nothing of the file with the MD5 `{'0' * 32}`" in told
    assert [call.md5 for call in place.zscaler.report_calls] == ["0" * 32]

    assert "Give the file's MD5 instead" in await place.command(f"verdict {'0' * 64}")
    assert "For example: `/appscan verdict 0123" in await place.command("verdict shop")
    place.zscaler.unavailable(None)
    assert "Ask again in a few minutes." in await place.command(f"verdict {'1' * 32}")
