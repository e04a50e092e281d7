"""Small builds that other readers read, each unusual in one way: see ``cases/README.md``."""

import csv
import json
from pathlib import Path

import pytest

from bot.builds.detect import read_build

CASES = Path(__file__).parent / "cases"
TAMPERED = ("Z4", "Z7")

with (CASES / "manifest.tsv").open(newline="") as listed:
    ROWS = list(csv.DictReader(listed, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_case_is_read_as_its_platform_reads_it(row: dict[str, str]):
    with (CASES / row["file"]).open("rb") as file:
        found = read_build(file)
    expected = json.loads(row["expected"])
    assert {name: getattr(found, name) for name in expected} == expected
    assert bool(found.tampering) == row["kind"].startswith(TAMPERED)
