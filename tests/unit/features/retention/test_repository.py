"""Purging and forgetting: what goes, what stays, and that nothing of it can be read from the files."""

import io
import sqlite3
from dataclasses import replace

import pytest

from bot.cli.forget import forget
from bot.core.people import Viewer
from bot.core.scan import FORGOTTEN, OPEN, ChannelKind, Platform, Question, State
from bot.errors import StoreUnavailable
from bot.features.compliance import repository
from bot.features.compliance.rules import Rule, judge_by
from bot.features.results.models import AppScan, OneTrustScanStatus, Results
from bot.features.retention.repository import BATCH, PrivacyRepository
from bot.features.submission.decision import decide
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from tests.fakes import APP_ID, SHOP, HeldClock, a_share
from tests.unit.features.scenes import a_scan

DAY_S = 86_400.0


@pytest.fixture
def privacy(database, clock):
    return PrivacyRepository(database, clock)


async def numbers(database):
    return await database.read(lambda db: [row["number"] for row in db.query("SELECT number FROM scans")])


async def bring_to_decision(store, share):
    """Bring one more build of the shop to the decision what it becomes."""
    scan = await a_scan(store, State.CHECKING, share)
    return await store.scans.decide(scan.number, SHOP, SHOP.name, decide)


@pytest.mark.parametrize("state", list(State))
async def test_what_is_old_goes_and_what_moves_by_itself_stays(store, database, clock, privacy, state):
    old = await a_scan(store, state, a_share("F1"))
    clock.advance(2 * DAY_S)
    young = await a_scan(store, State.SUBMITTED, a_share("F2"))

    purged = await privacy.purge(clock.now() - DAY_S)

    stays = state in OPEN | {State.WAITING}
    assert purged == (0 if stays else 1)
    assert await numbers(database) == [*([old.number] if stays else []), young.number]
    left = await database.read(
        lambda db: [{row["scan"] for row in db[table].rows} for table in ("events", "submissions")]
    )
    assert all(len(scans) == (2 if stays else 1) for scans in left)


async def test_a_purged_app_is_asked_about_and_not_sent_as_new_again(store, clock, privacy):
    await a_scan(store, State.SUBMITTED, a_share("F1"))
    clock.advance(2 * DAY_S)
    assert await privacy.purge(clock.now() - DAY_S) == 1

    again = await bring_to_decision(store, a_share("F2"))

    assert (again.state, again.question, again.original) == (State.ASKING, Question.SEEN_BEFORE, None)


async def test_a_purged_app_that_is_linked_is_rescanned(store, clock, privacy):
    await a_scan(store, State.SUBMITTED, a_share("F1"))
    await store.links.put(SHOP.bundle_id, SHOP.platform, APP_ID, who="UDANA", replace=True)
    clock.advance(2 * DAY_S)
    await privacy.purge(clock.now() - DAY_S)

    again = await bring_to_decision(store, a_share("F2"))

    assert (again.state, again.app_id) == (State.SUBMITTING, APP_ID)
    link = await store.links.of_build(SHOP.bundle_id, SHOP.platform)
    assert link.linked_by == FORGOTTEN


async def test_an_app_of_which_nothing_was_ever_sent_is_new_after_a_purge(store, clock, privacy):
    await a_scan(store, State.FAILED, a_share("F1"))
    clock.advance(2 * DAY_S)
    assert await privacy.purge(clock.now() - DAY_S) == 1

    assert (await bring_to_decision(store, a_share("F2"))).state is State.SUBMITTING


async def test_what_leads_to_a_purged_scan_leads_nowhere(store, clock, privacy):
    first = await a_scan(store, State.SUBMITTED, a_share("F1"), body="same", app_id=APP_ID)
    request = await store.requests.create(
        app_id=APP_ID, channel="C1", channel_kind=ChannelKind.PUBLIC, asked_by="UDANA", wait_s=9 * DAY_S,
        latest=first.number,
    )  # fmt: skip
    clock.advance(2 * DAY_S)
    copy = await a_scan(store, State.CHECKING, a_share("F2"), body="same")
    copy = await store.scans.decide(copy.number, SHOP, SHOP.name, decide)
    assert (copy.state, copy.original) == (State.DUPLICATE, first.number)

    await privacy.purge(clock.now() - DAY_S)

    assert (await store.scans.scan(copy.number)).original is None
    assert (await store.requests.request(request.number)).latest is None


async def test_a_purge_takes_as_many_transactions_as_it_needs(store, database, clock, privacy):
    count = BATCH + 3
    for place in range(count):
        await a_scan(store, State.CANCELLED, a_share(f"F{place}"))
    clock.advance(2 * DAY_S)

    assert await privacy.purge(clock.now() - DAY_S) == count
    assert await numbers(database) == []


async def test_the_link_of_a_purged_private_app_is_not_shown_to_all(store, clock, privacy):
    kinds = {"com.example.open": ChannelKind.PUBLIC, "com.example.secret": ChannelKind.PRIVATE}
    for place, (bundle_id, kind) in enumerate(kinds.items()):
        share = a_share(f"F{place}", channel=f"C{place}", channel_kind=kind)
        await a_scan(store, State.SUBMITTED, share, build=replace(SHOP, bundle_id=bundle_id))
        await store.links.put(bundle_id, Platform.ANDROID, APP_ID, who=None, replace=True)
    clock.advance(2 * DAY_S)
    assert await privacy.purge(clock.now() - DAY_S) == 2

    rows = await store.history.apps(Viewer(user="UANYBODY"), limit=10, offset=0)

    assert [row.bundle_id for row in rows] == ["com.example.open"]


async def test_nothing_of_a_forgotten_person_can_be_read_from_the_files(tmp_path):
    path, clock = tmp_path / "appscan.db", HeldClock()
    database = await open_database(path)
    store = Repositories(database, clock)
    mine = await a_scan(
        store, State.ASKING, a_share("F1", by="UFORGETME", comment="private words of mine"), app_id=None
    )
    await store.scans.cancel(mine.number, why="Cancelled.", who="UFORGETME")
    other = await a_scan(store, State.SUBMITTED, a_share("F2", by="UBEN", comment="thanks <@UFORGETME|fay>!"))
    await store.links.put(SHOP.bundle_id, SHOP.platform, APP_ID, who="UFORGETME", replace=True)
    await store.requests.create(
        app_id=APP_ID, channel="C1", channel_kind=ChannelKind.PUBLIC, asked_by="UFORGETME", wait_s=9.0,
        latest=None,
    )  # fmt: skip
    found = Results(
        scan=AppScan(id="scan-1", status=OneTrustScanStatus.COMPLETED), sdk_count=0, high_risk_count=1
    )
    rule = Rule(name="No risk", high_risk_permissions_allowed=(), tell=("UFORGETME", "UBEN"))
    await store.results.keep(other.number, found, judge_by([rule]))
    (breach,) = await database.read(lambda db: repository.read(db, other.number))
    await store.violations.acknowledge(breach.number, who="UFORGETME", reason="private words too")
    out = io.StringIO()

    assert await forget(path, "UFORGETME", out) == 0

    assert "removed from 1 scan and" in out.getvalue()
    scan, theirs = await store.scans.scan(mine.number), await store.scans.scan(other.number)
    assert (scan.shared_by, scan.comment, scan.state) == (FORGOTTEN, "", State.CANCELLED)
    assert (theirs.shared_by, theirs.comment) == ("UBEN", "thanks someone!")
    assert [event.who for event in await store.scans.events(mine.number)] == [
        FORGOTTEN,
        None,
        None,
        None,
        FORGOTTEN,
    ]
    assert (await store.violations.violation(breach.number)).tell == ("UBEN",)
    await database.close()
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert b"UFORGETME" not in content, file.name
        assert b"private words" not in content, file.name


async def test_nothing_of_a_purged_scan_can_be_read_from_the_files(store, database, clock, privacy):
    build = replace(SHOP, display_name="Zweifelsohne")
    await a_scan(store, State.SUBMITTED, a_share("F1", name="geheim.apk"), build=build)
    clock.advance(2 * DAY_S)

    await privacy.purge(clock.now() - DAY_S)

    for file in database.path.parent.iterdir():
        content = file.read_bytes().lower()
        assert b"zweifelsohne" not in content, file.name
        assert b"geheim" not in content, file.name


@pytest.mark.parametrize("word", ["", "dana", "@dana", "<@UDANA>", "UDANA; DROP TABLE scans", "u0123abc"])
async def test_what_is_no_user_id_is_told_as_such(tmp_path, word):
    out = io.StringIO()

    assert await forget(tmp_path / "appscan.db", word, out) == 2

    assert "not a user ID" in out.getvalue()
    assert list(tmp_path.iterdir()) == []


async def test_a_purge_waits_for_whoever_writes(store, database, clock, privacy):
    await a_scan(store, State.SUBMITTED, a_share("F1"))
    clock.advance(2 * DAY_S)
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await database.read(lambda db: db.execute("PRAGMA busy_timeout = 1"))

    with pytest.raises(StoreUnavailable, match="locked"):
        await privacy.purge(clock.now() - DAY_S)

    other.rollback()
    other.close()
    assert await privacy.purge(clock.now() - DAY_S) == 1


async def test_forgetting_somebody_who_is_nowhere_says_so(tmp_path):
    database = await open_database(tmp_path / "appscan.db")
    await a_scan(Repositories(database, HeldClock()), State.SUBMITTED, a_share("F1", by="UBEN"))
    await database.close()
    out = io.StringIO()

    assert await forget(tmp_path / "appscan.db", "UNOBODY", out) == 1

    assert "UNOBODY is not in the database" in out.getvalue()
