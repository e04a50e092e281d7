"""A second side scanner beside Zscaler's: both judge a build, and neither is in the other's way."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.features.verdicts.models import Threat
from bot.slack.messages.living_message import REFRESH_INTERVAL_S
from tests.scenario.office import apk, office
from tests.scenario.second_scanner import AcmeService


@pytest.fixture
async def acme() -> AsyncIterator[AcmeService]:
    service = AcmeService()
    yield service
    await service.stop()


def on_disk(folder: Path) -> list[Path]:
    """Return the builds that the bot has on disk."""
    return list(folder.glob("*.builds/*"))


async def test_a_build_goes_to_both_and_its_reply_shows_both_verdicts(
    tmp_path: Path, acme: AcmeService
) -> None:
    async with office(tmp_path, zscaler=True, side_scanners=[await acme.start()]) as place:
        build = apk()
        shared = place.dana.share(place.builds_channel, [("shop.apk", build)])

        await place.submitted(shared, "Zscaler Sandbox: benign", "Acme Analyzer: benign, score 77 of 100")

        assert [sent.md5 for sent in place.zscaler.submissions] == acme.submitted
        assert list(acme.files.values()) == [build]
        assert len(place.onetrust.received) == 1
        assert len(place.slack.called("download")) == 1
        await place.slack.until(lambda: not on_disk(tmp_path))
        told = await place.command("verdict 1")
        assert "Zscaler Sandbox: benign" in told
        assert "Acme Analyzer: benign" in told
        of_file = await place.command(f"verdict {'0' * 32}")
        assert "Zscaler Sandbox knows nothing of the file" in of_file
        assert "Acme Analyzer knows nothing of the file" in of_file


async def test_a_bad_verdict_of_the_second_is_announced_once_and_opens_its_own_report(
    tmp_path: Path, acme: AcmeService
) -> None:
    acme.threat = Threat.SUSPICIOUS
    scanner = await acme.start()
    async with office(tmp_path, zscaler=True, side_scanners=[scanner]) as place:
        place.clock.hurried = True
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        message = await place.reply(shared, "Acme Analyzer: Shop 4.2.0 is suspicious", "@dana", number=1)
        await place.submitted(shared, "Zscaler Sandbox: benign", "Acme Analyzer: suspicious")

        await place.stop()
        await place.start()
        place.clock.advance(REFRESH_INTERVAL_S)
        await place.press(shared, "Analyzer report", number=1)
        form = await place.form()

        assert form.startswith("== Analyzer report ==")
        assert "suspicious" in form
        assert place.replies(shared)[1:] == [message]
        assert acme.submitted == [place.zscaler.submissions[0].md5]


async def test_the_second_is_down_and_the_others_go_on(tmp_path: Path, acme: AcmeService) -> None:
    acme.down = True
    async with office(tmp_path, zscaler=True, side_scanners=[await acme.start()]) as place:
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

        await place.submitted(
            shared, "Zscaler Sandbox: benign", "Acme Analyzer: to be submitted", "Acme is busy."
        )
        assert acme.submitted == []

        acme.down = False
        place.clock.advance(60)
        await place.reply(shared, "Acme Analyzer: benign")
        assert len(place.zscaler.submissions) == 1


async def test_a_restart_forgets_the_build_which_is_pulled_again_and_is_the_same(
    tmp_path: Path, acme: AcmeService
) -> None:
    acme.down = True
    async with office(tmp_path, zscaler=True, side_scanners=[await acme.start()]) as place:
        build = apk()
        shared = place.dana.share(place.builds_channel, [("shop.apk", build)])
        await place.submitted(shared, "Zscaler Sandbox: benign", "Acme is busy.")
        assert len(place.slack.called("download")) == 1
        assert len(on_disk(tmp_path)) == 1

        await place.stop()
        assert on_disk(tmp_path) == []
        acme.down = False
        place.clock.advance(60)
        await place.start()
        await place.reply(shared, "Acme Analyzer: benign")

        assert len(place.slack.called("download")) == 2
        assert list(acme.files.values()) == [build]


async def test_zscaler_is_down_and_the_second_goes_on(tmp_path: Path, acme: AcmeService) -> None:
    async with office(tmp_path, zscaler="down", side_scanners=[await acme.start()]) as place:
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

        await place.submitted(shared, "Zscaler Sandbox: to be submitted", "Acme Analyzer: benign")

        assert list(acme.files.values()) == [apk()]
        assert [taken.file_name for taken in place.onetrust.received] == ["shop.apk"]
