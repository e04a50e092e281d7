"""A build that was made to do harm costs its own scan, and nobody else anything."""

import sys
from pathlib import Path

from bot.builds.reader import BuildFileReader
from tests.scenario.office import Office, apk, office

READER = """
from bot.builds import child, read_child
def read(file):
    content = file.read()
    while b"loops" in content:
        pass
    if b"swells" in content:
        bytearray(1 << 40)
    return read_child.read(file)
child.run(read, cpu_s=2, wall_s=40)
"""
"""The child's own program, with two builds that its parsers don't get through."""


def rooms(place: Office) -> list[Path]:
    return list(Path(place.environ["APPSCAN_DB"] + ".builds").iterdir())


async def test_parsers_that_loop_or_swell_hold_nobody_up_and_no_stop_either_and_are_told_of(tmp_path: Path):
    async with office(tmp_path, reads_apart=BuildFileReader(command=[sys.executable, "-c", READER])) as place:
        loop = place.dana.share(place.builds_channel, [("loop.apk", apk(files={"assets/loops": b""}))])
        await place.reply(loop, "Checking")
        await place.stop()
        assert rooms(place) == []

        await place.start()
        swell = place.dana.share(place.builds_channel, [("swell.apk", apk(files={"assets/swells": b""}))])
        good = place.eli.share(place.builds_channel, [("shop.apk", apk())])
        await place.submitted(good)
        assert "Shop" in await place.command("history")
        for share in (loop, swell):
            await place.reply(share, "took more time or memory than any real build needs", timeout_s=120)

        await place.slack.until(lambda: not rooms(place))
        assert [each.file_name for each in place.onetrust.received] == ["shop.apk"]
        again = place.eli.share(place.builds_channel, [("other.apk", apk(package="com.example.other"))])
        await place.submitted(again)
