"""``python -m bot scan`` is killed: what it leaves behind misleads nobody and holds nobody up for ever."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from sandbox import builds
from sandbox.bot_process import BotProcess
from tests.acceptance.conftest import Stage


def apk(stage: Stage, name: str, version: str, padding_bytes: int = 0) -> str:
    path = stage.folder / name
    path.write_bytes(
        builds.make_apk(
            package="com.example.shop",
            version_name=version,
            label="Shop",
            padding_bytes=padding_bytes,
            seed=len(version),
        )
    )
    return str(path)


async def kill_in_mid_scan(stage: Stage, path: str, hold_after: int) -> None:
    """Kill a command while the webhook has read so much of its file; then its hold on the row is over."""
    webhook = stage.onetrust.faults.add("webhook", hold=True, hold_after=hold_after)
    killed = await BotProcess(stage.environ(), stage.folder / "killed.log", "scan", path).start()
    await webhook.reached()
    if hold_after < 1000:
        await stage.slack.until(lambda: row(stage)[1] == "committed")
    killed.signal(signal.SIGKILL)
    assert await killed.ended() == -signal.SIGKILL
    stage.onetrust.faults.clear()
    with closing(sqlite3.connect(stage.folder / "appscan.db")) as database, database:
        database.execute("UPDATE scans SET held_until = held_until - 3600")


def row(stage: Stage, number: int = 1) -> tuple[str, str]:
    with closing(sqlite3.connect(stage.folder / "appscan.db")) as database:
        found = database.execute(
            "SELECT scans.state, o.state FROM scans JOIN submissions AS o ON o.scan = number "
            "WHERE number = ?",
            [number],
        ).fetchone()
        return (str(found[0]), str(found[1]))


async def test_killed_before_the_last_bytes_went_it_has_submitted_nothing(stage: Stage):
    await kill_in_mid_scan(stage, apk(stage, "old.apk", "1", padding_bytes=40_000_000), 1_000_000)
    assert row(stage) == ("submitting", "sending")

    code, out, err = await stage.command("scan", apk(stage, "shop.apk", "2.0"))

    assert code == 0, err
    (received,) = stage.onetrust.received
    assert out == f"{received.request_id}\n"
    assert "new app" in err
    assert row(stage)[0] == "cancelled"


async def test_killed_before_the_last_bytes_went_the_same_file_may_be_submitted(stage: Stage):
    path = apk(stage, "old.apk", "1", padding_bytes=40_000_000)
    await kill_in_mid_scan(stage, path, 1_000_000)

    code, out, err = await stage.command("scan", path)

    assert code == 0, err
    (received,) = stage.onetrust.received
    assert out == f"{received.request_id}\n"
    assert row(stage)[0] == "cancelled"


async def test_killed_after_the_last_bytes_went_nobody_says_that_it_was_submitted_or_was_not(stage: Stage):
    path = apk(stage, "old.apk", "1")
    await kill_in_mid_scan(stage, path, 1)
    known = len(stage.onetrust.received)

    code, out, err = await stage.command("scan", path)
    assert (code, out) == (5, ""), err
    assert row(stage)[0] == "uncertain"
    newer = apk(stage, "shop.apk", "2.0")
    code, out, err = await stage.command("scan", newer)
    assert (code, out) == (4, ""), err

    assert len(stage.onetrust.received) == known
    code, out, err = await stage.command("scan", newer, "--new")
    assert code == 0, err
    assert out == f"{stage.onetrust.received[-1].request_id}\n"


async def test_a_running_bot_takes_up_builds_that_waited_for_a_killed_command(stage: Stage):
    await kill_in_mid_scan(stage, apk(stage, "old.apk", "1", padding_bytes=40_000_000), 1_000_000)
    bot = await stage.bot()
    shared = stage.dana.share(stage.channel, [("shop.apk", Path(apk(stage, "shop.apk", "2.0")))])

    await stage.reply(shared, "was submitted to OneTrust")

    assert row(stage)[0] == "cancelled"
    assert len(stage.onetrust.received) == 1
    await bot.stop()
