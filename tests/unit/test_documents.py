"""What the documents name is there: tests, files, and the hashes they speak of."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NAMED = re.compile(r"(tests/[\w./-]+\.py)::(\w+)")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


def names_in(path: Path) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, functions)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_is_named_exists(document):
    named = NAMED.findall(document.read_text(encoding="utf-8"))

    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).is_file() or name not in names_in(ROOT / file) or not name.startswith("test_")
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_is_linked_exists(document):
    linked = LINK.findall(document.read_text(encoding="utf-8"))

    assert [link for link in linked if not (document.parent / link).exists()] == []


def test_each_row_of_the_threat_model_is_held_by_a_test():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    tables = text.split("## Threats")[1].split("## What remains")[0]
    rows = [line.split("|")[1:-1] for line in tables.splitlines() if line.startswith("| ")]
    threats = [row for row in rows if row[0].strip() != "threat"]

    assert len(threats) > 30
    assert [row[0] for row in threats if len(row) != 4 or not LINK.search(row[2])] == []
    assert [row[0] for row in threats if not NAMED.search(row[3])] == []


def test_every_locked_dependency_has_a_hash():
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    ours = [each for each in locked if each["source"].get("registry")]
    others = [each["name"] for each in locked if not each["source"].get("registry")]

    assert others == ["appscan"]
    for each in ours:
        files = [*each.get("wheels", []), *([each["sdist"]] if "sdist" in each else [])]
        assert files
        assert all(file["hash"].startswith("sha256:") for file in files), each["name"]
