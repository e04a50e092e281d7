"""A large build goes through without the process growing by it."""

from pathlib import Path

from sandbox import builds
from tests.acceptance.conftest import Stage

GROWTH_BYTES = 30_000_000


def resident(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def count_peak_anew(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


async def test_a_60_mb_apk_grows_the_process_by_less_than_30_mb(stage: Stage, tmp_path: Path):
    bot = await stage.bot()
    small = builds.make_apk(package="com.example.small", version_name="1")
    await stage.reply(stage.dana.share(stage.channel, [("small.apk", small)]), "was submitted to OneTrust")
    before = resident(bot.pid, "VmRSS")
    count_peak_anew(bot.pid)

    path = tmp_path / "large.apk"
    builds.write_apk(path, package="com.example.large", version_name="1", padding_bytes=60_000_000)
    await stage.reply(stage.dana.share(stage.channel, [("large.apk", path)]), "was submitted to OneTrust")
    peak = resident(bot.pid, "VmHWM")
    await bot.stop()

    assert stage.onetrust.received[-1].size_bytes > 60_000_000
    assert peak - before < GROWTH_BYTES, f"grew by {(peak - before) / 1e6:.1f} MB"
