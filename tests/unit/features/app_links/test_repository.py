"""Which app a bundle identifier on a platform is."""

from bot.core.scan import Link, Platform, State
from tests.fakes import APP_ID, OTHER_APP_ID, SHOP_IOS, START, a_share
from tests.unit.features.scenes import a_scan

SHOP = ("com.example.shop", Platform.ANDROID)


async def test_a_link_is_kept_with_who_made_it_and_when(store):
    assert await store.links.of_build(*SHOP) is None

    assert await store.links.put(*SHOP, APP_ID, who="UANA", replace=False)

    link = Link(
        bundle_id="com.example.shop",
        platform=Platform.ANDROID,
        app_id=APP_ID,
        linked_by="UANA",
        linked_at=START,
    )
    assert await store.links.of_build(*SHOP) == link
    assert await store.links.of_app(APP_ID) == [link]
    assert await store.links.of_build("com.example.shop", Platform.IOS) is None


async def test_a_link_is_replaced_only_where_that_was_asked_for(store, clock):
    await store.links.put(*SHOP, APP_ID, who="UANA", replace=True)
    clock.advance(1)

    assert not await store.links.put(*SHOP, OTHER_APP_ID, who="UBEN", replace=False)
    assert (await store.links.of_build(*SHOP)).app_id == APP_ID
    assert not await store.links.put(*SHOP, APP_ID, who="UBEN", replace=True)
    assert (await store.links.of_build(*SHOP)).linked_by == "UANA"
    assert await store.links.put(*SHOP, OTHER_APP_ID, who="UBEN", replace=True)
    assert (await store.links.of_build(*SHOP)).linked_by == "UBEN"
    assert await store.links.of_app(APP_ID) == []


async def test_a_removed_link_is_gone_and_told(store):
    assert await store.links.remove(*SHOP) is None
    await store.links.put(*SHOP, APP_ID, who=None, replace=False)
    await store.links.put("com.example.shop", Platform.IOS, OTHER_APP_ID, who=None, replace=False)

    removed = await store.links.remove(*SHOP)

    assert removed is not None
    assert removed.app_id == APP_ID
    assert await store.links.of_build(*SHOP) is None
    assert await store.links.of_build("com.example.shop", Platform.IOS) is not None


async def test_platforms_are_known_from_links_and_from_scans(store):
    assert await store.links.platforms("com.example.shop") == set()
    await a_scan(store, State.RECEIVED, a_share("F0"))
    await store.links.put(*SHOP, APP_ID, who=None, replace=False)
    assert await store.links.platforms("com.example.shop") == {Platform.ANDROID}

    await a_scan(store, State.ASKING, build=SHOP_IOS)
    assert await store.links.platforms("com.example.shop") == set(Platform)
    assert await store.links.platforms("com.example") == set()
