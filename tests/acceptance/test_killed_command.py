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
            "SELECT scans.state, o.state FROM scans JOIN submissions AS o ON o.scan = number WHERE number = ?",
            [number],
        ).fetchone()
        return (str(found[0]), str(found[1]))
