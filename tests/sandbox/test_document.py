"""What docs/sandbox.md tells: its examples run, and its tables name what is there."""

import ast
import asyncio
import inspect
import os
import re
import shlex
import signal
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from bot.config.settings import Settings
from sandbox.faults import Fault
from sandbox.onetrust.server import POINTS as ONETRUST_POINTS
from sandbox.slack.person import Person
from sandbox.slack.points import POINTS as SLACK_POINTS
from sandbox.zscaler.server import POINTS as ZSCALER_POINTS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
POINTS = (*SLACK_POINTS, *ONETRUST_POINTS, *ZSCALER_POINTS)


def rows(heading: str) -> list[list[str]]:
    section = TEXT.split(f"\n### {heading}\n")[1].split("\n#")[0]
    table = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def names(cell: str) -> list[str]:
    """Return what is named in a cell, without what is told of it in brackets."""
    return re.findall(r"`([^`]+)`", re.sub(r"\([^)]*\)", "", cell))


def test_the_table_of_points_is_what_the_stand_ins_ask_for():
    told = {
        point: set(names(looked_at)) for where, _, _, looked_at in rows("Points") for point in names(where)
    }

    assert told == {point.name: set(point.fields) for point in POINTS}


def test_each_point_is_of_one_stand_in_and_looks_at_fields_of_a_fault():
    assert len({point.name for point in POINTS}) == len(POINTS)
    known = {field.name for field in fields(Fault)} - {"gate"} | {"hold"}
    assert {field for point in POINTS for field in point.fields} == known


def test_the_table_of_fields_is_that_of_a_fault():
    told = [name for row in rows("Fields") for name in names(row[0])]

    assert sorted(told) == sorted({field.name for field in fields(Fault)} - {"gate"} | {"hold"})


def test_what_a_person_can_do_is_there():
    table = TEXT.split("| to do | |")[1].split("\n\n")[0].splitlines()
    told = [name for line in table[2:6] for name in re.findall(r"`(\w+)`", line) if name != "Reader"]

    assert len(told) > 20
    assert [name for name in told if not callable(getattr(Person, name, None))] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=range(1, len(EXAMPLES) + 1))
async def test_an_example_runs(example):
    assert "assert" in example
    code = compile(example, "docs/sandbox.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    before = asyncio.all_tasks()

    running = eval(code, {})  # noqa: S307 - the project's own document
    assert inspect.iscoroutine(running)
    await running
    left = asyncio.all_tasks() - before
    await asyncio.wait_for(asyncio.gather(*left, return_exceptions=True), 10)


async def test_all_start_from_a_shell_and_tell_a_bots_environment(tmp_path):
    told = tmp_path / "sandbox.env"
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--env",
        str(told),
        "--events-url",
        "http://127.0.0.1:9/slack",
        "--zscaler",
        "session",
    ]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=dict(os.environ), stdout=asyncio.subprocess.PIPE
    )
    printed = []
    while not printed or not printed[-1].startswith("APPSCAN_DB="):
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        assert line, printed
        printed.append(line.decode().strip())
    process.send_signal(signal.SIGTERM)
    await process.communicate()

    assert process.returncode == 0
    assert printed[0].startswith("Slack:    http://127.0.0.1:")
    assert told.read_text().splitlines() == printed[5:]
    assert {line.partition("=")[0] for line in printed[5:]} >= {
        "SLACK_SIGNING_SECRET",
        "ONETRUST_WEBHOOK_URL",
        "ONETRUST_ORG_ID",
        "ZSCALER_API_KEY",
        "APPSCAN_ADMINS",
    }
    assert "PORT=9" in printed
    environ = dict(shlex.split(line)[0].split("=", 1) for line in printed[5:])
    settings = Settings.read(environ)
    assert settings.port == 9  # it is fit to run with
    assert settings.zscaler is not None
    assert settings.zscaler.cloud is not None
