"""Looking through the history: every filter, every page, and nothing that is not theirs to see."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.people import Viewer
from bot.core.scan import ChannelKind, Platform, Share, Source, State
from bot.features.history import repository
from bot.features.history.models import Cursor, HistoryQuery
from bot.features.history.repository import PAGE_SIZE
from bot.features.results.models import ResultState
from tests.fakes import APP_ID, OTHER_APP_ID, SHOP, SHOP_IOS, START, a_share
from tests.unit.features.results.samples import ADJUST, FIREBASE, a_completed_scan
from tests.unit.features.scenes import a_scan

ANYBODY = Viewer(user="UANYBODY")
ONE_STORE_FOR_ALL = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


async def found(store, query=None, viewer=ANYBODY, **filters):
    """Return the numbers on the first page."""
    page = await store.history.page(query or HistoryQuery(**filters), "", viewer, None)
    return [scan.number for scan in page.scans]


@pytest.fixture
async def scans(store, clock):
    """Five scans, an hour apart, each of its own kind; by what they are."""
    await store.links.put("com.example.linked", Platform.ANDROID, OTHER_APP_ID, who=None, replace=True)
    kinds = {
        "shop": (State.SUBMITTED, a_share("F1", name="release-4.2.0.apk"), SHOP, None),
        "ios": (State.FAILED, a_share("F2", by="UBEN", name="Shop.ipa"), SHOP_IOS, APP_ID),
        "linked": (
            State.ASKING,
            a_share("F3", by="UBEN", asked_by="UCLEO", channel="C2", name="x.apk"),
            replace(SHOP, bundle_id="com.example.linked", display_name="Café Déjà", version="1.0-rc.7"),
            None,
        ),
        "fresh": (State.RECEIVED, a_share("F4", channel="C2", name="fresh build.apk"), SHOP, None),
        "shell": (State.REJECTED, Share(file_name="from ci.apk", occasion="shell"), SHOP, None),
    }
    numbers = {}
    for name, (state, share, build, app_id) in kinds.items():
        source = Source.SHELL if name == "shell" else Source.SLACK
        scan = await a_scan(store, state, share, source=source, build=build, app_id=app_id)
        numbers[name] = scan.number
        clock.advance(3600)
    return numbers


CASES = [
    (HistoryQuery(), {"shop", "ios", "linked", "fresh", "shell"}),
    (HistoryQuery(words=("shop",)), {"shop", "ios"}),
    (HistoryQuery(words=("SHO",)), {"shop", "ios"}),
    (HistoryQuery(words=("hop",)), set()),
    (HistoryQuery(words=("com.example",)), {"shop", "ios", "linked"}),
    (HistoryQuery(words=("com.example.link",)), {"linked"}),
    (HistoryQuery(words=("4.2",)), {"shop", "ios"}),
    (HistoryQuery(words=("release",)), {"shop"}),
    (HistoryQuery(words=("fresh build",)), {"fresh"}),
    (HistoryQuery(words=("build fresh",)), set()),
    (HistoryQuery(words=("build", "fresh")), {"fresh"}),
    (HistoryQuery(words=("cafe",)), {"linked"}),
    (HistoryQuery(words=("CAFÉ", "déj")), {"linked"}),
    (HistoryQuery(words=("Cafe\u0301",)), {"linked"}),
    (HistoryQuery(words=("rc.7",)), {"linked"}),
    (HistoryQuery(words=("request-1",)), {"shop"}),
    (HistoryQuery(words=("REQUEST-1",)), {"shop"}),
    (HistoryQuery(words=("request",)), set()),
    (HistoryQuery(words=("shop", "request-1")), {"shop"}),
    (HistoryQuery(app=APP_ID), {"ios"}),
    (HistoryQuery(app=APP_ID.upper()), {"ios"}),
    (HistoryQuery(app=OTHER_APP_ID), {"linked"}),
    (HistoryQuery(app="com.example.shop"), {"shop", "ios"}),
    (HistoryQuery(app="com.example"), set()),
    (HistoryQuery(platform=Platform.IOS), {"ios"}),
    (HistoryQuery(platform=Platform.ANDROID), {"shop", "linked"}),
    (HistoryQuery(states=frozenset({State.FAILED})), {"ios"}),
    (HistoryQuery(states=frozenset({State.FAILED, State.ASKING, State.WAITING})), {"ios", "linked"}),
    (HistoryQuery(by="UANA"), {"shop", "fresh"}),
    (HistoryQuery(by="UBEN"), {"ios", "linked"}),
    (HistoryQuery(by="UCLEO"), {"linked"}),
    (HistoryQuery(channel="C2"), {"linked", "fresh"}),
    (HistoryQuery(since=START + 3600), {"ios", "linked", "fresh", "shell"}),
    (HistoryQuery(until=START + 3600), {"shop"}),
    (HistoryQuery(since=START + 3600, until=START + 3 * 3600), {"ios", "linked"}),
]


@pytest.mark.parametrize(("query", "expected"), CASES)
async def test_each_filter_finds_what_it_says(store, scans, query, expected):
    numbers = await found(store, query)

    assert {name for name, number in scans.items() if number in numbers} == expected
    assert numbers == sorted(numbers, reverse=True)


async def test_filters_combine(store, scans):
    def parts(query):
        return {name: value for name, value in vars(query).items() if value != getattr(HistoryQuery(), name)}

    names = {number: name for name, number in scans.items()}
    for (one, one_finds), (other, other_finds) in itertools.combinations(CASES, 2):
        if parts(one).keys() & parts(other).keys():
            continue
        numbers = await found(store, **parts(one), **parts(other))
        assert {names[number] for number in numbers} == one_finds & other_finds


FTS_SIGNS = [
    *('"', '""', "'", "*", "-", "NEAR(a b)", "a AND", "OR", "name:x", "^x", "{a b}:", "(", "\0", "a\0b", ";"),
    *(
        "😀",
        "é",
        "𞤀",
        "ﷺ",
        "%",
        "_",
        "+",
        "a+b",
        "--",
        "\u200b",
        "",
        " ",
        'shop"',
        "shop\0",
        "shop*",
        "😀shop",
    ),
]


@ONE_STORE_FOR_ALL
@given(
    words=st.lists(st.text(max_size=12) | st.sampled_from(FTS_SIGNS), min_size=1, max_size=4),
    app=st.none() | st.text(max_size=12),
    by=st.none() | st.text(max_size=12),
)
async def test_no_word_is_a_mistake_to_the_database(store, words, app, by):
    scan, _ = await store.scans.record(a_share())  # where there is nothing, no word is looked at
    numbers = await found(store, words=tuple(words), app=app, by=by)

    assert set(numbers) <= {scan.number}
    assert "OR" not in words or numbers == []


@pytest.mark.parametrize("word", ['shop"', "shop\0", "shop*", "😀shop", "(shop)", "shop.", '"shop'])
async def test_signs_around_a_word_are_passed_over(store, word):
    scan = await a_scan(store)

    assert await found(store, words=(word,)) == [scan.number]


@ONE_STORE_FOR_ALL
@given(name=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1))
async def test_a_build_is_found_by_each_word_of_its_name(store, name):
    words = [word for word in name.split() if any(sign.isascii() and sign.isalnum() for sign in word)]
    scan = await a_scan(store, State.RECEIVED, Share(file_name=name, occasion="shell"))

    page = await store.history.page(HistoryQuery(words=tuple(words)), "", ANYBODY, None)

    assert scan.number in [each.number for each in page.scans]


async def test_a_name_that_changed_is_found_by_the_new_one_alone(store):
    scan = await a_scan(store, State.CHECKING)
    assert await found(store, words=("Shop",)) == [scan.number]  # its file's name
    await store.scans.move(scan.number, State.QUEUED, why="", scan={"name": "Bazaar", "file_name": "b.apk"})

    assert await found(store, words=("bazaar",)) == [scan.number]
    assert await found(store, words=("shop",)) == []


@pytest.mark.parametrize("count", [0, 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE, 2 * PAGE_SIZE + 3])
async def test_paging_both_ways_gives_every_scan_once(store, count):
    numbers = [(await a_scan(store, share=a_share(f"F{place}"))).number for place in range(count)]
    await a_scan(store, share=a_share("F99", channel="G1", channel_kind=ChannelKind.PRIVATE))
    pages = [await store.history.page(HistoryQuery(), "typed", ANYBODY, None)]
    assert not pages[0].has_newer
    while pages[-1].has_older:
        cursor = Cursor(number=pages[-1].scans[-1].number, older=True)
        pages.append(await store.history.page(HistoryQuery(), "typed", ANYBODY, cursor))
        assert pages[-1].has_newer

    assert [scan.number for page in pages for scan in page.scans] == numbers[::-1]
    assert all(len(page.scans) == PAGE_SIZE for page in pages[:-1])
    assert {page.text for page in pages} == {"typed"}

    back = [pages[-1]]
    while back[-1].has_newer:
        cursor = Cursor(number=back[-1].scans[0].number, older=False)
        back.append(await store.history.page(HistoryQuery(), "typed", ANYBODY, cursor))
        assert back[-1].has_older
    assert [page.scans for page in back] == [page.scans for page in pages[::-1]]


VISIBLE = [
    (a_share("F1"), Source.SLACK, {"stranger", "member", "owner"}),
    (Share(file_name="shop.apk", occasion="shell"), Source.SHELL, {"stranger", "member", "owner"}),
    (a_share("F2", channel="G1", channel_kind=ChannelKind.PRIVATE, by="UOWNER"), Source.SLACK, {"member"}),
    (a_share("F3", channel="G1", channel_kind=ChannelKind.MPIM, by="UOWNER"), Source.SLACK, {"member"}),
    (a_share("F4", channel="D1", channel_kind=ChannelKind.IM, by="UOWNER"), Source.SLACK, {"owner"}),
    (
        a_share("F5", channel="D1", channel_kind=ChannelKind.IM, by="UX", asked_by="UOWNER"),
        Source.SLACK,
        {"owner"},
    ),
]
VIEWERS = {
    "stranger": Viewer(user="USTRANGER"),
    "member": Viewer(user="UMEMBER", channels=frozenset({"G1", "G2"})),
    "owner": Viewer(user="UOWNER", channels=frozenset({"G2"})),
}


@pytest.mark.parametrize(("share", "source", "seen_by"), VISIBLE)
async def test_what_was_shared_in_private_is_seen_from_within_alone(store, share, source, seen_by):
    scan = await a_scan(store, State.SUBMITTED, share, source=source)

    for name, viewer in VIEWERS.items():
        sees = name in seen_by
        assert await store.scans.sees(viewer, scan) == sees
        assert await found(store, HistoryQuery(words=("shop",)), viewer) == ([scan.number] if sees else [])
        assert await found(store, HistoryQuery(words=(f"request-{scan.number}",)), viewer) == (
            [scan.number] if sees else []
        )
        assert [row.scans for row in await store.history.apps(viewer, limit=9, offset=0)] == (
            [1] if sees else []
        )


async def test_apps_are_those_linked_and_those_scanned_where_one_can_see(store):
    await a_scan(store, State.SUBMITTED, a_share("F1"))
    await a_scan(store, State.SUBMITTED, a_share("F2"), build=SHOP_IOS, app_id=APP_ID)
    await store.links.put("com.example.shop", Platform.IOS, APP_ID, who=None, replace=True)
    await a_scan(store, State.FAILED, a_share("F3"), build=replace(SHOP, version="4.3", display_name="Shop!"))
    hidden = replace(SHOP, version="5.0", display_name="Secret")
    await a_scan(
        store, State.SUBMITTED, a_share("F4", channel="G1", channel_kind=ChannelKind.PRIVATE), build=hidden
    )
    await store.links.put("com.example.never", Platform.ANDROID, OTHER_APP_ID, who=None, replace=True)

    rows = await store.history.apps(ANYBODY, limit=9, offset=0)

    assert [(row.bundle_id, row.platform, row.name, row.version, row.app_id, row.scans) for row in rows] == [
        ("com.example.shop", Platform.ANDROID, "Shop!", "4.3", None, 1),
        ("com.example.shop", Platform.IOS, "Shop", "4.2.0", APP_ID, 1),
        ("com.example.never", Platform.ANDROID, None, None, OTHER_APP_ID, 0),
    ]
    assert await store.history.apps(ANYBODY, limit=1, offset=1) == [rows[1]]
    member = await store.history.apps(VIEWERS["member"], limit=1, offset=0)
    assert (member[0].name, member[0].version, member[0].scans) == ("Secret", "5.0", 2)


class TestResults:
    """The filters for what a scan found."""

    async def test_an_sdk_finds_the_scans_that_found_it_for_who_may_see_them(self, store):
        private = {"channel": "G1", "channel_kind": ChannelKind.PRIVATE}
        found_one = await a_completed_scan(store, a_share("F1"), FIREBASE, ADJUST)
        hidden = await a_completed_scan(store, a_share("F2", **private), ADJUST)
        await a_scan(store, State.SUBMITTED, a_share("F3"))

        for name in ("adjust", "ADJUST GmbH", "com.adjust"):
            assert await found(store, sdk=name) == [found_one.number]
        insider = Viewer(user="UIN", channels=frozenset({"G1"}))
        assert await found(store, HistoryQuery(sdk="adjust"), insider) == [hidden.number, found_one.number]
        assert await found(store, sdk="adj%st") == []
        assert await found(store, sdk="adjust", words=("bank",)) == []

    async def test_a_breach_is_open_until_somebody_acknowledges_it(self, store, database):
        scans = [(await a_completed_scan(store, a_share(f"F{n}"))).number for n in range(3)]
        rows = [(scans[0], "No Targeting", None), (scans[1], "Other", 5.0), (scans[1], "No Targeting", 5.0)]
        await database.write(
            lambda db: [
                db.execute(
                    "INSERT INTO breaches (scan, rule, found, tell, at, acknowledged_at) "
                    "VALUES (?, ?, '[]', '[]', 1, ?)",
                    row,
                )
                for row in rows
            ]
        )

        assert await found(store, violation="open") == [scans[0]]
        assert await found(store, violation="any") == [scans[1], scans[0]]
        assert await found(store, violation="no targeting") == [scans[1], scans[0]]
        assert await found(store, violation="other") == [scans[1]]
        assert await found(store, violation="NO") == [scans[1], scans[0]]
        assert await found(store, violation="targ") == [scans[1], scans[0]]
        assert await found(store, violation="%") == []
        assert await found(store, violation="n_t") == []
        page = await store.history.page(HistoryQuery(), "", ANYBODY, None)
        assert page.outcomes[scans[0]].violated == ("No Targeting",)
        assert (page.outcomes[scans[0]].state, page.outcomes[scans[0]].sdk_count) == (
            ResultState.COMPLETED,
            0,
        )

    async def test_what_came_of_it_in_onetrust(self, store):
        done = await a_completed_scan(store, a_share("F1"), ADJUST)
        failed = await a_scan(store, State.SUBMITTED, a_share("F2"), build=SHOP)
        await store.results.update(failed.number, state=ResultState.FAILED)
        unsure = await a_scan(store, State.UNCERTAIN, a_share("F3"), build=SHOP)
        await store.results.update(unsure.number, state=ResultState.LOST)
        assert await found(store, result=ResultState.COMPLETED) == [done.number]
        assert await found(store, result=ResultState.FAILED) == [failed.number]
        assert await found(store, result=ResultState.LOST) == []

    async def test_an_sdk_is_found_by_index(self, store, database):
        def plan(db):
            return [
                row["detail"] for row in db.query(f"EXPLAIN QUERY PLAN {repository.SCANS_WITH}", ["", "", ""])
            ]

        steps = await database.read(plan)

        assert steps[0].startswith("SCAN k"), steps
        assert any("SEARCH sdks USING COVERING INDEX sdks_known" in step for step in steps), steps

    @pytest.mark.parametrize("many", [1, 1000])
    async def test_it_makes_no_difference_how_the_scans_of_an_sdk_are_looked_for(self, store, database, many):
        scans = [(await a_completed_scan(store, a_share(f"F{n}"), FIREBASE)).number for n in range(3)]
        await a_completed_scan(store, a_share("F9"), ADJUST)

        def held(db):
            condition, parameters = repository.with_sdk(db, "firebase", many=many)
            query = f"SELECT number FROM scans WHERE {condition} ORDER BY number"  # noqa: S608 - our own words
            return [row["number"] for row in db.query(query, parameters)]

        assert await database.read(held) == scans
