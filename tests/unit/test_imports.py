"""Who may know whom: the architecture, kept by reading every import. ``docs/architecture.md`` tells why."""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_MODULE = 400
"""Lines; most modules have 50 to 200."""
MODULES_PER_FOLDER = 20

KNOWS = {
    "errors": set(),
    "core": {"errors"},
    "log": {"core"},
    "web": {"core", "errors"},
    "metrics": {"core", "errors"},
    "config": {"errors", "scanners"},  # the records that scanners take
    "storage": {"core", "errors"},
    "slack": {"core", "errors"},
    "scanners": {"core", "errors"},
    "builds": {"core", "errors"},
    "feature": {"core", "errors", "slack"},
}
"""What a folder or module may import beside itself; the composition root may import everything."""

ROOTS = {"__main__", "app", "cli", "wiring"}
"""The composition root, with all modules ``feature``: joins the parts, and is imported by nothing else."""

INNER = {"core", "errors"}
"""What every module of a feature may import."""
OUTER = {
    "repository": {"storage"},
    "listeners": {"slack"},
    "views": {"slack"},
    "modals": {"slack"},
    "messages": {"slack", "storage"},
    "sections": {"slack", "storage"},
    "rules_file": set(),
}
"""What some of them may import as well, by their name or the end of it, such as ``queue_repository``."""

LIBRARIES = {"listeners": {"slack_bolt", "slack_sdk"}, "messages": {"slack_sdk"}}
"""What modules of a feature may import from outside the project, by the same names."""

DECLARED = {
    "backfill": {"submission"},
    "compliance": {"results", "submission"},
    "history": {"compliance", "hosts", "onetrust_apps", "results", "submission", "verdicts"},
    "hosts": {"submission"},
    "onetrust_apps": {"app_links", "results", "submission"},
    "results": {"app_links", "submission"},
    "submission": {"app_links", "rescan_requests", "retention"},
    "verdicts": {"hosts", "submission"},
    "zscaler_admin": {"verdicts"},
}
"""Which features a feature may import; all others are strangers to it."""

RECORDS = {"models", "routes", "scanner_profile"}
"""Modules of a feature that scanners and builds may import too: what they answer with."""

EXCEPTIONS: frozenset[str] = frozenset()
"""Imports that break a rule today; this list and those below it may only shrink."""
CIRCLES: frozenset[str] = frozenset()
OUTSIDE: frozenset[str] = frozenset()
CROWDED: dict[str, int] = {}

STANDARD_LIBRARY_ONLY = {"core", "errors", "log"}
KNOWS_THE_ENVIRONMENT = {"bot.__main__", "bot.config.settings", "bot.config.env"}
"""Everything else is given what it needs."""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_feature(module: str) -> bool:
    """Tell whether a module is where a feature is built and registered."""
    return module.startswith("bot.features.") and module.endswith(".feature")


def folder_of(module: str) -> str:
    """Return the folder of ``bot/`` that a module is in, a feature's with ``features/`` before it."""
    parts = module.split(".")
    if is_feature(module):
        return "wiring"
    if parts[1:2] == ["features"] and len(parts) > 2:
        return f"features/{parts[2]}"
    return parts[1] if len(parts) > 1 else "bot"


def imports_of(source: str, module: str, *, package: bool = False) -> set[str]:
    """Names of all that ``source`` imports, wherever in it, relative ones spelled out."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: None if package and node.level == 1 else -(node.level - package)]
            base = ".".join([*(above if node.level else []), *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


@cache
def imports_in(path: Path) -> frozenset[str]:
    return frozenset(
        imports_of(path.read_text(encoding="utf-8"), module_of(path), package=path.name == "__init__.py")
    )


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
MODULES = {module_of(path) for path in BOT}


def known_modules(path: Path) -> set[str]:
    """Modules of the bot that a module imports: ``from a.b import c`` is ``a.b.c`` where that is a module."""
    found = set()
    for name in imports_in(path):
        if name in MODULES:
            found.add(name)
        elif name.rpartition(".")[0] in MODULES:
            found.add(name.rpartition(".")[0])
    return found - {module_of(path)}


def may_know(module: str, other: str) -> bool:
    """Tell whether the rules let a module import another one of another folder."""
    here, there = folder_of(module), folder_of(other)
    if is_feature(module) and is_feature(other):
        return False
    if here == there or here in ROOTS or there == "bot":
        return True
    if there in ROOTS:
        return False
    if not here.startswith("features/"):
        is_record = there.startswith("features/") and other.split(".")[3:] in [[name] for name in RECORDS]
        return there in KNOWS[here] or (here in {"scanners", "builds"} and is_record)
    if there.startswith("features/"):
        return there.removeprefix("features/") in DECLARED.get(here.removeprefix("features/"), set())
    role = re.split(r"[._]", module)[-1]
    return there in INNER | OUTER.get(role, set())


def folders_known() -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for path in BOT:
        here = folder_of(module_of(path))
        known.setdefault(here, set()).update(folder_of(module) for module in known_modules(path))
    return {here: there - {here, "bot"} for here, there in known.items()}


@pytest.mark.parametrize(
    ("source", "module", "package", "imported"),
    [
        ("import bot.core.scan as scan", "bot.web", False, {"bot.core.scan"}),
        ("from bot import errors, core", "bot.web", False, {"bot.errors", "bot.core"}),
        ("from . import other", "bot.slack.files", False, {"bot.slack.other"}),
        ("from .. import scanners", "bot.slack.files", False, {"bot.scanners"}),
        ("from ..scanners import http", "bot.slack.files", False, {"bot.scanners.http"}),
        ("from .files import pull", "bot.slack", True, {"bot.slack.files.pull"}),
        ("from ..storage import rows", "bot.slack", True, {"bot.storage.rows"}),
        ("def f():\n    import httpx", "bot.core", False, {"httpx"}),
    ],
)
def test_imports_are_read_as_python_reads_them(source, module, package, imported):
    assert imports_of(source, module, package=package) == imported


def test_modules_know_only_whom_they_may():
    wrong = {
        f"{module_of(path)} -> {other}"
        for path in BOT
        for other in known_modules(path)
        if not may_know(module_of(path), other)
    }

    assert wrong == EXCEPTIONS


def test_folders_know_each_other_one_way_only():
    known = folders_known()

    def reached(start: str) -> set[str]:
        seen, todo = set(), [start]
        while todo:
            for there in known.get(todo.pop(), set()) - seen:
                seen.add(there)
                todo.append(there)
        return seen

    circles = {folder for folder in known if folder in reached(folder)}

    assert circles == CIRCLES


def test_core_needs_the_standard_library_only():
    wrong = {}
    for path in BOT:
        outside = roots_in(path) - {"bot", *sys.stdlib_module_names}
        if outside and folder_of(module_of(path)) in STANDARD_LIBRARY_ONLY:
            wrong[by_name(path)] = outside

    assert wrong == {}


def test_features_reach_the_outside_in_modules_of_that_role_only():
    """Only ``listeners`` and ``messages`` know a library, and only Slack's."""
    wrong = {}
    for path in BOT:
        module = module_of(path)
        role = re.split(r"[._]", module)[-1]
        outside = roots_in(path) - {"bot", *sys.stdlib_module_names} - LIBRARIES.get(role, set())
        if folder_of(module).startswith("features/") and outside:
            wrong[by_name(path)] = outside

    assert set(wrong) == OUTSIDE


def test_environment_is_read_in_one_place():
    readers = {"environ", "environb", "getenv", "getenvb", "putenv"}
    knowing = {module_of(path) for path in BOT if names_in(path) & readers}

    assert knowing <= KNOWS_THE_ENVIRONMENT


def test_sandbox_can_not_share_a_misreading_with_the_bot():
    assert [by_name(path) for path in sources("sandbox") if roots_in(path) & {"bot", "tests"}] == []


def test_bot_works_without_what_it_is_developed_with():
    developing = {"sandbox", "tests", "benchmarks", "pytest", "hypothesis"}

    assert [by_name(path) for path in BOT if roots_in(path) & developing] == []


def test_real_things_are_run_not_mocked():
    mocks = {"unittest", "mock", "pytest_mock"}
    everything = sources("bot", "sandbox", "tests", "benchmarks")
    suspects = [path for path in everything if any(name in path.read_text("utf-8") for name in mocks)]

    assert [by_name(path) for path in suspects if roots_in(path) & mocks] == []


def test_class_names_mean_one_thing():
    places: dict[str, list[str]] = {}
    for path in BOT:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(by_name(path))

    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_modules_are_named_for_what_they_hold():
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}

    assert [by_name(path) for path in sources("bot", "sandbox") if path.stem in vague] == []


def test_modules_are_of_a_readable_size():
    sizes = {
        by_name(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources("bot", "sandbox")
    }

    assert {name: lines for name, lines in sizes.items() if lines > LONGEST_MODULE} == {}


def test_folders_hold_what_can_be_taken_in_at_a_glance():
    folders: dict[str, int] = {}
    for path in BOT:
        if path.name != "__init__.py":
            folders[by_name(path.parent)] = folders.get(by_name(path.parent), 0) + 1

    assert {name: count for name, count in folders.items() if count > MODULES_PER_FOLDER} == CROWDED
