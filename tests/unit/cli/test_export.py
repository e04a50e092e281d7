"""The history, written out."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.__main__ import parse
from bot.cli.export import (
    COLUMNS,
    HOST_COLUMNS,
    PERMISSION_COLUMNS,
    SDK_COLUMNS,
    VERDICT_COLUMNS,
    ExportKind,
    _cell,
    export,
)
from bot.core.scan import Share, Source, State
from bot.features.compliance.rules import Rule, judge_by
from bot.features.hosts.models import HostsFound, UrlCategories
from bot.features.results.models import AppScan, OneTrustScanStatus, Permission, Results, Sdk
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from tests.fakes import APP_ID, HeldClock, a_share
from tests.unit.features.results.samples import CAMERA, FIREBASE, a_completed_scan
from tests.unit.features.scenes import a_scan


@pytest.fixture
async def path(tmp_path):
    """A history of three scans, one of them odd."""
    database = await open_database(tmp_path / "appscan.db")
    store = Repositories(database, HeldClock())
    await a_scan(store, State.SUBMITTED)
    odd = a_share("F2", name="=cmd|'/C calc'!A0, \"quoted\"\nand a line 😀.ipa", by="@someone")
    await a_scan(store, State.REJECTED, odd)
    await a_scan(
        store, State.FAILED, Share(file_name="ci.apk", occasion="shell"), source=Source.SHELL, app_id=APP_ID
    )
    await database.close()
    return tmp_path / "appscan.db"


async def written(path, form, what=ExportKind.SCANS):
    out = io.StringIO(newline="")
    assert await export(path, form, out, what) == 0
    return out.getvalue()


async def test_json_holds_each_scan_and_its_timeline(path):
    scans = json.loads(await written(path, "json"))

    assert [scan["number"] for scan in scans] == [1, 2, 3]
    first = scans[0]
    assert set(first) == {*COLUMNS, "timeline", "breaches"}
    assert (first["state"], first["request_id"], first["http_status"]) == ("submitted", "request-1", 202)
    assert (first["created_at"], first["attempts"]) == ("2026-09-21T14:13:20+00:00", 1)
    assert [line["after"] for line in first["timeline"]] == [
        "received",
        "pulling",
        "checking",
        "submitting",
        "submitted",
    ]
    assert first["timeline"][0]["at"] == first["created_at"]
    assert scans[1]["file_name"].startswith("=cmd")
    assert (scans[2]["source"], scans[2]["channel"], scans[2]["app_id"]) == ("shell", None, APP_ID)


async def test_json_holds_what_breaks_the_policy_and_who_acknowledged_it(path):
    database = await open_database(path)
    store = Repositories(database, HeldClock())
    found = Results(
        scan=AppScan(id="scan-1", status=OneTrustScanStatus.COMPLETED),
        sdk_count=1,
        sdks=(Sdk(package_id="com.ads", name="Ads", category="Targeting"),),
    )
    await store.results.keep(1, found, judge_by([Rule(name="No ads", no_sdks=("Ads",))]))
    await store.violations.acknowledge(1, who="UDANA", reason="agreed")
    await database.close()

    scans = json.loads(await written(path, "json"))

    assert [scan["breaches"] for scan in scans[1:]] == [[], []]
    assert scans[0]["breaches"] == [
        {
            "rule": "No ads",
            "found": [{"what": "sdk", "name": "Ads", "category": "Targeting", "count": 1}],
            "more": 0,
            "acknowledged_by": "UDANA",
            "acknowledged_at": "2026-09-21T14:13:20+00:00",
            "reason": "agreed",
        }
    ]


async def test_csv_holds_the_same_and_no_spreadsheet_runs_it(path):
    text = await written(path, "csv")

    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    assert rows[1]["file_name"].startswith("'=cmd")
    assert rows[1]["file_name"].endswith('"quoted"\nand a line 😀.ipa')
    assert rows[1]["shared_by"] == "'@someone"
    assert rows[2]["channel"] == ""
    assert not any(
        value.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for value in row.values()
    )


@pytest.mark.parametrize(("form", "expected"), [("json", []), ("csv", [",".join(COLUMNS)])])
async def test_an_empty_history_is_a_whole_file(tmp_path, form, expected):
    await (await open_database(tmp_path / "appscan.db")).close()

    text = await written(tmp_path / "appscan.db", form)

    assert (json.loads(text) if form == "json" else text.splitlines()) == expected


async def test_a_long_history_is_written_whole(tmp_path):
    database = await open_database(tmp_path / "appscan.db")

    def fill(db):
        for number in range(1201):
            db.execute(
                "INSERT INTO scans (state, source, created_at, updated_at, file_name) "
                "VALUES ('received', 'slack', 1, 1, ?)",
                [f"{number}.apk"],
            )
        db.execute(
            "INSERT INTO submissions (scan, scanner, state) SELECT number, 'onetrust', 'pending' FROM scans"
        )

    await database.write(fill)
    await database.close()

    rows = list(csv.DictReader(io.StringIO(await written(tmp_path / "appscan.db", "csv"))))
    assert [row["number"] for row in rows] == [str(number) for number in range(1, 1202)]


async def test_it_may_be_written_while_the_bot_runs(path):
    database = await open_database(path)
    try:
        await Repositories(database, HeldClock()).scans.record(a_share("F9"))
        assert len(json.loads(await written(path, "json"))) == 4
    finally:
        await database.close()


FORMULAS = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1", "\u200b=1", "\ufeff=1"),
    *("\u00a0=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)", "\u22121", "x;=1", "x; =1", "x\t=1"),
    *(
        "x\n=1",
        "x\r\n@1",
        'x";"=1',
        "x|=1",
        "=cmd|'/C calc'!A0",
        '=HYPERLINK("https://evil.example")',
        "%0A=1",
    ),
    "-2+3+cmd|' /C calc'!A0",
]
TAKEN_FOR_ONE = re.compile(r"[\s\"\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]")


def cells(value, delimiter):
    """What a spreadsheet makes of a row with this value, whatever it takes for the separator."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow([1, _cell(value), "end"])
    return [
        cell
        for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter)
        for cell in row
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@given(value=st.lists(st.sampled_from(FORMULAS) | st.text(max_size=3), min_size=1, max_size=4).map("".join))
def test_no_cell_begins_as_a_formula(value, delimiter):
    assert not [cell for cell in cells(value, delimiter) if TAKEN_FOR_ONE.match(cell)]


@pytest.mark.parametrize("value", FORMULAS)
def test_each_known_formula_is_made_text(value):
    assert not [cell for cell in cells(value, ",") if TAKEN_FOR_ONE.match(cell)]


@pytest.mark.parametrize("value", ["shop-4.2.0.apk", "a=b", "Shop; 2nd - try", "a@b", "", None, 7])
def test_other_cells_stay_as_they_are(value):
    assert _cell(value) == value


@pytest.fixture
async def found(path):
    """A history in which two builds were scanned, and what one of them found is odd."""
    database = await open_database(path)
    store = Repositories(database, HeldClock())
    evil = Sdk(package_id="com.evil", name="=cmd|'/C calc'!A0", category="@SUM(A1)", vendor=None)
    await a_completed_scan(store, a_share("F8"), FIREBASE, evil, version="4.1.0")
    asked = CAMERA, Permission(name="-INTERNET"), Permission(name="MICROPHONE", sensitivity="Sensitive")
    await a_completed_scan(store, a_share("F9"), permissions=asked, version="4.2.0")
    await database.close()
    return path


async def test_a_scan_is_written_with_what_came_of_it(found):
    scans = json.loads(await written(found, "json"))

    done, unknown = scans[3], scans[1]
    assert (done["result"], done["onetrust_status"], done["sdk_count"]) == ("completed", "COMPLETED", 2)
    assert (done["result_at"], done["engine_version"]) == ("2026-09-21T14:13:20+00:00", "7.1")
    assert (scans[4]["permission_count"], scans[4]["high_risk_count"]) == (3, 2)
    assert (done["breach_count"], done["open_breach_count"]) == (0, 0)
    assert (unknown["result"], unknown["sdk_count"]) == (None, None)


async def test_each_sdk_of_each_scan_is_a_row_and_no_spreadsheet_runs_it(found):
    text = await written(found, "csv", ExportKind.SDKS)

    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == SDK_COLUMNS
    assert [(row["number"], row["version"], row["package_id"]) for row in rows] == [
        ("4", "4.1.0", FIREBASE.package_id),
        ("4", "4.1.0", "com.evil"),
    ]
    assert (rows[0]["name"], rows[0]["sdk"], rows[0]["vendor"]) == ("Shop", FIREBASE.name, "Google")
    assert (rows[1]["sdk"], rows[1]["category"]) == ("'=cmd|'/C calc'!A0", "'@SUM(A1)")


async def test_each_permission_of_each_scan_is_a_row(found):
    rows = json.loads(await written(found, "json", ExportKind.PERMISSIONS))

    assert set(rows[0]) == set(PERMISSION_COLUMNS)
    assert [(row["number"], row["permission"], row["high_risk"]) for row in rows] == [
        (5, "CAMERA", True),
        (5, "-INTERNET", False),
        (5, "MICROPHONE", True),
    ]
    assert "'-INTERNET" in await written(found, "csv", ExportKind.PERMISSIONS)


async def judged(path):
    """Let a build name three hosts, of which one is not looked up and one is bad, and be malicious."""
    database = await open_database(path)
    store = Repositories(database, HeldClock())
    await store.hosts.found(1, HostsFound(hosts=("a.example", "-b.example", "c.example")))
    bad = UrlCategories(url="-b.example", categories=("WEB", "CDN"), alerts=("=MALWARE",))
    await store.hosts.looked_up(1, [bad, UrlCategories(url="a.example")])

    def known(db):
        db.execute(
            "INSERT OR REPLACE INTO opinions "
            "(scan, scanner, state, begun_at, threat, score, ended_at, known_from) "
            "VALUES (1, 'zscaler', 'known', 0, 'MALICIOUS', 97, 1790000000, 2)"
        )
        db.execute(
            "INSERT OR REPLACE INTO submissions (scan, scanner, state, request_id) "
            "VALUES (1, 'zscaler', 'known', ?)",
            ["0f" * 16],
        )

    await database.write(known)
    await database.close()


async def test_each_host_of_each_scan_is_a_row_and_no_spreadsheet_runs_it(path):
    await judged(path)

    rows = list(csv.DictReader(io.StringIO(await written(path, "csv", ExportKind.HOSTS), newline="")))

    assert tuple(rows[0]) == HOST_COLUMNS
    assert [tuple(row.values())[-4:] for row in rows] == [
        ("'-b.example", "True", "WEB, CDN", "'=MALWARE"),
        ("a.example", "True", "", ""),
        ("c.example", "False", "", ""),
    ]
    assert json.loads(await written(path, "json", ExportKind.HOSTS))[0]["categories"] == ["WEB", "CDN"]


async def test_each_verdict_is_a_row(path):
    await judged(path)

    (row,) = json.loads(await written(path, "json", ExportKind.VERDICTS))

    assert set(row) == set(VERDICT_COLUMNS)
    assert (row["number"], row["opinion"], row["verdict"], row["score"]) == (1, "known", "MALICIOUS", 97)
    assert (row["is_instant"], row["verdict_at"]) == (False, "2026-09-21T14:13:20+00:00")
    assert (row["md5"], row["known_from"]) == ("0f" * 16, 2)


async def test_a_verdict_changes_nothing_in_the_export_of_scans(path):
    before = await written(path, "csv")

    await judged(path)

    assert await written(path, "csv") == before


def test_help_tells_of_what_zscaler_adds_where_anything_of_it_is_set(capsys):
    told = []
    for environ in ({}, {"ZSCALER_APPTOTAL_KEY": "key"}):
        with pytest.raises(SystemExit):
            parse(["export", "--help"], environ)
        told.append(capsys.readouterr().out)
    without, with_zscaler = told
    assert "Zscaler" not in without
    assert "--hosts" not in without
    assert "--verdicts" in with_zscaler
    assert "a row for each scan and host" in with_zscaler
