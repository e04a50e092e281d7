"""Settings, rules and the registered app of an older version do for a new one."""

import asyncio
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from tests.scenario.office import Office
from tests.upgrade.history import FOLDER, restored

ROOT = Path(__file__).parents[2]


def settings(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: shlex.split(value)[0] for name, _, value in (line.partition("=") for line in lines)}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.env")), ids=lambda path: path.stem)
async def test_old_settings_are_accepted(path: Path, tmp_path: Path):
    environ = settings(path) | {"APPSCAN_DB": str(tmp_path / "appscan.db"), "PATH": "/usr/bin:/bin"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "check", cwd=ROOT, env=environ,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()

    assert "ok    settings: complete" in out.decode()
    assert "Traceback" not in out.decode()


async def test_old_manifest_lets_the_bot_run(tmp_path: Path):
    manifest = yaml.safe_load((FOLDER / "manifest.yml").read_text())

    def as_registered(place: Office) -> None:
        app = place.slack.app
        app.scopes = set(manifest["oauth_config"]["scopes"]["bot"])
        app.events = set(manifest["settings"]["event_subscriptions"]["bot_events"])
        app.shortcuts = {each["callback_id"] for each in manifest["features"]["shortcuts"]}

    async with restored(FOLDER, tmp_path, prepare=as_registered) as place:
        assert "Scan #" in await place.command("status 3")
        message = next(each for each in place.dana.messages(place.builds_channel) if each.files)
        pressed = await place.dana.shortcut(place.builds_channel, message.ts, "scan_this_build")
        assert pressed.acked
