"""The database is locked, or its disk takes no more, while the bot runs or as it starts."""

import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sandbox import builds
from sandbox.bot_process import BotProcess
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import SlackSandbox
from tests.acceptance.conftest import Stage, free_port, ready
from tests.acceptance.limits import no_file_beyond, used_s

APK = builds.make_apk(package="com.example.shop", version_name="4.2.0", label="Shop")
NEXT = builds.make_apk(package="com.example.news", version_name="1", label="News")
APP_ID = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"
STOP_S = 100.0  # some 20 s at most on a usual machine; this one may be slow
RETRIES_S = (0.0, 10.0, 20.0)
"""When Slack delivers an event again, here."""
UNTAKEN = "it has not accepted this build yet"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with (
        SlackSandbox(retries_s=RETRIES_S) as slack,
        OneTrustSandbox(client_secret="onetrust-client-s3cret") as onetrust,
    ):
        yield Stage(slack=slack, onetrust=onetrust, folder=tmp_path)


@contextmanager
def locked(stage: Stage) -> Iterator[None]:
    """Hold the database as a backup does, or a shell left in a transaction."""
    with closing(sqlite3.connect(stage.folder / "appscan.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def told(stage: Stage) -> list[str]:
    """Return what only dana was told."""
    return [message.text for message in stage.dana.ephemerals()]


async def test_a_locked_database_is_waited_for(stage: Stage):
    port = free_port()
    bot = await stage.bot(PORT=str(port))
    await ready(port, 200, database=True)
    with locked(stage):
        shared = stage.dana.share(stage.channel, [("shop.apk", APK)])
        await ready(port, 503, database=False)
        before = used_s(bot)
        await stage.slack.until(lambda: told(stage), 60)
        assert used_s(bot) - before < 5
        assert stage.replies(shared) == []
    await ready(port, 200, database=True)

    await stage.reply(shared, "was submitted to OneTrust", timeout_s=60)
    assert len([text for text in told(stage) if UNTAKEN in text]) == 1
    assert len(stage.onetrust.received) == 1
    assert await bot.stop() == 0
    assert "Traceback" not in bot.log.read_text()


async def test_a_lock_in_mid_scan_costs_nothing_but_time(stage: Stage):
    webhook = stage.onetrust.faults.add("webhook", hold=True)
    bot = await stage.bot()
    shared = stage.dana.share(stage.channel, [("shop.apk", APK)])
    await webhook.reached()
    with locked(stage):
        stage.onetrust.faults.clear()
        other = stage.dana.share(stage.channel, [("news.apk", NEXT)])
        await stage.slack.until(lambda: told(stage), 60)
    await stage.reply(other, "was submitted to OneTrust", timeout_s=90)
    await stage.slack.until(lambda: any(said(stage.replies(shared))), 60)
    assert len(stage.replies(shared)) == 1
    assert sorted(taken.file_name for taken in stage.onetrust.received) == ["news.apk", "shop.apk"]
    assert await bot.stop() == 0


def said(replies: list[str]) -> Iterator[bool]:
    return ("was submitted" in reply or "not certain" in reply for reply in replies)


async def test_a_bot_whose_database_is_locked_can_be_stopped(stage: Stage):
    stage.slack.faults.add("download", hold=True, hold_after=100)
    bot = await stage.bot()
    shared = stage.dana.share(stage.channel, [("shop.apk", APK)])
    await stage.slack.faults.rule(1).reached()
    with locked(stage):
        began = time.monotonic()
        assert await bot.stop() == 0
        assert time.monotonic() - began < STOP_S
    stage.slack.faults.clear()

    bot = await stage.bot()
    await stage.reply(shared, "was submitted to OneTrust")
    assert await bot.stop() == 0
    assert len(stage.onetrust.received) == 1


async def test_a_database_whose_disk_is_full_is_told_and_waited_for(stage: Stage):
    port = free_port()
    bot = await stage.bot(PORT=str(port))
    first = stage.dana.share(stage.channel, [("shop.apk", APK)])
    await stage.reply(first, "was submitted to OneTrust")
    await ready(port, database=True)
    journal = stage.folder / "appscan.db-wal"
    with no_file_beyond(bot, journal.stat().st_size):
        await ready(port, 503, database=False)
        shared = stage.dana.share(stage.channel, [("news.apk", NEXT)])
        await stage.slack.until(lambda: any(UNTAKEN in text for text in told(stage)), 60)
        assert (bot.running, stage.replies(shared)) == (True, [])
        invocation = await stage.dana.slash(stage.channel, "/appscan", f"link com.example.shop {APP_ID}")
        await stage.slack.until(lambda: invocation.answers, 30)
        assert "can't write to its database" in invocation.answers[-1].text

    await ready(port, 200, database=True)
    await stage.reply(shared, "was submitted to OneTrust", timeout_s=60)
    assert len([text for text in told(stage) if UNTAKEN in text]) == 1
    assert len(stage.onetrust.received) == 2
    assert await bot.stop() == 0


async def test_a_bot_that_starts_while_its_database_is_locked_takes_up_what_was_left(stage: Stage):
    held = stage.slack.faults.add("download", hold=True, hold_after=100)
    bot = await stage.bot()
    shared = stage.dana.share(stage.channel, [("shop.apk", APK)])
    await held.reached()
    bot.signal(signal.SIGKILL)
    await bot.ended()
    stage.slack.faults.clear()
    port = free_port()
    with locked(stage):
        bot = await stage.bot(PORT=str(port))
        await ready(port, 503, database=False)
        assert bot.running
    await stage.reply(shared, "was submitted to OneTrust", timeout_s=60)
    assert len(stage.onetrust.received) == 1
    assert await bot.stop() == 0
    assert "Traceback" not in bot.log.read_text()


async def start_and_fail(stage: Stage, **environ: str) -> str:
    bot = await BotProcess(stage.environ(**environ), stage.folder / "bot.log").start()
    assert await bot.ended() == 1
    log = bot.log.read_text()
    assert "Traceback" not in log
    return log


async def test_a_start_on_a_locked_database_says_so(stage: Stage):
    with closing(sqlite3.connect(stage.folder / "appscan.db")) as new:
        new.execute("CREATE TABLE other (id)")
    with locked(stage):
        log = await start_and_fail(stage)
    assert "the bot can't start: the database at APPSCAN_DB can't be used: database is locked." in log


async def test_a_start_on_what_is_no_database_says_so(stage: Stage):
    (stage.folder / "appscan.db").write_text("no database" * 1000)
    log = await start_and_fail(stage)
    assert "the bot can't start: the database at APPSCAN_DB can't be used: file is not a database." in log
