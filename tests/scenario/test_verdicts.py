"""A shared APK gets a second opinion: Zscaler's Sandbox judges it beside OneTrust, or before."""

import hashlib
from pathlib import Path

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


async def test_a_bad_verdict_is_told_in_a_message_of_its_own(second_place: Office) -> None:
    place, build = second_place, apk()
    md5 = hashlib.md5(build, usedforsecurity=False).hexdigest()
    place.zscaler.verdict_for(md5, type="MALICIOUS", malware="Android/Agent")

    shared = place.dana.share(place.builds_channel, [("shop.apk", build)])

    message = await place.reply(shared, "Android/Agent", "@dana", number=1)
    assert "malicious" in place.read(message)
