"""Slack shuts the bot out while it runs: it says what to do and ends, so that a supervisor acts."""

from bot.cli.run import SHUT_OUT
from sandbox import builds
from tests.acceptance.conftest import Stage, free_port, get

APK = builds.make_apk(package="com.example.shop", version_name="4.2.0", version_code=420, label="Shop")


async def test_link_disabled_ends_the_bot_with_a_clear_log_and_an_exit_code_of_its_own(stage: Stage):
    port = free_port()
    bot = await stage.bot(PORT=str(port))
    assert (await get(port, "/readyz"))[0] == 200

    await stage.slack.socket.disconnect("link_disabled")

    assert await bot.ended() == SHUT_OUT == 77
    log = bot.log.read_text()
    assert (
        "Slack has shut the bot out, so it stops. Socket Mode is switched off for the Slack app. "
        "Switch it on at api.slack.com/apps, under Socket Mode, and start the bot again."
    ) in log
    assert "Traceback" not in log


async def test_a_revoked_app_token_ends_the_bot_once_it_has_to_connect_again(stage: Stage):
    code = "token_revoked"
    bot = await stage.bot()
    stage.slack.faults.add("apps.connections.open", error=code, times=None)
    stage.slack.socket.cut()
    assert await bot.ended() == SHUT_OUT
    log = bot.log.read_text()
    assert f"Slack refuses SLACK_APP_TOKEN ({code}). Make an app-level token with connections:write" in log
    assert stage.slack.app_token not in log
    assert "Traceback" not in log

    again = await stage.start_only()
    assert await again.ended() == 1
    assert "the bot can't start: Slack refuses SLACK_APP_TOKEN" in again.log.read_text()


async def test_being_shut_out_in_mid_upload_hands_the_scan_back_and_the_next_start_submits_it_once(
    stage: Stage,
):
    big = builds.make_apk(package="com.example.shop", version_name="1", padding_bytes=40_000_000, seed=3)
    held = stage.onetrust.faults.add("webhook", hold=True, hold_after=1_000_000)
    bot = await stage.bot()
    shared = stage.dana.share(stage.channel, [("shop.apk", big)])
    await held.reached()

    await stage.slack.socket.disconnect("link_disabled")

    assert await bot.ended() == SHUT_OUT
    assert stage.onetrust.received == []
    stage.onetrust.faults.clear()
    bot = await stage.bot()
    await stage.reply(shared, "was submitted to OneTrust")
    assert await bot.stop() == 0
    assert len(stage.onetrust.received) == 1
