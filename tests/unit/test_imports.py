"""Who may know whom: the architecture, kept by reading every import. ``docs/architecture.md`` tells why."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_MODULE = 400
"""Lines; most modules have 50 to 150."""

MAY_KNOW = {
    "bot.errors": set(),
    "bot.addresses": set(),
    "bot.depot_address": {"bot.addresses"},
    "bot.log": {"bot.scans"},
    "bot.settings": {
        "bot.addresses",
        "bot.errors",
        "bot.ftp_settings",
        "bot.variables",
        "bot.zscaler_settings",
    },
    "bot.ftp_settings": {"bot.addresses", "bot.depot_address", "bot.variables"},
    "bot.variables": {"bot.addresses"},
    "bot.zscaler_settings": {"bot.variables"},
    "bot.scans": {"bot.errors"},
    "bot.calls": {"bot.errors"},
    "bot.onetrust": {"bot.calls", "bot.scans", "bot.errors", "bot.depot_address"},
    "bot.zscaler": {"bot.calls", "bot.scans", "bot.errors"},
    "bot.listeners": {"bot.scans", "bot.errors", "bot.blocks"},
}
"""What a part of the bot may import of it, beside itself."""

OUTER_MAY_KNOW = {"bot.scans", "bot.errors"}
"""What every part that is not named above may import of the bot."""

COMMANDS = {
    "bot.app",
    "bot.backup",
    "bot.check",
    "bot.check_onetrust",
    "bot.check_zscaler",
    "bot.export",
    "bot.forget",
    "bot.opened",
    "bot.parts",
    "bot.run",
    "bot.second_wiring",
    "bot.shell",
    "bot.wiring",
    "bot.zscaler_parts",
}
"""What the command line starts; each joins the parts that it needs."""
JOINED = {
    "bot.app",
    "bot.check_onetrust",
    "bot.check_zscaler",
    "bot.opened",
    "bot.parts",
    "bot.second_wiring",
    "bot.wiring",
    "bot.zscaler_parts",
}
"""Those of them that others are made of."""

STANDARD_LIBRARY_ONLY = {
    "bot.addresses",
    "bot.depot_address",
    "bot.errors",
    "bot.log",
    "bot.ftp_settings",
    "bot.settings",
    "bot.scans",
    "bot.variables",
    "bot.zscaler_settings",
}
KNOWS_THE_ENVIRONMENT = {"bot.__main__", "bot.settings", "bot.variables"}
"""Everybody else is given what they need."""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def imports_of(source: str, module: str, *, package: bool = False) -> set[str]:
    """Names of all modules that ``source`` imports, wherever in it, relative ones spelled out."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: None if package and node.level == 1 else -(node.level - package)]
            base = ".".join([*(above if node.level else []), *([node.module] if node.module else [])])
            # ``from bot import scans`` imports bot.scans; ``from bot.scans import Scan`` no module Scan.
            found |= {f"{base}.{alias.name}" if base == "bot" else base for alias in node.names}
    return found


@cache
def imports_in(path: Path) -> set[str]:
    return imports_of(path.read_text(encoding="utf-8"), module_of(path), package=path.name == "__init__.py")


def roots_in(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports_in(path)}


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    origins = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return names | {alias.name for node in origins for alias in node.names}


def by_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


BOT = sources("bot")
PARTS = {part_of(module_of(path)) for path in BOT} - {"bot"}


@pytest.mark.parametrize(
    ("source", "module", "package", "imported"),
    [
        ("import bot.scans.desk as desk", "bot.web", False, {"bot.scans.desk"}),
        ("from bot import errors, scans", "bot.web", False, {"bot.errors", "bot.scans"}),
        ("from . import other", "bot.slack.files", False, {"bot.slack"}),
        ("from .. import onetrust", "bot.slack.files", False, {"bot.onetrust"}),
        ("from ..onetrust import token", "bot.slack.files", False, {"bot.onetrust"}),
        ("from .files import pull", "bot.slack", True, {"bot.slack.files"}),
        ("from ..store import rows", "bot.slack", True, {"bot.store"}),
        ("def f():\n    import httpx", "bot.scans", False, {"httpx"}),
    ],
)
def test_imports_are_read_as_python_reads_them(source, module, package, imported):
    assert imports_of(source, module, package=package) == imported


def test_each_part_knows_only_whom_it_may():
    wrong = {}
    for path in BOT:
        part = part_of(module_of(path))
        known = {part_of(name) for name in imports_in(path)} & PARTS - {part}
        if part == "bot.__main__":
            allowed = PARTS
        elif part in COMMANDS:
            allowed = PARTS - {"bot.__main__"} - (COMMANDS - JOINED)
        else:
            allowed = MAY_KNOW.get(part, OUTER_MAY_KNOW)
        if known - allowed:
            wrong[by_name(path)] = known - allowed

    assert wrong == {}


def test_the_inside_needs_the_standard_library_only():
    wrong = {}
    for path in BOT:
        outside = roots_in(path) - {"bot", *sys.stdlib_module_names}
        if outside and part_of(module_of(path)) in STANDARD_LIBRARY_ONLY:
            wrong[by_name(path)] = outside

    assert wrong == {}


def test_the_environment_is_read_in_one_place():
    doors = {"environ", "environb", "getenv", "getenvb", "putenv"}
    knowing = {module_of(path) for path in BOT if names_in(path) & doors}

    assert knowing <= KNOWS_THE_ENVIRONMENT


def test_the_sandbox_can_not_share_a_misreading_with_the_bot():
    assert [by_name(path) for path in sources("sandbox") if roots_in(path) & {"bot", "tests"}] == []


def test_the_bot_works_without_what_it_is_developed_with():
    developing = {"sandbox", "tests", "benchmarks", "pytest", "hypothesis"}

    assert [by_name(path) for path in BOT if roots_in(path) & developing] == []


def test_real_things_are_run_not_mocked():
    mocks = {"unittest", "mock", "pytest_mock"}
    everything = sources("bot", "sandbox", "tests", "benchmarks")
    suspects = [path for path in everything if any(name in path.read_text("utf-8") for name in mocks)]

    assert [by_name(path) for path in suspects if roots_in(path) & mocks] == []


def test_modules_are_named_for_what_they_hold():
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}

    assert [by_name(path) for path in sources("bot", "sandbox") if path.stem in vague] == []


def test_modules_are_of_a_readable_size():
    sizes = {
        by_name(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources("bot", "sandbox")
    }

    assert {name: lines for name, lines in sizes.items() if lines > LONGEST_MODULE} == {}
