"""Starting, stopping and restarting the bot as a supervisor does."""

import re
import time

from sandbox import builds
from sandbox.bot_process import BotProcess
from tests.acceptance.conftest import Stage, free_port, listening

APK = builds.make_apk(package="com.example.shop", version_name="4.2.0", version_code=420, label="Shop")
STOP_S = 100.0  # some 20 s at most on a usual machine; this one may be slow


async def test_start_logs_no_warning(stage: Stage):
    bot = await stage.bot(ONETRUST_RESULTS_HOURS="24")
    assert await bot.stop() == 0
    assert re.findall(r".*(?:WARNING|ERROR|CRITICAL).*|.*Warning: .*", bot.log.read_text()) == []


async def test_sigterm_in_mid_upload_hands_the_scan_back_and_the_next_start_submits_it_once(stage: Stage):
    big = builds.make_apk(package="com.example.shop", version_name="1", padding_bytes=40_000_000, seed=3)
    stage.onetrust.faults.add("webhook", hold=True, hold_after=1_000_000)
    bot = await stage.bot()
    shared = stage.dana.share(stage.channel, [("shop.apk", big)])
    await stage.onetrust.faults.rule(1).reached()
    began = time.monotonic()
    assert await bot.stop() == 0
    assert time.monotonic() - began < STOP_S
    assert stage.onetrust.received == []
    stage.onetrust.faults.clear()

    bot = await stage.bot()
    await stage.reply(shared, "was submitted to OneTrust")
    assert await bot.stop() == 0
    assert [each.name for each in stage.onetrust.received] == ["com.example.shop"]
    assert list(stage.folder.glob("*.builds/*")) == []


async def test_sigterm_while_the_answer_is_awaited_is_uncertain_and_not_sent_again(stage: Stage):
    stage.onetrust.faults.add("webhook", hold=True)
    bot = await stage.bot()
    shared = stage.dana.share(stage.channel, [("shop.apk", APK)])
    await stage.onetrust.faults.rule(1).reached()
    began = time.monotonic()
    assert await bot.stop() == 0
    assert time.monotonic() - began < STOP_S
    assert len(stage.onetrust.received) <= 1

    stage.onetrust.faults.clear()
    bot = await stage.bot()
    await stage.reply(shared, "not certain that OneTrust took")
    await bot.stop()
    assert len(stage.onetrust.received) <= 1


async def test_a_bot_and_a_second_that_waits_for_it_both_stop_with_exit_code_0_on_sigterm(stage: Stage):
    first = await stage.bot()
    port = free_port()
    second = await BotProcess(stage.environ(PORT=str(port)), stage.folder / "second.log").start()
    await listening(second, port)
    assert await second.stop() == 0
    assert await first.stop() == 0
    assert "Traceback" not in first.log.read_text() + second.log.read_text()
