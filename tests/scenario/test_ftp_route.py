"""Larger builds: they go by FTP without anyone thinking about it, and what is missing is said."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.config.ftp import FTP_VARIABLES
from sandbox.ftp import FtpSandbox
from tests.scenario.office import APP_ID, Office, apk, office

LIMIT = 200_000
"""In place of 64 MB."""


@asynccontextmanager
async def office_with_ftp(folder: Path, **environ: str) -> AsyncIterator[tuple[Office, FtpSandbox]]:
    root = folder / "server"
    (root / "in").mkdir(parents=True)
    async with FtpSandbox(root=root) as ftp, office(folder, ONETRUST_REST_LIMIT=str(LIMIT)) as place:
        place.onetrust.workflow.depot = root
        await place.stop()
        about = {
            "ONETRUST_FTP_URL": f"sftp://{ftp.user}@127.0.0.1:{ftp.port}/in",
            "ONETRUST_FTP_PASSWORD": ftp.password,
            "ONETRUST_FTP_HOST_KEY": ftp.host_key,
            "ONETRUST_FTP_WEBHOOK_URL": place.onetrust.ftp_webhook_url,
            "ONETRUST_FTP_RESCAN_WEBHOOK_URL": place.onetrust.ftp_rescan_webhook_url,
            "ONETRUST_FTP_REMOTE_PATH": "/in",
        }
        await place.start(**about | environ)
        yield place, ftp


async def test_a_larger_build_goes_by_ftp_a_smaller_one_by_the_webhook(tmp_path: Path):
    async with office_with_ftp(tmp_path) as (place, ftp):
        small = place.dana.share(place.builds_channel, [("small.apk", apk(package="com.example.small"))])
        large = place.dana.share(place.builds_channel, [("large.apk", apk(padding_bytes=LIMIT))])
        await place.submitted(small, "com.example.small")
        await place.submitted(large, "com.example.shop")
        told = place.read(*place.replies(large))
        await place.onetrust.until(lambda: all(each.found for each in place.onetrust.received))

        assert "the webhook takes builds under 0.2 MB" in told
        assert sorted(each.route for each in place.onetrust.received) == ["ftp", "webhook"]
        assert len(ftp.stored()) == 1
        place.clock.advance(73 * 3600)
        await place.slack.until(lambda: ftp.stored() == {})


async def test_a_rescan_without_its_workflow_says_what_is_missing(tmp_path: Path):
    async with office_with_ftp(tmp_path, ONETRUST_FTP_RESCAN_WEBHOOK_URL="") as (place, ftp):
        shared = place.dana.share(
            place.builds_channel, [("large.apk", apk(padding_bytes=LIMIT))], f"rescan {APP_ID}"
        )
        told = place.read(await place.reply(shared, "was not submitted"))

        assert "FTP takes no rescans until `ONETRUST_FTP_RESCAN_WEBHOOK_URL` is set" in told
        assert "[ Try again ]" in told
        assert ftp.stored() == {}
        assert place.onetrust.received == []


async def test_a_server_that_lets_nobody_in_is_warned_of_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with office_with_ftp(tmp_path, ONETRUST_FTP_PASSWORD="another password") as (place, _):
        await place.slack.until(lambda: "the FTP route does not work now" in caplog.text)
        small = place.dana.share(place.builds_channel, [("small.apk", apk())])
        await place.submitted(small, "com.example.shop")

    (said,) = [each for each in caplog.records if "the FTP route does not work now" in each.getMessage()]
    assert said.levelname == "WARNING"
    assert "The FTP server did not accept the bot's login." in said.getMessage()


async def test_what_is_left_on_a_server_that_is_not_set_any_more_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with office_with_ftp(tmp_path) as (place, ftp):
        large = place.dana.share(place.builds_channel, [("large.apk", apk(padding_bytes=LIMIT))])
        await place.submitted(large, "com.example.shop")
        await place.stop()
        await place.start(**dict.fromkeys(FTP_VARIABLES, ""))
        await place.slack.until(lambda: "may still be on the FTP server that was set before" in caplog.text)
        assert len(ftp.stored()) == 1
