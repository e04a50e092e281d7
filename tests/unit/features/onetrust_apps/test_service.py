"""OneTrust's own applications, as one person may see them."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.people import Person
from bot.core.scan import ChannelKind, Platform, State
from bot.errors import CannotRead, NotAllowed, TryLater
from bot.features.onetrust_apps.service import A_PAGE, CACHED_S, OneTrustApps
from bot.features.results.models import Application, OneTrustScanStatus
from tests.fakes import APP_ID, OTHER_APP_ID, SHOP, a_share
from tests.unit.features.scenes import a_scan

PRIVATE = {"channel": "G1", "channel_kind": ChannelKind.PRIVATE}


def an_application(app_id=APP_ID, name="Shop", platform=Platform.ANDROID):
    return Application(id=app_id, name=name, platform=platform, status=OneTrustScanStatus.COMPLETED)


class FakeApplications:
    """OneTrust's list, by pages of 100."""

    def __init__(self, *applications):
        self.listed = list(applications)
        self.trouble = None
        self.asked = []
        self.gate = None

    async def page(self, number, search=""):
        self.asked.append((number, search))
        if self.gate is not None:
            await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        found = [each for each in self.listed if search.casefold() in each.name.casefold()]
        return found[100 * number : 100 * number + 100], len(found) > 100 * number + 100


def a_catalogue(bench, applications, **more):
    return OneTrustApps(
        applications=applications,
        store=bench.store.applications,
        policy=bench.policy,
        clock=bench.clock,
        **more,
    )


def the_ids(listing):
    return [row.application.id for row in listing.rows]


async def test_pages_follow_one_another_and_onetrust_is_asked_once_a_hundred(bench):
    onetrust = FakeApplications(*(an_application(f"app-{n:05d}", f"App {n}") for n in range(105)))
    onetrust_apps = a_catalogue(bench, onetrust)

    seen = []
    offset, more = 0, True
    while more:
        listing = await onetrust_apps.page("UBEN", "C1", offset=offset)
        assert len(listing.rows) == A_PAGE or not listing.has_more
        seen += the_ids(listing)
        offset, more = offset + A_PAGE, listing.has_more

    assert seen == [f"app-{n:05d}" for n in range(105)]
    assert onetrust.asked == [(0, ""), (1, "")]
    bench.clock.advance(CACHED_S)
    await onetrust_apps.page("UBEN", "C1")
    assert len(onetrust.asked) == 3


async def test_a_search_goes_to_onetrust(bench):
    onetrust = FakeApplications(an_application(), an_application(OTHER_APP_ID, "Bank"))

    listing = await a_catalogue(bench, onetrust).page("UBEN", "C1", "  BANK ")

    assert (the_ids(listing), listing.search) == ([OTHER_APP_ID], "BANK")


async def test_each_is_shown_with_what_is_linked_to_it(bench):
    await bench.store.links.put("com.example.shop", Platform.ANDROID, APP_ID, who="UANA", replace=True)
    onetrust = FakeApplications(an_application(), an_application(OTHER_APP_ID))

    listing = await a_catalogue(bench, onetrust).page("UBEN", "C1")

    assert [[link.bundle_id for link in row.links] for row in listing.rows] == [["com.example.shop"], []]


@pytest.mark.parametrize("way", ["asked", "linked", "made"])
async def test_what_is_known_from_a_private_channel_alone_is_for_who_is_in_there(bench, way):
    share = a_share(**PRIVATE)
    state = State.SUBMITTING if way == "made" else State.SUBMITTED
    scan = await a_scan(
        bench.store, state, share, build=SHOP, app_id=APP_ID.upper() if way == "asked" else None
    )
    if way == "linked":
        await bench.store.links.put(SHOP.bundle_id, Platform.ANDROID, APP_ID, who="UANA", replace=True)
    if way == "made":
        await bench.store.scans.made_app(scan.number, APP_ID)
    bench.workspace.private["UIN"] = frozenset({"G1"})
    onetrust_apps = a_catalogue(bench, FakeApplications(an_application(), an_application(OTHER_APP_ID)))

    assert the_ids(await onetrust_apps.page("UOUT", "C1")) == [OTHER_APP_ID]
    assert the_ids(await onetrust_apps.page("UIN", "C1")) == [APP_ID, OTHER_APP_ID]

    await a_scan(bench.store, State.SUBMITTED, a_share("F2"), app_id=APP_ID)  # now in public as well
    public = await onetrust_apps.page("UOUT", "C1")
    assert the_ids(public) == [APP_ID, OTHER_APP_ID]


async def test_an_id_that_no_rescan_could_name_is_left_out(bench):
    onetrust = FakeApplications(an_application("<!channel>"), an_application())

    assert the_ids(await a_catalogue(bench, onetrust).page("UBEN", "C1")) == [APP_ID]


async def test_where_results_can_not_be_read_there_is_no_list(bench):
    onetrust = FakeApplications(an_application())
    onetrust.trouble = CannotRead("No.")

    assert await a_catalogue(bench, onetrust).page("UBEN", "C1") is None
    assert await a_catalogue(bench, None).page("UBEN", "C1") is None


async def test_outsiders_are_shown_none_of_it(bench):
    bench.people.known["UGUEST"] = Person(guest=True)
    bench.policy = replace(bench.policy, guests=True)
    onetrust = FakeApplications(an_application())

    assert await a_catalogue(bench, onetrust).page("UGUEST", "C1") is None
    assert onetrust.asked == []


async def test_who_may_not_use_the_bot_is_refused(bench):
    bench.people.known["UGONE"] = Person(active=False)

    with pytest.raises(NotAllowed):
        await a_catalogue(bench, FakeApplications()).page("UGONE", "C1")


async def test_nobody_waits_long_for_onetrust(bench):
    onetrust = FakeApplications(an_application())
    onetrust.gate = asyncio.Event()

    assert (await a_catalogue(bench, onetrust, wait_s=0.0).page("UBEN", "C1")).late
    onetrust.gate = None
    onetrust.trouble = TryLater("Not now.")
    assert (await a_catalogue(bench, onetrust).page("UBEN", "C1")).late
    onetrust.trouble = None
    assert the_ids(await a_catalogue(bench, onetrust).page("UBEN", "C1")) == [APP_ID]
