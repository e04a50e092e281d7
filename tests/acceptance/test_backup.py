"""A backup taken from a running bot, and a bot started on it once much has happened since."""

import shutil
import sqlite3

from sandbox import builds
from sandbox.slack import Shared
from tests.acceptance.conftest import Stage


def apk(package: str) -> bytes:
    return builds.make_apk(
        package=package, version_name="1.0", version_code=1, label=package.rpartition(".")[2]
    )


async def test_what_was_submitted_after_the_backup_is_not_sent_again_by_the_restored_bot(stage: Stage):
    sending = stage.onetrust.faults.add("webhook", hold=True)
    bot = await stage.bot()

    def share(name: str) -> Shared:
        return stage.dana.share(stage.channel, [(f"{name}.apk", apk(f"com.example.{name}"))])

    moving = [share("one")]
    await sending.reached()
    pulling = stage.slack.faults.add("download", hold=True)
    moving.append(share("two"))
    await pulling.reached()
    for shared in moving:
        await stage.slack.until(lambda shared=shared: stage.replies(shared), 30)
    copy = stage.folder / "copies" / "appscan.db"
    copy.parent.mkdir()
    code, out, err = await stage.command("backup", str(copy))
    assert (code, err) == (0, "")
    assert out.startswith(f"{copy}: 2 scans, ")

    # What the backup does not know: these two go through, and one more is shared.
    stage.onetrust.faults.clear()
    stage.slack.faults.clear()
    later = share("three")
    for shared in [*moving, later]:
        assert "Request ID" in await stage.reply(shared, "was submitted to OneTrust")
    assert await bot.stop() == 0
    assert sorted(each.name for each in stage.onetrust.received) == ["one", "three", "two"]

    code, _, err = await stage.command("backup", str(copy))
    assert code == 1
    assert "already exists: name another file, or replace it with --force." in err

    restored = stage.folder / "restored" / "appscan.db"
    restored.parent.mkdir()
    shutil.copy(copy, restored)
    bot = await stage.bot(APPSCAN_DB=str(restored))
    for shared in moving:
        await stage.slack.until(lambda shared=shared: len(stage.replies(shared)) == 2, 40)
        first, second = stage.replies(shared)
        assert "Request ID" in first
        assert "It is not certain that OneTrust took" in second
        assert "set back to a backup" in second
    fresh = share("four")
    assert "Scan #10003" in await stage.reply(fresh, "was submitted to OneTrust")
    assert len(stage.replies(later)) == 1
    assert await bot.stop() == 0
    assert "2 scans wait for a person" in bot.log.read_text()
    assert len(stage.onetrust.received) == 4

    # And once it has been settled, the next start is one like any other.
    before = {shared.ts: stage.replies(shared) for shared in [*moving, later, fresh]}
    bot = await stage.bot(APPSCAN_DB=str(restored))
    again = share("five")
    await stage.reply(again, "was submitted to OneTrust")
    assert await bot.stop() == 0
    assert {shared.ts: stage.replies(shared) for shared in [*moving, later, fresh]} == before
    assert len(stage.onetrust.received) == 5
    with sqlite3.connect(restored) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
