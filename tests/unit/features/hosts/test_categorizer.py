"""Looking up hosts: few calls, nothing twice within a day, and an end to every trouble."""

import pytest

from bot.core.scan import State
from bot.errors import Maintenance, Refused, TryLater
from bot.features.hosts.categorizer import GAVE_UP, GIVE_UP_S, MAINTAINED, PAUSE_S, HostCategorizer
from bot.features.hosts.lookup import KEPT_S, CategoryCache
from bot.features.hosts.models import BATCH, HostsFound, HostsState, UrlCategories, hosts_of
from tests.fakes import a_share
from tests.unit.features.lookups import FakeLookup
from tests.unit.features.scenes import a_scan

BUSY = TryLater("Zscaler is busy.", retry_after_s=30, status=429)
NO = Refused("Zscaler does not let the bot look up URLs.", status=403)
BAD = Refused("Zscaler could not make sense of that.", status=400)


@pytest.fixture
def lookup() -> FakeLookup:
    return FakeLookup()


@pytest.fixture
def looks(bench, lookup) -> HostCategorizer:
    categories = CategoryCache(rows=bench.store.hosts, lookup=lookup, clock=bench.clock)
    return HostCategorizer(
        rows=bench.store.hosts, categories=categories, announcer=bench.announcer, clock=bench.clock
    )


async def named(bench, *hosts: str, file: str = "F1") -> int:
    """Have a scan whose build names these hosts; return its number."""
    scan = await a_scan(bench.store, State.SUBMITTED, a_share(file))
    await bench.store.hosts.found(scan.number, HostsFound(hosts=hosts))
    return scan.number


async def state(bench, number: int) -> tuple[HostsState, str | None]:
    hosts = await bench.store.hosts.of(number)
    return hosts.state, hosts.problem


async def test_hosts_of_several_builds_share_a_call_and_end_known(bench, lookup, looks):
    bad = UrlCategories(url="b.example", categories=("WEB",), alerts=("MALWARE",))
    lookup.known["b.example"] = bad
    one = await named(bench, "a.example", "b.example")
    two = await named(bench, "b.example", "c.example", file="F2")

    assert await looks.turn() is None

    assert lookup.asked == [["a.example", "b.example", "c.example"]]
    assert bad in (await bench.store.hosts.of(one)).hosts
    assert bad in (await bench.store.hosts.of(two)).hosts
    assert [await state(bench, each) for each in (one, two)] == [(HostsState.KNOWN, None)] * 2
    assert {one, two} <= set(bench.announcer.told)


async def test_many_hosts_are_asked_in_batches(bench, lookup, looks):
    number = await named(bench, *(f"{n:03}.example" for n in range(2 * BATCH + 50)))

    for _ in range(3):
        assert (await state(bench, number))[0] is HostsState.LOOKING
        await looks.turn()

    assert [len(batch) for batch in lookup.asked] == [BATCH, BATCH, 50]
    assert (await state(bench, number))[0] is HostsState.KNOWN


async def test_what_was_told_within_a_day_is_not_asked_again(bench, lookup, looks):
    await named(bench, "a.example")
    await looks.turn()
    again = await named(bench, "a.example", file="F2")
    await looks.turn()

    assert len(lookup.asked) == 1
    assert (await state(bench, again))[0] is HostsState.KNOWN

    bench.clock.advance(KEPT_S + 1)
    await named(bench, "a.example", file="F3")
    await looks.turn()

    assert lookup.asked == [["a.example"]] * 2


async def test_what_was_told_longer_ago_is_not_kept(bench, lookup, looks):
    await looks.turn()
    await CategoryCache(rows=bench.store.hosts, lookup=lookup, clock=bench.clock).ask(["typed.example"])
    assert await bench.store.hosts.cached(["typed.example"], 0)

    bench.clock.advance(KEPT_S + 1)
    await looks.turn()

    assert await bench.store.hosts.cached(["typed.example"], 0) == {}


async def test_of_a_url_that_was_typed_what_it_holds_is_not_kept(bench, lookup):
    url = "a.example/reset?token=S3CRET"
    categories = CategoryCache(rows=bench.store.hosts, lookup=lookup, clock=bench.clock)

    said = await categories.ask([url])

    assert lookup.asked == [[url]]
    assert await categories.known([url]) == said
    assert await bench.store.hosts.cached([url], 0) == {}


async def test_a_host_of_which_nothing_is_said_is_unknown_and_not_asked_for_ever(bench, lookup, looks):
    lookup.silent_about = {"odd.example"}
    number = await named(bench, "odd.example")

    await looks.turn()

    hosts = await bench.store.hosts.of(number)
    assert hosts.state is HostsState.KNOWN
    assert hosts.hosts[0].is_unknown


async def test_trouble_puts_all_off_for_as_long_as_zscaler_asks(bench, lookup, looks):
    one = await named(bench, "a.example")
    lookup.troubles = [BUSY]

    assert await looks.turn() == bench.clock.now() + 30
    assert await state(bench, one) == (HostsState.LOOKING, "Zscaler is busy.")
    two = await named(bench, "b.example", file="F2")
    assert await looks.turn() == bench.clock.now() + 30
    assert await state(bench, two) == (HostsState.LOOKING, "Zscaler is busy.")
    assert len(lookup.asked) == 1

    bench.clock.advance(30)
    assert await looks.turn() is None
    assert [await state(bench, each) for each in (one, two)] == [(HostsState.KNOWN, None)] * 2


async def test_maintenance_is_said_as_such(bench, lookup, looks):
    number = await named(bench, "a.example")
    lookup.troubles = [Maintenance("As the log has it.", status=403)]

    await looks.turn()

    assert await state(bench, number) == (HostsState.LOOKING, MAINTAINED)


async def test_trouble_that_lasts_two_days_ends_it(bench, lookup, looks):
    number = await named(bench, "a.example")
    lookup.troubles = [BUSY] * 1_000

    while (await state(bench, number))[0] is HostsState.LOOKING:
        bench.clock.advance(PAUSE_S)
        await looks.turn()

    assert await state(bench, number) == (HostsState.FAILED, GAVE_UP)
    assert len(lookup.asked) == GIVE_UP_S / PAUSE_S


async def test_a_clear_no_is_told_and_nothing_is_asked_for_an_hour(bench, lookup, looks):
    one = await named(bench, "a.example")
    lookup.troubles = [NO]
    await looks.turn()
    two = await named(bench, "b.example", file="F2")

    assert await looks.turn() == bench.clock.now() + PAUSE_S

    assert await state(bench, one) == (HostsState.FAILED, NO.user_message)
    assert await state(bench, two) == (HostsState.LOOKING, NO.user_message)
    assert len(lookup.asked) == 1
    bench.clock.advance(PAUSE_S)
    await looks.turn()
    assert await state(bench, two) == (HostsState.KNOWN, None)


async def test_a_build_that_zscaler_cant_make_sense_of_does_not_take_the_others_along(bench, lookup, looks):
    one = await named(bench, "a.example")
    odd = await named(bench, "odd.example", file="F2")
    two = await named(bench, "b.example", file="F3")
    lookup.refuses["odd.example"] = BAD

    assert await looks.turn() is None

    assert await state(bench, odd) == (HostsState.FAILED, BAD.user_message)
    assert [await state(bench, each) for each in (one, two)] == [(HostsState.KNOWN, None)] * 2


async def test_what_goes_wrong_between_is_not_asked_on(bench, lookup, looks):
    numbers = [await named(bench, f"{file}.example", file=file) for file in ("F1", "F2", "F3")]
    lookup.troubles = [BAD, NO]

    await looks.turn()

    assert len(lookup.asked) == 2
    states = [(await state(bench, number))[0] for number in numbers]
    assert states == [HostsState.FAILED, HostsState.LOOKING, HostsState.LOOKING]


async def test_where_nothing_is_to_be_looked_up_nothing_is_asked(bench, lookup, looks):
    assert await looks.turn() is None
    assert lookup.asked == []


async def test_the_card_says_what_changed_since_the_last_build(bench, looks):
    first = await named(bench, "a.example", "old.example")
    await looks.turn()
    second = await named(bench, "a.example", "new.example", file="F2")
    assert hosts_of(await bench.cards.card(second)).changes is None
    await looks.turn()

    part = hosts_of(await bench.cards.card(second))

    assert part.before.number == first
    assert [each.url for each in part.changes.added] == ["new.example"]
    assert [each.url for each in part.changes.removed] == ["old.example"]


async def test_what_is_days_old_is_not_looked_up_by_surprise(bench, lookup, looks):
    number = await named(bench, "a.example")
    bench.clock.advance(GIVE_UP_S + 1)  # Zscaler was not set up meanwhile

    await looks.turn()

    assert (await state(bench, number), lookup.asked) == ((HostsState.FAILED, GAVE_UP), [])
