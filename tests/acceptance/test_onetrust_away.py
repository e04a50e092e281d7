"""OneTrust is away, and the bot that waits for it is killed: the next goes on, and sends nothing twice."""

import signal

from sandbox import builds
from sandbox.bot_process import BotProcess
from sandbox.slack import Shared
from tests.acceptance.conftest import Stage, free_port, get, ready

BUILDS = 4


def share(stage: Stage, nth: int) -> Shared:
    channel = stage.slack.channel(f"team-{nth}", members=["dana"])
    build = builds.make_apk(
        package=f"com.example.n{nth}", version_name="1", version_code=1, label=f"App {nth}"
    )
    return stage.dana.share(channel, [(f"{nth}.apk", build)])


async def wait_for_onetrust(stage: Stage) -> list[Shared]:
    """Share builds while OneTrust wants a pause: the first is sent, the others are not."""
    first = share(stage, 0)
    await stage.reply(first, "will be tried again")
    others = [share(stage, nth) for nth in range(1, BUILDS)]
    for shared in others:
        await stage.reply(shared, "waits for OneTrust")
    assert stage.onetrust.count("webhook") == 1
    return [first, *others]


async def all_go_once(stage: Stage, shares: list[Shared], bot: BotProcess) -> None:
    for shared in shares:
        await stage.reply(shared, "was submitted to OneTrust")
    assert await bot.stop() == 0
    assert sorted(str(taken.name) for taken in stage.onetrust.received) == [f"App {n}" for n in range(BUILDS)]
    statuses = [call.status for call in stage.onetrust.calls if call.point == "webhook"]
    assert statuses == [503] * (len(statuses) - BUILDS) + [202] * BUILDS
    assert list(stage.folder.glob("*.builds/*")) == []


async def test_builds_that_wait_go_on_after_a_kill(stage: Stage):
    away = stage.onetrust.faults.add("webhook", times=None, status=503, retry_after=5)
    port = free_port()
    bot = await stage.bot(PORT=str(port))
    shares = await wait_for_onetrust(stage)
    await ready(port, 200)  # nothing is wrong with the bot: nobody is to restart it for this

    bot.signal(signal.SIGKILL)
    assert await bot.ended() == -signal.SIGKILL
    away.cancel()
    bot = await stage.bot()
    await all_go_once(stage, shares, bot)


async def test_builds_that_wait_still_wait_after_a_kill_while_onetrust_is_away(stage: Stage):
    away = stage.onetrust.faults.add("webhook", times=None, status=503, retry_after=600)
    bot = await stage.bot()
    shares = await wait_for_onetrust(stage)
    bot.signal(signal.SIGKILL)
    await bot.ended()

    # The next process finds out for itself: as many as it may send at once, and no more.
    port = free_port()
    bot = await stage.bot(PORT=str(port), APPSCAN_CONCURRENCY="1")
    await stage.onetrust.until(lambda: stage.onetrust.count("webhook") == 2, 40)
    late = stage.slack.channel("late", members=["dana"])
    build = builds.make_apk(package="com.example.late", version_name="1", version_code=1, label="Late")
    await stage.reply(stage.dana.share(late, [("late.apk", build)]), "waits for OneTrust")
    assert (await get(port, "/readyz"))[0] == 200
    assert stage.onetrust.count("webhook") == 2
    assert all("was submitted" not in told for shared in shares for told in stage.replies(shared))
    bot.signal(signal.SIGKILL)
    await bot.ended()
    away.cancel()
    assert stage.onetrust.received == []


async def test_a_command_and_a_bot_wait_for_onetrust_side_by_side(stage: Stage):
    away = stage.onetrust.faults.add("webhook", times=None, status=503, retry_after=10)
    path = stage.folder / "shell.apk"
    path.write_bytes(
        builds.make_apk(package="com.example.shell", version_name="1", version_code=1, label="Shell")
    )
    bot = await stage.bot()
    shared = share(stage, 0)
    await stage.reply(shared, "will be tried again")
    code, out, err = await stage.command("scan", str(path), "--timeout", "0.05")
    assert (code, out) == (1, "")
    assert "not available right now (503). Next try in" in err

    away.cancel()
    code, out, err = await stage.command("scan", str(path), "--new", "--again")
    assert code == 0, err
    assert "was submitted to OneTrust" in await stage.reply(shared, "was submitted to OneTrust", 60)
    assert sorted(str(taken.name) for taken in stage.onetrust.received) == ["App 0", "Shell"]
    assert out.strip() in {taken.request_id for taken in stage.onetrust.received}
    await bot.stop()
