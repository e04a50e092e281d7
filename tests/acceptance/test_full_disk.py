"""The disk that builds are pulled to takes no more, and later does again."""

from sandbox import builds
from tests.acceptance.conftest import Stage, free_port, ready
from tests.acceptance.limits import no_file_beyond, used_s

BIG = builds.make_apk(package="com.example.shop", version_name="1", padding_bytes=16_000_000, seed=5)
SMALL = builds.make_apk(package="com.example.news", version_name="1")
LIMIT_BYTES = 8_000_000
NO_ROOM = "The bot's disk is full or not working. The operator of this bot has to free space"


async def test_a_full_disk_is_told_and_waited_for(stage: Stage):
    port = free_port()
    bot = await stage.bot(PORT=str(port))
    await ready(port, disk=True)
    with no_file_beyond(bot, LIMIT_BYTES):
        shared = stage.dana.share(stage.channel, [("shop.apk", BIG)])
        told = await stage.reply(shared, NO_ROOM)
        assert "will be tried again" in told
        await ready(port, 503, disk=False)
        before = used_s(bot)
        downloads = len(stage.slack.called("download"))
        await stage.slack.until(lambda: len(stage.slack.called("download")) > downloads, 40)
        assert used_s(bot) - before < 5  # it waits, and does not try without end
        assert (bot.running, stage.onetrust.received) == (True, [])

    await stage.reply(shared, "was submitted to OneTrust", timeout_s=60)

    await ready(port, 200, disk=True)
    assert len(stage.onetrust.received) == 1
    assert await bot.stop() == 0
    assert "Traceback" not in bot.log.read_text()
    assert list(stage.folder.glob("*.builds/*")) == []


async def test_a_build_that_waits_for_room_can_be_cancelled_and_others_go_on_after_it(stage: Stage):
    bot = await stage.bot()
    with no_file_beyond(bot, LIMIT_BYTES):
        shared = stage.dana.share(stage.channel, [("shop.apk", BIG)])
        await stage.reply(shared, NO_ROOM)
        small = stage.dana.share(stage.channel, [("news.apk", SMALL)])
        await stage.reply(small, "was submitted to OneTrust", timeout_s=60)
        message = next(
            m for m in stage.dana.thread(shared.channel, shared.ts) if m.user == stage.slack.bot_user_id
        )
        await stage.dana.press(shared.channel, message.ts, "Cancel")
        await stage.reply(shared, "was not submitted")
    assert await bot.stop() == 0
    assert [taken.name for taken in stage.onetrust.received] == ["com.example.news"]


async def test_a_folder_for_builds_that_can_not_be_used_is_told_and_waited_for(stage: Stage):
    port = free_port()
    bot = await stage.bot(PORT=str(port))
    folder = stage.folder / "appscan.db.builds"
    if folder.exists():
        folder.rmdir()
    folder.touch()  # neither a folder, nor can one be made
    shared = stage.dana.share(stage.channel, [("shop.apk", SMALL)])
    await stage.reply(shared, NO_ROOM)
    await ready(port, 503, disk=False)

    folder.unlink()

    await stage.reply(shared, "was submitted to OneTrust", timeout_s=60)
    await ready(port, 200, disk=True)
    assert await bot.stop() == 0
    assert "Traceback" not in bot.log.read_text()
