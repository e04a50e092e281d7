"""Following submitted scans: which are followed, when each is due, what was found, and whose it is."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.scan import ChannelKind, Platform, State, SubmissionState
from bot.features.results import rows_repository
from bot.features.results.models import (
    AppScan,
    DataType,
    OneTrustScanStatus,
    Permission,
    PrivacyManifest,
    Results,
    ResultState,
    Sdk,
)
from bot.features.retention.repository import PrivacyRepository
from bot.storage import restore_guard
from tests.fakes import APP_ID, OTHER_APP_ID, SHOP, SHOP_IOS, a_share
from tests.unit.features.scenes import a_scan

FOUND = Results(
    scan=AppScan(
        id="scan-1", status=OneTrustScanStatus.COMPLETED, scanned_at=1_790_000_100.0, version="4.2.0"
    ),
    sdk_count=1,
    sdk_categories={"Targeting": 1},
    sdks=(Sdk(package_id="com.ads", name="Ads", category="Targeting"),),
)


async def test_a_submitted_scan_is_followed_and_first_looked_for_after_a_rest(store, clock):
    scan = await a_scan(store, State.SUBMITTED)

    assert await store.results.due(10, first_delay_s=30) == []
    assert await store.results.next_due_at(first_delay_s=30) == clock.now() + 30
    clock.advance(30)
    (due,) = await store.results.due(10, first_delay_s=30)
    assert (due.scan, due.followed.state, due.followed.since) == (scan, ResultState.FINDING, scan.updated_at)
    assert await store.results.waiting() == 1


async def test_a_scan_whose_id_came_with_the_receipt_is_found_already(store):
    scan = await a_scan(store, State.SUBMITTING)
    await store.scans.move(
        scan.number,
        State.SUBMITTED,
        why="scan ID",
        submission={"state": SubmissionState.ACCEPTED, "scan_id": "scan-1", "application_id": APP_ID},
    )

    assert (await store.results.followed(scan.number)).state is ResultState.RUNNING


@pytest.mark.parametrize("state", sorted(set(State) - {State.SUBMITTED, State.UNCERTAIN}))
async def test_what_was_not_submitted_is_not_followed(store, state):
    scan = await a_scan(store, state)

    assert await store.results.followed(scan.number) is None
    assert await store.results.next_due_at() is None


async def test_an_uncertain_scan_is_followed_since_its_bytes_went_until_it_is_sent_again(store, clock):
    sent = await a_scan(store, State.SUBMITTING)
    clock.advance(7200)  # as after a restart
    await store.scans.move(sent.number, State.UNCERTAIN, why="no answer")
    assert (await store.results.followed(sent.number)).since == sent.updated_at

    await store.scans.move(sent.number, State.RECEIVED, why="submit again", who="UDANA")

    assert await store.results.followed(sent.number) is None


async def test_an_uncertain_scan_that_is_found_is_submitted_and_followed_on(store, clock):
    scan = await a_scan(store, State.UNCERTAIN)
    await store.results.update(scan.number, looks=3, looked_for="there is no such app", looked_at=clock.now())

    settled = (await store.results.matched(scan.number, APP_ID, "scan-1", lambda _: True)).scan

    assert (settled.state, settled.submission.state) == (State.SUBMITTED, SubmissionState.ACCEPTED)
    assert (settled.submission.scan_id, settled.submission.application_id) == ("scan-1", APP_ID)
    followed = await store.results.followed(scan.number)
    assert (followed.state, followed.looked_for, followed.looks) == (ResultState.RUNNING, "", 0)
    assert await store.results.matched(scan.number, APP_ID, "scan-1", lambda _: True) is None
    assert [event.why for event in await store.scans.events(scan.number)][-1] == (
        "found in OneTrust: scan ID scan-1"
    )


async def test_no_scan_in_onetrust_is_given_to_two(store):
    one = await a_scan(store, State.SUBMITTED, a_share("F1"))
    other = await a_scan(store, State.SUBMITTED, a_share("F2"))
    unsure = await a_scan(store, State.UNCERTAIN, a_share("F3"))

    assert await store.results.matched(one.number, APP_ID, "scan-1", lambda _: True)

    assert not await store.results.matched(other.number, APP_ID, "scan-1", lambda _: True)
    assert await store.results.matched(unsure.number, APP_ID, "scan-1", lambda _: True) is None
    assert await store.results.taken(["scan-1", "scan-2"]) == {"scan-1"}
    assert (await store.scans.scan(other.number)).submission.scan_id is None
    assert (await store.scans.scan(unsure.number)).state is State.UNCERTAIN


async def test_what_a_reply_shows_makes_it_stale_and_what_it_does_not_does_not(store, clock):
    scan = await a_scan(store, State.SUBMITTED)

    await store.results.update(scan.number, looks=1, due_at=clock.now() + 45)
    assert (await store.scans.scan(scan.number)).revision == scan.revision

    await store.results.update(scan.number, status=OneTrustScanStatus.PROGRESS, why="OneTrust is at it")
    assert (await store.scans.scan(scan.number)).revision == scan.revision + 1
    assert [event.why for event in await store.scans.events(scan.number)][-1] == "OneTrust is at it"


_words = st.text(max_size=8).map(lambda text: text.encode(errors="ignore").decode())
_maybe = st.none() | _words
_counts = st.integers(0, 10**6)
_results = st.builds(
    Results,
    scan=st.builds(
        AppScan,
        id=st.just("scan-1"),
        status=st.just(OneTrustScanStatus.COMPLETED),
        scanned_at=st.none() | st.floats(0, 2e9),
        version=_maybe,
        engine_version=_maybe,
    ),
    sdk_count=_counts,
    sdk_categories=st.dictionaries(_words, _counts, max_size=3),
    permission_count=_counts,
    high_risk_count=_counts,
    permission_categories=st.dictionaries(_words, _counts, max_size=3),
    sdks=st.lists(st.builds(Sdk, package_id=_words, name=_words, vendor=_maybe), max_size=3).map(tuple),
    permissions=st.lists(
        st.builds(Permission, name=_words, category=_maybe, sensitivity=_maybe), max_size=3
    ).map(tuple),
    privacy_manifest=st.none()
    | st.builds(
        PrivacyManifest,
        total=_counts,
        aligned=_counts,
        mismatched=_counts,
        missing=_counts,
        data_types=st.lists(
            st.builds(DataType, name=_words, sdk_count=_counts, purposes=st.tuples(_words)), max_size=2
        ).map(tuple),
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(results=_results)
async def test_results_are_read_as_they_were_kept(store, database, results):
    share = a_share(ts=f"1790000000.{abs(hash(results.scan)) % 10**6:06d}", file_id=f"F{id(results)}")
    scan = await a_scan(store, State.SUBMITTED, share)
    await store.results.matched(scan.number, APP_ID, "scan-1", lambda _: True)
    try:
        await store.results.keep(scan.number, results)
        assert (await store.results.followed(scan.number)).state is ResultState.COMPLETED
        assert await store.results.of(scan.number) == results
    finally:  # the next example's scan has the same ID
        await database.write(lambda db: db.execute("DELETE FROM scans WHERE number = ?", [scan.number]))


async def completed(store, share, build=SHOP):
    scan = await a_scan(store, State.SUBMITTED, share, build=build)
    await store.results.matched(scan.number, APP_ID, f"scan-{scan.number}", lambda _: True)
    await store.results.keep(scan.number, FOUND)
    return scan


async def test_a_completed_scan_is_told_and_followed_no_more(store, clock):
    scan = await completed(store, a_share())

    assert await store.results.next_due_at() is None
    assert (await store.results.followed(scan.number)).ended_at == clock.now()
    assert (await store.scans.scan(scan.number)).revision > scan.revision
    assert [event.why for event in await store.scans.events(scan.number)][-1] == (
        "OneTrust completed its scan: 1 SDK"
    )


async def test_the_scan_before_is_of_the_same_app_and_open_to_the_same_readers(database, store, clock):
    async def before(number):
        scan = await store.scans.scan(number)
        return await database.read(lambda db: rows_repository.before(db, scan, clock.now()))

    first = await completed(store, a_share("F1"))
    clock.advance(10)
    await completed(store, a_share("F2"), SHOP_IOS)
    clock.advance(10)
    secret = await completed(store, a_share("F3", channel="C2", channel_kind=ChannelKind.PRIVATE))
    clock.advance(10)
    await a_scan(store, State.SUBMITTED, a_share("F4"))  # not completed
    clock.advance(10)
    last = await completed(store, a_share("F5"))
    clock.advance(10)
    hidden = await a_scan(
        store, State.SUBMITTED, a_share("F6", channel="C2", channel_kind=ChannelKind.PRIVATE)
    )

    known, results = await before(last.number)
    assert known.number == first.number
    assert results.sdks == FOUND.sdks
    assert await before(first.number) is None
    assert (await before(secret.number))[0].number == first.number
    assert (await before(hidden.number))[0].number == last.number


async def test_each_end_is_announced_until_it_surely_was(store):
    scan = await completed(store, a_share("F1"))
    failed = await a_scan(store, State.SUBMITTED, a_share("F2"))
    await store.results.update(failed.number, state=ResultState.FAILED, ended_at=1.0)
    lost = await a_scan(store, State.SUBMITTED, a_share("F3"))
    await store.results.update(lost.number, state=ResultState.LOST, ended_at=1.0)
    assert await store.results.to_announce() == [failed.number, scan.number]

    await store.results.set_announced(failed.number, "")
    assert (await store.results.followed(failed.number)).announced_ts == ""
    assert await store.results.to_announce() == [failed.number, scan.number]
    await store.results.set_announced(failed.number, "1790000000.000200")

    assert await store.results.to_announce() == [scan.number]


async def test_rivals_are_scans_of_an_application_that_are_not_told_apart(store):
    one = await a_scan(store, State.SUBMITTED, a_share("F1"), app_id=APP_ID)
    unsure = await a_scan(store, State.UNCERTAIN, a_share("F2"), app_id=APP_ID.upper())
    await a_scan(store, State.SUBMITTED, a_share("F3"), app_id=OTHER_APP_ID)
    known = await a_scan(store, State.SUBMITTED, a_share("F4"), app_id=APP_ID)
    await store.results.matched(known.number, APP_ID, "scan-1", lambda _: True)
    new = await a_scan(store, State.SUBMITTED, a_share("F5"))

    assert [poll.number for poll in await store.results.competing_submissions(APP_ID)] == [
        one.number,
        unsure.number,
    ]
    assert [poll.number for poll in await store.results.unmatched_new_apps("Shop", Platform.ANDROID)] == [
        new.number
    ]
    followed = await store.results.followed(new.number)
    for since, count in ((followed.since, 1), (followed.since + 1, 0)):  # of years of builds, the last days'
        assert len(await store.results.unmatched_new_apps("Shop", Platform.ANDROID, since)) == count


async def test_applications_of_others_are_told(store):
    scan = await a_scan(store, State.SUBMITTED, a_share("F1"))
    rescanned = await a_scan(store, State.SUBMITTED, a_share("F2"), app_id="rescanned")
    made = await a_scan(store, State.SUBMITTED, a_share("F3"))
    await store.results.matched(made.number, "made", "scan-1", lambda _: True)
    await store.links.put("com.example.other", Platform.ANDROID, "linked", who=None, replace=True)
    await store.links.put(SHOP.bundle_id, Platform.ANDROID, "own", who=None, replace=True)

    ids = ["rescanned", "made", "linked", "own", "nobody's"]
    assert await store.results.others(ids, scan) == {"rescanned", "made", "linked"}
    assert await store.results.others(ids, rescanned) == {"made", "linked"}


async def test_a_purge_takes_all_that_was_found_along(store, database, clock):
    scan = await a_scan(store, State.SUBMITTED, a_share("F1"))
    await store.results.matched(scan.number, APP_ID, "scan-1", lambda _: True)
    manifest = PrivacyManifest(total=1, aligned=1, mismatched=0, missing=0, data_types=(DataType(name="X"),))
    whole = Results(
        **{**vars(FOUND), "permissions": (Permission(name="CAMERA"),), "privacy_manifest": manifest}
    )
    await store.results.keep(scan.number, whole)
    clock.advance(86_400)

    assert await PrivacyRepository(database, clock).purge(clock.now() - 1) == 1

    tables = ("results", "sdks", "permissions", "data_types")
    assert await database.read(lambda db: [db[table].count for table in tables]) == [0, 0, 0, 0]


async def test_what_a_backup_may_have_missed_is_looked_for_since_it_was_last_seen(store, database, clock):
    scan = await a_scan(store, State.SUBMITTING)
    await database.write(lambda db: db.execute(f"PRAGMA user_version = {restore_guard.MARK}"))
    clock.advance(86_400)

    assert await restore_guard.settle(database, clock) == [scan.number]

    followed = await store.results.followed(scan.number)
    assert (followed.state, followed.since) == (ResultState.FINDING, scan.updated_at)
    assert followed.followed_at == clock.now()
