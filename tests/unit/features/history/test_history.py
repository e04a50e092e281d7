"""What people ask of the history, within what they may see."""

from datetime import timedelta, timezone

import pytest

from bot.core.access import Access
from bot.core.people import Person
from bot.core.scan import ChannelKind, Platform, State
from bot.errors import NotAllowed, NotFound, UsageError
from bot.features.history.history import APPS_A_PAGE
from bot.features.history.models import Cursor
from tests.bench import Bench
from tests.fakes import APP_ID, OTHER_APP_ID, SHOP, SHOP_IOS, FakePeople, FakeWorkspace, a_share
from tests.unit.features.scenes import a_scan

SHOP_ID = "com.example.shop"
PRIVATE = {"channel": "G1", "channel_kind": ChannelKind.PRIVATE}


async def a_done(bench, file_id="F1", **rest):
    return await a_scan(bench.store, State.SUBMITTED, a_share(file_id, **rest))


async def numbers(bench, text="", *, user="UBEN", channel="C1", cursor=None):
    page = await bench.records.history(user, channel, text, cursor)
    return [scan.number for scan in page.scans]


@pytest.fixture
def guarded(database, tmp_path):
    policy = Access(
        people=FakePeople(), workspace=FakeWorkspace(), channels=frozenset({"C1"}), users=frozenset({"UANA"})
    )
    return Bench(database, tmp_path / "builds", policy=policy)


class TestHistory:
    async def test_filters_are_read_for_who_asks_where(self, bench):
        mine = await a_done(bench, "F1", by="UBEN")
        other = await a_done(bench, "F2", channel="C2")

        assert await numbers(bench) == [other.number, mine.number]
        assert await numbers(bench, "by:me") == [mine.number]
        assert await numbers(bench, "in:here", channel="C2") == [other.number]
        assert await numbers(bench, "status:failed") == []

    async def test_the_filters_come_back_as_typed_and_as_meant(self, bench):
        page = await bench.records.history("UBEN", "C1", "platform:iOS  shop")

        assert page.text == "platform:iOS  shop"
        assert (page.query.platform, page.query.words) == (Platform.IOS, ("shop",))

    async def test_days_are_those_of_who_asks(self, bench):
        scan = await a_done(bench)  # 2026-09-21 14:13:20 UTC
        bench.people.known["UBEN"] = Person(timezone=timezone(timedelta(hours=14)))

        assert await numbers(bench, "since:2026-09-22") == [scan.number]
        bench.people.known["UBEN"] = Person(timezone=timezone(timedelta(hours=-5)))
        assert await numbers(bench, "since:2026-09-22") == []
        assert await numbers(bench, "until:2026-09-21") == [scan.number]

    async def test_pages_go_on_where_the_last_one_ended(self, bench):
        all_of_them = [(await a_done(bench, f"F{place}")).number for place in range(12)]

        older = await numbers(bench, cursor=Cursor(number=3, older=True))
        newer = await numbers(bench, cursor=Cursor(number=11, older=False))
        assert (older, newer) == ([2, 1], [12])
        assert await numbers(bench) == all_of_them[:1:-1]

    async def test_private_scans_are_for_who_is_in_there(self, bench):
        scan = await a_done(bench, **PRIVATE)
        bench.workspace.private["UIN"] = frozenset({"G1"})

        assert await numbers(bench) == []
        assert await numbers(bench, user="UIN") == [scan.number]
        assert await numbers(bench, channel="G1") == [scan.number]  # whoever asks there is in there

    async def test_an_unknown_filter_is_told(self, bench):
        with pytest.raises(UsageError):
            await bench.records.history("UBEN", "C1", "colour:red")


class TestStatus:
    @pytest.mark.parametrize("word", ["1", "#1", "request-1", "REQUEST-1", "001"])
    async def test_a_scan_is_found_by_its_number_or_request_id(self, bench, word):
        scan = await a_done(bench)

        card, events = await bench.records.status("UBEN", "C1", word)

        assert card.scan == scan
        assert card.log_url == "https://log.example/request-1"
        assert [event.after for event in events][-1] is State.SUBMITTED

    async def test_a_request_id_of_digits_is_found_too(self, bench):
        scan = await a_scan(bench.store, State.SUBMITTED, request_id="20261122")

        card, _ = await bench.records.status("UBEN", "C1", "20261122")

        assert card.scan == scan

    @pytest.mark.parametrize(
        "word", ["2", "0", "-1", "9" * 30, "#", "", "²", "no such id", "\0", "'", "request"]
    )
    async def test_what_is_not_there_is_said_to_be(self, bench, word):
        await a_done(bench)

        with pytest.raises(NotFound):
            await bench.records.status("UBEN", "C1", word)

    async def test_what_one_may_not_see_reads_as_what_is_not_there(self, bench):
        await a_done(bench, **PRIVATE)
        bench.workspace.private["UIN"] = frozenset({"G1"})
        said = set()
        for word in ("1", "request-1", "99"):
            with pytest.raises(NotFound) as refused:
                await bench.records.status("UBEN", "C1", word)
            said.add(refused.value.user_message)

        assert len(said) == 1
        assert (await bench.records.status("UIN", "C1", "1"))[0].scan.number == 1

    async def test_a_link_to_the_original_is_for_who_can_follow_it(self, bench):
        hidden = await a_scan(bench.store, State.SUBMITTED, a_share("F1", **PRIVATE), body="the same")
        copy = await a_scan(bench.store, State.CHECKING, a_share("F2", **PRIVATE), body="the same")
        await bench.store.scans.move(
            copy.number, State.DUPLICATE, why="the same file", scan={"original": hidden.number}
        )
        public = await a_scan(bench.store, State.CHECKING, a_share("F3"), body="the same")
        await bench.store.scans.move(
            public.number, State.DUPLICATE, why="the same file", scan={"original": hidden.number}
        )
        bench.workspace.private["UIN"] = frozenset({"G1"})

        inside, _ = await bench.records.status("UIN", "C1", str(copy.number))
        outside, _ = await bench.records.status("UBEN", "C1", str(public.number))

        assert inside.original_link == f"https://slack.example/G1/{hidden.number}"
        assert outside.original is not None
        assert outside.original_link is None


class TestCards:
    async def test_a_card_holds_what_is_known(self, bench):
        scan = await a_done(bench)
        await bench.store.links.put(SHOP_ID, Platform.ANDROID, APP_ID, who="UANA", replace=True)

        card = await bench.cards.card(scan.number)

        assert card.scan == scan
        assert (card.original, card.original_link, card.taken_by) == (None, None, ())
        assert card.link is not None
        assert card.link.app_id == APP_ID
        assert card.log_url == "https://log.example/request-1"

    async def test_a_scan_without_a_request_id_has_no_log(self, bench):
        scan = await a_scan(bench.store, State.CHECKING)

        assert (await bench.cards.card(scan.number)).log_url is None

    async def test_a_duplicate_shows_its_originals_log(self, bench):
        first = await bench.submitted(a_share())
        bench.files.content["F2"] = b"the bytes of F1"
        number = await bench.shared(a_share("F2"))
        await bench.pipeline.run(number)

        card = await bench.cards.card(number)

        assert card.original == first
        assert card.original_link == f"https://slack.example/C1/{first.number}"
        assert card.log_url == "https://log.example/request-1"

    async def test_an_app_id_that_is_taken_shows_by_whom(self, bench):
        await bench.store.links.put("com.example.other", Platform.IOS, APP_ID, who=None, replace=True)
        number = await bench.shared(a_share(comment=f"rescan {APP_ID}"))
        await bench.pipeline.run(number)

        card = await bench.cards.card(number)

        assert [link.bundle_id for link in card.taken_by] == ["com.example.other"]

    async def test_there_is_no_card_of_no_scan(self, bench):
        with pytest.raises(NotFound):
            await bench.cards.card(99)


class TestApps:
    async def test_apps_come_in_pages(self, bench):
        for place in range(APPS_A_PAGE + 1):
            await bench.store.links.put(
                f"com.example.app{place:02}", Platform.IOS, APP_ID, who=None, replace=True
            )

        first, are_more = await bench.records.apps("UBEN", "C1")
        assert (len(first), are_more) == (APPS_A_PAGE, True)
        second, are_more = await bench.records.apps("UBEN", "C1", APPS_A_PAGE)
        assert (len(second), are_more) == (1, False)
        assert {row.bundle_id for row in first}.isdisjoint(row.bundle_id for row in second)

    async def test_what_was_scanned_in_private_is_for_who_is_in_there(self, bench):
        await a_done(bench, **PRIVATE)

        assert await bench.records.apps("UBEN", "C1") == ([], False)
        rows, _ = await bench.records.apps("UBEN", "G1")
        assert [row.bundle_id for row in rows] == [SHOP_ID]


class TestLinking:
    async def link(self, bench, platform=None, app_id=APP_ID, bundle_id=SHOP_ID):
        return await bench.records.link("UBEN", "C1", bundle_id, app_id, platform)

    async def test_the_platform_may_be_left_out_where_one_is_known(self, bench):
        await a_done(bench)

        linked = await self.link(bench)

        assert (linked.link.platform, linked.link.app_id) == (Platform.ANDROID, APP_ID)
        assert (linked.link.linked_by, linked.before, linked.others) == ("UBEN", None, ())

    async def test_the_platform_has_to_be_named_where_none_or_both_are_known(self, bench):
        with pytest.raises(UsageError, match="none of its builds") as none:
            await self.link(bench)
        await a_done(bench)
        await a_scan(bench.store, State.ASKING, a_share("F2"), build=SHOP_IOS)
        with pytest.raises(UsageError, match="both"):
            await self.link(bench)

        assert none.value.example == f"/appscan link {SHOP_ID} {APP_ID} android"
        assert (await self.link(bench, Platform.IOS)).link.platform is Platform.IOS

    async def test_what_was_replaced_and_who_else_is_linked_is_told(self, bench):
        await self.link(bench, Platform.IOS)
        await self.link(bench, Platform.IOS, OTHER_APP_ID, "com.example.other")

        linked = await self.link(bench, Platform.IOS, OTHER_APP_ID)

        assert linked.before is not None
        assert linked.before.app_id == APP_ID
        assert [other.bundle_id for other in linked.others] == ["com.example.other"]

    async def test_an_app_is_for_one_platform(self, bench):
        await self.link(bench, Platform.IOS)

        with pytest.raises(UsageError, match="other platform") as refused:
            await self.link(bench, Platform.ANDROID)

        assert refused.value.example == f"/appscan unlink {SHOP_ID} ios"
        assert await bench.store.links.of_build(SHOP_ID, Platform.ANDROID) is None
        assert (await self.link(bench, Platform.IOS)).link.app_id == APP_ID

    async def test_a_link_is_removed_once(self, bench):
        await self.link(bench, Platform.IOS)
        await a_done(bench)  # known for Android as well, but not linked

        removed = await bench.records.unlink("UBEN", "C1", SHOP_ID, None)

        assert (removed.platform, removed.app_id) == (Platform.IOS, APP_ID)
        for platform in (None, Platform.IOS, Platform.ANDROID):
            with pytest.raises(NotFound):
                await bench.records.unlink("UBEN", "C1", SHOP_ID, platform)

    async def test_of_two_links_one_has_to_be_named(self, bench):
        await self.link(bench, Platform.IOS)
        await self.link(bench, Platform.ANDROID, OTHER_APP_ID)

        with pytest.raises(UsageError, match="both"):
            await bench.records.unlink("UBEN", "C1", SHOP_ID, None)

        assert (await bench.records.unlink("UBEN", "C1", SHOP_ID, Platform.IOS)).app_id == APP_ID
        assert (await bench.records.unlink("UBEN", "C1", SHOP_ID, None)).app_id == OTHER_APP_ID


async def test_every_question_is_held_to_the_allow_lists(guarded):
    records = guarded.records
    for user, channel in (("UBEN", "C1"), ("UANA", "C2")):
        for call in (
            records.history(user, channel, ""),
            records.status(user, channel, "1"),
            records.apps(user, channel),
            records.link(user, channel, SHOP_ID, APP_ID, SHOP.platform),
            records.unlink(user, channel, SHOP_ID, None),
        ):
            with pytest.raises(NotAllowed):
                await call
    assert await guarded.store.links.of_app(APP_ID) == []
    assert (await records.history("UANA", "C1", "")).scans == ()


async def test_who_linked_and_who_unlinked_an_app_is_in_the_timeline_of_its_newest_scan(bench):
    await a_done(bench, "F1")
    newest = await a_done(bench, "F2")

    await bench.records.link("UBEN", "C1", SHOP_ID, APP_ID, SHOP.platform)
    await bench.records.unlink("UCLEO", "C1", SHOP_ID, SHOP.platform)

    _, events = await bench.records.status("UANA", "C1", str(newest.number))
    assert [(event.who, event.why) for event in events[-2:]] == [
        ("UBEN", f"linked to {APP_ID}"),
        ("UCLEO", f"unlinked from {APP_ID}"),
    ]
