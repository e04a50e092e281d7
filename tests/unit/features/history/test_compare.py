"""What people ask of what scans found, within what they may see."""

from dataclasses import replace

import pytest

from bot.core.people import Person
from bot.core.scan import ChannelKind, Platform, State
from bot.errors import NotAllowed, NotFound, UsageError
from bot.features.history.compare import APPS_A_PAGE, IN_PROGRESS_LIMIT, Comparison, Comparisons, SeveralApps
from bot.features.history.sdk_views import sdk
from bot.features.results.models import ResultState
from tests.fakes import APP_ID, SHOP, SHOP_IOS, a_share
from tests.unit.features.results.samples import ADJUST, CAMERA, FIREBASE, a_completed_scan
from tests.unit.features.scenes import a_scan

SHOP_ID = "com.example.shop"
BANK = replace(SHOP, bundle_id="com.example.bank", display_name="The Bank")
PRIVATE = {"channel": "G1", "channel_kind": ChannelKind.PRIVATE}


def an_inquiry(bench, *, reads, unread=False):
    return Comparisons(
        store=bench.store,
        access=bench.policy,
        reads=lambda: reads,
        unread=lambda: unread,
    )


@pytest.fixture
def comparisons(bench):
    bench.workspace.private["UIN"] = frozenset({"G1"})
    return an_inquiry(bench, reads=True)


async def a_build(bench, file_id, *sdks, **more):
    share = more.pop("share", {})
    scan = await a_completed_scan(bench.store, a_share(file_id, **share), *sdks, **more)
    bench.clock.advance(60)
    return scan.number


def the_numbers(comparison):
    assert isinstance(comparison, Comparison)
    return comparison.before.number, comparison.after.number


class TestDiff:
    async def test_without_a_version_the_last_two_completed_scans_are_compared(self, bench, comparisons):
        await a_build(bench, "F1", version="4.0")
        two = await a_build(bench, "F2", FIREBASE, version="4.1")
        three = await a_build(bench, "F3", FIREBASE, ADJUST, version="4.2", permissions=(CAMERA,))
        await a_scan(bench.store, State.SUBMITTED, a_share("F4"))

        for app in (SHOP_ID, SHOP_ID.upper(), "shop", '"Shop"', f"{SHOP_ID} android"):
            compared = await comparisons.diff("UBEN", "C1", app)
            assert the_numbers(compared) == (two, three)
            assert compared.changes.sdks_added == (ADJUST,)
            assert compared.changes.permissions_added == (CAMERA,)

    async def test_versions_say_which(self, bench, comparisons):
        one = await a_build(bench, "F1", version="4.0")
        two = await a_build(bench, "F2", FIREBASE, version="4.1")
        three = await a_build(bench, "F3", version="4.2")

        for typed, numbers in (
            ("4.0", (one, three)),
            ("4.0 4.1", (one, two)),
            ("4.1 4.0", (two, one)),
            (f"#{one} #{two}", (one, two)),
        ):
            assert the_numbers(await comparisons.diff("UBEN", "C1", f"{SHOP_ID} {typed}")) == numbers
        assert the_numbers(await comparisons.diff("UBEN", "C1", f"{SHOP_ID} Android 4.0 4.1")) == (one, two)

    async def test_of_a_version_that_was_scanned_twice_it_is_the_last_scan_and_that_is_said(
        self, bench, comparisons
    ):
        await a_build(bench, "F1", version="4.0")
        again = await a_build(bench, "F2", FIREBASE, version="4.0")
        new = await a_build(bench, "F3", version="4.1")

        compared = await comparisons.diff("UBEN", "C1", f"{SHOP_ID} 4.0 4.1")

        assert the_numbers(compared) == (again, new)
        assert [scan.number for scan in compared.newest_of_several] == [again]

    async def test_a_scans_number_means_that_scan_and_the_one_before(self, bench, comparisons):
        one = await a_build(bench, "F1", version="4.0")
        two = await a_build(bench, "F2", version="4.1")
        await a_build(bench, "F3", version="4.2")

        for typed in (f"#{two}", str(two)):
            assert the_numbers(await comparisons.diff("UBEN", "C1", typed)) == (one, two)
        with pytest.raises(NotFound, match="the first completed one"):
            await comparisons.diff("UBEN", "C1", f"#{one}")

    async def test_where_several_apps_fit_they_are_named(self, bench, comparisons):
        for place, build in enumerate([SHOP, SHOP_IOS, BANK] * 2):
            await a_build(bench, f"F{place}", build=build, version=f"{place}")

        both = await comparisons.diff("UBEN", "C1", f"{SHOP_ID} 1 4")
        assert isinstance(both, SeveralApps)
        assert [(app.bundle_id, app.platform) for app in both.apps] == [
            (SHOP_ID, Platform.IOS),
            (SHOP_ID, Platform.ANDROID),
        ]
        assert both.rest == "1 4"
        assert the_numbers(await comparisons.diff("UBEN", "C1", f"{SHOP_ID} ios 1 4")) == (2, 5)
        named = await comparisons.diff("UBEN", "C1", "com.example")
        assert isinstance(named, SeveralApps)
        assert len(named.apps) == 3
        assert the_numbers(await comparisons.diff("UBEN", "C1", '"the bank"')) == (3, 6)

    async def test_an_app_without_results_is_not_meant_where_another_has_some(self, bench, comparisons):
        await a_build(bench, "F1", version="4.0")
        await a_build(bench, "F2", version="4.1")
        await a_scan(bench.store, State.SUBMITTED, a_share("F3"), build=SHOP_IOS)

        assert the_numbers(await comparisons.diff("UBEN", "C1", SHOP_ID)) == (1, 2)

    async def test_an_app_id_means_the_app_that_is_linked_to_it(self, bench, comparisons):
        await bench.store.links.put(SHOP_ID, Platform.ANDROID, APP_ID, who=None, replace=True)
        await a_build(bench, "F1", version="4.0")
        await a_build(bench, "F2", version="4.1")

        assert the_numbers(await comparisons.diff("UBEN", "C1", APP_ID)) == (1, 2)

    async def test_what_can_not_be_compared_is_said(self, bench, comparisons):
        with pytest.raises(NotFound, match="no such app"):
            await comparisons.diff("UBEN", "C1", SHOP_ID)
        scan = await a_scan(bench.store, State.SUBMITTED, a_share("F0"))
        with pytest.raises(NotFound, match="has been completed"):
            await comparisons.diff("UBEN", "C1", SHOP_ID)
        with pytest.raises(NotFound, match=f"Scan #{scan.number} has not been completed"):
            await comparisons.diff("UBEN", "C1", f"#{scan.number}")
        one = await a_build(bench, "F1", version="4.0")
        with pytest.raises(NotFound, match=f"Scan #{one} is the first completed one"):
            await comparisons.diff("UBEN", "C1", SHOP_ID)
        with pytest.raises(NotFound, match=f"Both of these are scan #{one}"):
            await comparisons.diff("UBEN", "C1", f"{SHOP_ID} 4.0")
        with pytest.raises(NotFound, match="no completed scan of one of these versions"):
            await comparisons.diff("UBEN", "C1", f"{SHOP_ID} 9.9")
        for wrong in ("", f"{SHOP_ID} 1 2 3", "  "):
            with pytest.raises(UsageError, match="Name an app"):
                await comparisons.diff("UBEN", "C1", wrong)

    async def test_scans_of_a_private_channel_are_compared_for_who_is_in_there_alone(
        self, bench, comparisons
    ):
        one = await a_build(bench, "F1", version="4.0")
        two = await a_build(bench, "F2", version="4.1")
        hidden = await a_build(bench, "F3", ADJUST, version="4.2", share=PRIVATE)

        assert the_numbers(await comparisons.diff("UOUT", "C1", SHOP_ID)) == (one, two)
        assert the_numbers(await comparisons.diff("UIN", "C1", SHOP_ID)) == (two, hidden)
        for typed in (f"{SHOP_ID} 4.2", f"{SHOP_ID} #{hidden} 4.0", f"#{hidden}"):
            with pytest.raises(NotFound):
                await comparisons.diff("UOUT", "C1", typed)


class TestSdk:
    async def test_it_is_found_by_name_vendor_or_package_id_whatever_the_case(self, bench, comparisons):
        await a_build(bench, "F1", FIREBASE, version="4.0")

        for typed in ("firebase", "ANALYTICS", "google", "com.Google.fire", '"Firebase Analytics"'):
            page = await comparisons.sdk("UBEN", "C1", typed)
            assert [row.sdks for row in page.rows] == [(FIREBASE,)], typed
        for typed in ("facebook", "fire%base", "Firebase_Analytics", "c_m"):
            assert (await comparisons.sdk("UBEN", "C1", typed)).rows == (), typed

    async def test_each_app_is_told_with_its_versions_newest_first(self, bench, comparisons):
        await a_build(bench, "F1", FIREBASE, version="4.0")
        await a_build(bench, "F2", FIREBASE, build=BANK, version="1.0")
        await a_build(bench, "F3", FIREBASE, version="4.1")
        again = await a_build(bench, "F4", FIREBASE, version="4.0")
        gone = await a_build(bench, "F5", ADJUST, build=BANK, version="1.1")

        shop, bank = (await comparisons.sdk("UBEN", "C1", "firebase")).rows

        assert (shop.bundle_id, shop.name, shop.still) == (SHOP_ID, "Shop", True)
        assert list(shop.versions) == [("4.0", again), ("4.1", 3)]
        assert (bank.name, bank.still, bank.newest.number) == ("The Bank", False, gone)
        assert [version for version, _ in bank.versions] == ["1.0"]

    async def test_many_apps_come_in_pages(self, bench, comparisons):
        for place in range(APPS_A_PAGE + 2):
            build = replace(SHOP, bundle_id=f"com.example.app{place}")
            await a_build(bench, f"F{place}", FIREBASE, build=build)

        first = await comparisons.sdk("UBEN", "C1", "firebase")
        second = await comparisons.sdk("UBEN", "C1", "firebase", APPS_A_PAGE)

        assert (len(first.rows), first.has_more) == (APPS_A_PAGE, True)
        assert [row.bundle_id for row in second.rows] == ["com.example.app1", "com.example.app0"]
        assert not second.has_more

    async def test_what_was_found_in_private_is_for_who_is_in_there_alone(self, bench, comparisons):
        await a_build(bench, "F1", FIREBASE, version="4.0")
        await a_build(bench, "F2", FIREBASE, ADJUST, version="4.1", share=PRIVATE)
        await a_build(bench, "F3", FIREBASE, build=BANK, share=PRIVATE)

        seen = await comparisons.sdk("UOUT", "C1", "firebase")
        assert [(row.bundle_id, [version for version, _ in row.versions]) for row in seen.rows] == [
            (SHOP_ID, ["4.0"])
        ]
        assert (seen.rows[0].still, seen.rows[0].newest.number) == (True, 1)
        assert (await comparisons.sdk("UOUT", "C1", "adjust")).rows == ()
        assert len((await comparisons.sdk("UIN", "C1", "firebase")).rows) == 2

    async def test_something_has_to_be_named(self, comparisons):
        for typed in ("", "  ", '""', "%", "…"):
            with pytest.raises(UsageError, match="Name an SDK"):
                await comparisons.sdk("UBEN", "C1", typed)

    async def test_a_purge_leaves_nothing_to_find(self, bench, comparisons, database):
        await a_build(bench, "F1", FIREBASE, ADJUST)
        await a_build(bench, "F2", FIREBASE)
        await database.write(lambda db: db.execute("DELETE FROM scans WHERE number = 1"))

        known = await database.read(lambda db: [row["name"] for row in db.query("SELECT * FROM known_sdks")])
        assert known == [FIREBASE.name]
        assert (await comparisons.sdk("UBEN", "C1", "adjust")).rows == ()


class TestStatus:
    async def test_under_way_is_what_moves_or_is_followed(self, bench, comparisons):
        await a_build(bench, "F1")
        waits = await a_scan(bench.store, State.QUEUED, a_share("F2"))
        await a_scan(bench.store, State.REJECTED, a_share("F3"))
        sent = await a_scan(bench.store, State.SUBMITTED, a_share("F4"))
        await a_scan(bench.store, State.RECEIVED, a_share("F5", **PRIVATE))

        listed = await comparisons.in_progress("UOUT", "C1")

        assert [(scan.number, followed and followed.state) for scan, followed in listed.scans] == [
            (sent.number, ResultState.FINDING),
            (waits.number, None),
        ]
        assert not listed.has_more
        assert len((await comparisons.in_progress("UIN", "C1")).scans) == 3

    async def test_where_results_can_not_be_read_what_was_submitted_is_at_its_end(self, bench):
        await a_scan(bench.store, State.SUBMITTED, a_share("F1"))
        waits = await a_scan(bench.store, State.QUEUED, a_share("F2"))

        listed = await an_inquiry(bench, reads=False).in_progress("UBEN", "C1")

        assert listed.scans == ((waits, None),)

    async def test_so_many_are_listed_and_no_more(self, bench, comparisons):
        for place in range(IN_PROGRESS_LIMIT + 1):
            await a_scan(bench.store, State.RECEIVED, a_share(f"F{place}"))

        listed = await comparisons.in_progress("UBEN", "C1")

        assert (len(listed.scans), listed.has_more) == (IN_PROGRESS_LIMIT, True)

    async def test_an_app_means_its_newest_scan(self, bench, comparisons):
        await a_build(bench, "F1")
        newest = await a_scan(bench.store, State.FAILED, a_share("F2"))
        await a_scan(bench.store, State.FAILED, a_share("F3", **PRIVATE))

        assert await comparisons.newest("UOUT", "C1", SHOP_ID) == newest.number
        assert await comparisons.newest("UOUT", "C1", "shop") == newest.number
        assert await comparisons.newest("UOUT", "C1", f"{SHOP_ID} android") == newest.number
        for typed in (f"{SHOP_ID} ios", "bank", "99"):
            with pytest.raises(NotFound, match="no scan with that number or request ID"):
                await comparisons.newest("UOUT", "C1", typed)

    async def test_where_several_apps_fit_they_are_named(self, bench, comparisons):
        await a_build(bench, "F1")
        await a_build(bench, "F2", build=SHOP_IOS)

        assert isinstance(await comparisons.newest("UBEN", "C1", "shop"), SeveralApps)


async def test_where_results_are_not_read_nothing_is_said_not_to_be_there(bench):
    comparisons = an_inquiry(bench, reads=False, unread=True)
    scan = await a_scan(bench.store, State.SUBMITTED, a_share("F1"), build=SHOP)
    for typed in (SHOP_ID, f"{SHOP_ID} 4.2.0", f"#{scan.number}"):
        with pytest.raises(NotFound, match="Results aren't read from OneTrust here"):
            await comparisons.diff("UBEN", "C1", typed)
    found = await comparisons.sdk("UBEN", "C1", "firebase")
    assert sdk(found).text.startswith("Results aren't read from OneTrust here, so this is unknown.")
    assert "No completed scan" in sdk(replace(found, unread=False)).text


async def test_who_may_not_use_the_bot_is_told_nothing(bench, comparisons):
    bench.people.known["UGONE"] = Person(active=False)

    for asked in (comparisons.diff, comparisons.sdk, comparisons.newest):
        with pytest.raises(NotAllowed):
            await asked("UGONE", "C1", "shop")
    with pytest.raises(NotAllowed):
        await comparisons.in_progress("UGONE", "C1")
