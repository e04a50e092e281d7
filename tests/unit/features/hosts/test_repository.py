"""The rows of hosts: what is to be looked up, what was said, and what an earlier build named."""

from dataclasses import replace

import pytest

from bot.core.scan import ChannelKind, State
from bot.errors import NotFound
from bot.features.hosts import repository
from bot.features.hosts.models import HostsFound, HostsState, UrlCategories
from bot.features.retention.repository import PrivacyRepository
from tests.fakes import SHOP, SHOP_IOS, a_share
from tests.unit.features.scenes import a_scan

ADS = UrlCategories(url="ads.example", categories=("ADVERTISING",))
BAD = UrlCategories(url="bad.example", categories=("MALWARE_SITE",), alerts=("MALWARE_SITE",))
TWO = HostsFound(hosts=("bad.example", "ads.example", "bad.example"))


async def known(store, file, hosts=(ADS,), build=SHOP, **share):
    """Bring a scan to where its hosts are known."""
    scan = await a_scan(store, State.SUBMITTED, replace(a_share(file), **share), build=build)
    await store.hosts.found(scan.number, HostsFound(hosts=tuple(host.url for host in hosts)))
    await store.hosts.looked_up(scan.number, hosts)
    return scan


async def timeline(store, scan):
    return [event.why for event in await store.scans.events(scan.number)]


async def test_hosts_that_were_found_are_due_at_once_each_once(store, clock):
    scan = await a_scan(store, State.SUBMITTED)
    assert await store.hosts.of(scan.number) is None
    assert (await store.hosts.due(0)).next_at is None

    found = await store.hosts.found(scan.number, replace(TWO, left_out=7, cut_short=True))

    assert [host.url for host in found.hosts] == ["ads.example", "bad.example"]
    assert (found.state, found.left_out) == (HostsState.LOOKING, 7)
    assert found.cut_short
    assert not found.is_whole
    assert (await store.hosts.due(10)).now == [scan.number]
    assert (await store.hosts.due(0)).next_at == clock.now()
    assert found.pending == ("ads.example", "bad.example")
    assert (await timeline(store, scan))[-1] == "the build names 2 hosts"


async def test_hosts_are_known_with_the_last_that_was_looked_up(store):
    scan = await a_scan(store, State.SUBMITTED)
    await store.hosts.found(scan.number, TWO)

    half = await store.hosts.looked_up(scan.number, [BAD])
    assert half.state is HostsState.LOOKING
    assert half.pending == ("ads.example",)

    whole = await store.hosts.looked_up(scan.number, [ADS, replace(ADS, url="other.example")])
    assert (whole.state, whole.hosts) == (HostsState.KNOWN, (ADS, BAD))
    assert await store.hosts.of(scan.number) == whole
    assert (await store.hosts.due(0)).next_at is None
    assert (await timeline(store, scan))[-1] == "2 hosts looked up, 1 with a security alert"
    after = await store.scans.scan(scan.number)
    assert after.revision == scan.revision + 2  # found, and known
    assert await store.hosts.failed(scan.number, "no") == whole
    assert await store.hosts.reschedule(scan.number, "no", 0) == whole


async def test_a_build_without_hosts_and_one_that_cant_be_read_are_not_looked_up(store):
    none = await a_scan(store, State.SUBMITTED, a_share("F1"))
    unread = await a_scan(store, State.SUBMITTED, a_share("F2"))

    assert (await store.hosts.found(none.number, HostsFound(hosts=()))).state is HostsState.NONE
    problem = (await store.hosts.unread(unread.number, "It can't be read.")).problem

    assert problem == "It can't be read."
    assert (await store.hosts.of(unread.number)).state is HostsState.FAILED
    assert (await store.hosts.due(10)).now == []


async def test_what_is_put_off_is_due_later_and_told_once(store, clock):
    scan = await a_scan(store, State.SUBMITTED)
    await store.hosts.found(scan.number, TWO)
    before = (await store.scans.scan(scan.number)).revision

    for _ in range(2):
        waits = await store.hosts.reschedule(scan.number, "Zscaler is busy.", clock.now() + 60)

    assert (waits.problem, waits.due_at) == ("Zscaler is busy.", clock.now() + 60)
    assert (await store.scans.scan(scan.number)).revision == before + 1
    assert (await store.hosts.due(10)).now == []
    clock.advance(60)
    assert (await store.hosts.due(10)).now == [scan.number]
    failed = await store.hosts.failed(scan.number, "Zscaler said no.")
    assert (failed.state, failed.problem) == (HostsState.FAILED, "Zscaler said no.")
    assert (await store.hosts.due(10)).now == []


async def test_hosts_of_no_scan_are_not_kept(store):
    with pytest.raises(NotFound):
        await store.hosts.found(77, TWO)
    assert await store.hosts.looked_up(77, [ADS]) is None
    assert await store.hosts.reschedule(77, "", 0) is None
    assert await store.hosts.failed(77, "") is None


async def before(database, number):
    return await database.read(lambda db: repository.before(db, number))


async def test_the_build_before_is_the_last_of_the_same_app_that_may_be_shown(database, store):
    first = await known(store, "F1")
    second = await known(store, "F2", (BAD,))
    await known(store, "F3", build=SHOP_IOS)
    await known(store, "F4", channel="GSECRET", channel_kind=ChannelKind.PRIVATE)
    looking = await a_scan(store, State.SUBMITTED, a_share("F5"))
    await store.hosts.found(looking.number, TWO)
    last = await known(store, "F6")

    scan, hosts = await before(database, last.number)

    assert (scan.number, hosts.hosts) == (second.number, (BAD,))
    assert (await before(database, second.number))[0].number == first.number
    assert await before(database, first.number) is None


async def test_a_build_that_was_taken_back_is_not_told_of_as_the_one_before(database, store):
    back = await a_scan(store, State.ASKING, a_share("F1"))
    await store.hosts.found(back.number, HostsFound(hosts=("ads.example",)))
    await store.hosts.looked_up(back.number, [ADS])
    last = await known(store, "F2")
    assert (await before(database, last.number))[0].number == back.number

    await store.scans.cancel(back.number, why="taken back", who="UANA")

    assert await before(database, last.number) is None


async def test_what_was_said_of_urls_is_kept_for_as_long_as_is_asked(store, clock):
    await store.hosts.cache([ADS], forget_before=0)
    clock.advance(100)
    await store.hosts.cache([BAD], forget_before=0)

    urls = ["ads.example", "bad.example", "new.example", *(f"{n}.example" for n in range(1_000))]
    assert await store.hosts.cached(urls, clock.now() - 100) == {"ads.example": ADS, "bad.example": BAD}
    assert await store.hosts.cached(urls, clock.now() - 99) == {"bad.example": BAD}

    await store.hosts.cache([replace(BAD, alerts=())], forget_before=clock.now())

    assert await store.hosts.cached(urls, 0) == {"bad.example": replace(BAD, alerts=())}


async def test_half_a_surrogate_pair_in_an_answer_is_kept_as_text(store):
    odd = UrlCategories(url="a\ud800.example", categories=("X\ud800",))

    await store.hosts.cache([odd], forget_before=0)

    (kept,) = (await store.hosts.cached([odd.url], 0)).values()
    assert (kept.url, kept.categories) == ("a?.example", ("X?",))


async def test_hosts_go_with_their_scan_and_old_answers_with_a_purge(store, database, clock):
    await known(store, "F1")
    await store.hosts.cache([ADS], forget_before=0)
    clock.advance(100)

    await PrivacyRepository(database, clock).purge(clock.now())

    def left(db):
        return [db[table].count for table in ("hosts", "host_looks", "url_categories")]

    assert await database.read(left) == [0, 0, 0]
