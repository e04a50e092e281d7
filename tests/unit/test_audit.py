"""What the audit makes of pip-audit's findings: only a whole look without a finding is a yes."""

import importlib.util
import json
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

PATH = str(Path(__file__).parents[2] / ".ci" / "audit")
SAFE = {"name": "aiohttp", "version": "3.14.1", "vulns": []}
UNSAFE = {
    "name": "yarl",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
UNKNOWN = {"name": "httpx", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.fixture
def judge():
    loader = SourceFileLoader("audit", PATH)
    audit = importlib.util.module_from_spec(importlib.util.spec_from_loader("audit", loader))
    loader.exec_module(audit)
    return audit.judge


@pytest.mark.parametrize(
    ("dependencies", "code", "told"),
    [
        ([SAFE, SAFE], 0, "2 locked dependencies, no known vulnerability"),
        ([SAFE, UNSAFE], 1, "yarl 1.0: PYSEC-1, PYSEC-2; fixed in 1.1"),
        ([SAFE, UNKNOWN], 1, "not audited: httpx"),
        ([UNKNOWN, UNKNOWN], 75, "SKIPPED: PyPI's advisories can't be reached from here"),
    ],
)
def test_each_finding_is_told(judge, capsys, dependencies, code, told):
    assert judge(json.dumps({"dependencies": dependencies}), "") == code

    assert told in capsys.readouterr().out


@pytest.mark.parametrize("found", ["", "Traceback", "{"])
def test_no_answer_is_a_clear_skip(judge, capsys, found):
    assert judge(found, "…\nConnectionError: no way to pypi.org") == 75

    told = capsys.readouterr().out
    assert told.startswith("SKIPPED")
    assert "no way to pypi.org" in told
