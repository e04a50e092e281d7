"""What is kept of third-party apps, and of who asked for them."""

from dataclasses import replace

import pytest

from bot.features.third_party_apps.models import (
    AppLookupState,
    AppPermission,
    AppRef,
    AppRisk,
    Level,
    RefKind,
    ThirdPartyApp,
)

DAY_S = 86_400.0
REF = AppRef(kind=RefKind.APP_ID, value="22c49a0d-d21c-4792-aed1-8f163c982546")
OTHER = AppRef(kind=RefKind.URL, value="https://slack.com/marketplace/A1")
APP = ThirdPartyApp(
    name="OneDrive Free Client",
    risk=Level.HIGH,
    risk_score=9.03,
    permissions=(AppPermission(scope="Files.Read", level=Level.HIGH), AppPermission(scope="other")),
    risks=(AppRisk(name="Open-Source App", severity=Level.LOW, evidence="é\u2028"),),
    compliance=("SOC 2",),
    downloads=0,
    platform_verified=False,
    website_urls=("https://example.com",),
)


async def take(store, user, ref=REF, *, due_at=0.0):
    return await store.governance.add_question(ref, user=user, channel="C1", due_at=due_at)


async def test_an_answer_is_found_again_as_it_was_for_as_long_as_is_asked(store, clock):
    kept = await store.governance.answered(REF, APP)

    assert (kept.state, kept.app, kept.answered_at) == (AppLookupState.KNOWN, APP, clock.now())
    assert await store.governance.lookup(kept.number) == kept
    clock.advance(10)
    assert await store.governance.known(REF, since=clock.now() - 11) == kept
    assert await store.governance.known(REF, since=clock.now() - 10) is None
    assert await store.governance.known(OTHER, since=0) is None
    clock.advance(-100)  # an answer of the future is none
    assert await store.governance.known(REF, since=0) is None


async def test_answers_stay_in_the_history_and_the_newest_counts(store, clock):
    first = await store.governance.answered(REF, APP)
    clock.advance(1)
    second = await store.governance.answered(REF, replace(APP, risk=Level.LOW))

    assert await store.governance.known(REF, since=0) == second
    assert await store.governance.lookup(first.number) == first


async def test_all_who_ask_meanwhile_share_a_look_and_each_is_told(store, clock):
    look = await take(store, "UANA", due_at=clock.now() + 5)
    assert (await take(store, "UBEN", due_at=clock.now() + 5)).number == look.number
    await take(store, "UANA", due_at=clock.now() + 5)
    assert await store.governance.due_questions(10) == []
    assert await store.governance.due() == []
    assert await store.governance.next_due_at() == clock.now() + 5

    clock.advance(5)
    assert [each.number for each in await store.governance.due()] == [look.number]
    ended = await store.governance.answered(REF, APP)

    asks = await store.governance.due_questions(10)
    assert {(ask.user, ask.lookup.number, ask.lookup.app) for ask in asks} == {
        ("UANA", look.number, APP),
        ("UBEN", look.number, APP),
    }
    assert ended.number == look.number
    await store.governance.retry_question(asks[0].number, clock.now() + 60)
    await store.governance.remove_question(asks[1].number)
    assert await store.governance.due_questions(10) == []
    assert await store.governance.next_due_at() == clock.now() + 60
    clock.advance(60)
    assert [(ask.user, ask.tries) for ask in await store.governance.due_questions(10)] == [(asks[0].user, 1)]


async def test_who_sees_the_answer_at_once_is_not_told_again(store):
    await take(store, "UANA")
    await take(store, "UBEN")

    await store.governance.answered(REF, APP, user="UANA")

    assert [ask.user for ask in await store.governance.due_questions(10)] == ["UBEN"]


async def test_an_end_without_an_answer_is_told_and_another_look_may_begin(store, clock):
    first = await take(store, "UANA")
    await store.governance.end(first.number, AppLookupState.GIVEN_UP)

    assert [ask.lookup.state for ask in await store.governance.due_questions(10)] == [AppLookupState.GIVEN_UP]
    assert (await take(store, "UANA", due_at=clock.now())).number != first.number


async def test_what_is_put_off_is_due_later(store, clock):
    looks = [await take(store, "UANA", ref) for ref in (REF, OTHER)]

    await store.governance.reschedule([look.number for look in looks], clock.now() + 9)

    assert await store.governance.due() == []
    clock.advance(9)
    assert len(await store.governance.due()) == 2
    assert len(await store.governance.due(1)) == 1


async def test_what_is_old_is_purged_and_what_is_followed_stays(store, clock, database):
    old = await store.governance.answered(REF, APP)
    followed = await take(store, "UANA", OTHER, due_at=clock.now())
    clock.advance(2 * DAY_S)

    await store.privacy.purge(clock.now() - DAY_S)
    assert await store.governance.lookup(old.number) is None
    assert await store.governance.lookup(followed.number) is not None

    clock.advance(14 * DAY_S)
    await store.privacy.purge(clock.now() - DAY_S)
    assert await store.governance.lookup(followed.number) is None
    assert await database.read(lambda db: db["app_asks"].count) == 0


async def test_a_person_is_forgotten_and_told_nothing_more(store):
    await take(store, "UANA")
    await take(store, "UBEN")

    assert await store.privacy.forget("UANA") == 0
    await store.governance.answered(REF, APP)

    assert [ask.user for ask in await store.governance.due_questions(10)] == ["UBEN"]
    assert await store.privacy.forget("UANA") is None


@pytest.mark.parametrize("field", ["name", "publisher", "website_urls"])
async def test_fields_that_were_never_told_come_back_empty(store, field):
    kept = await store.governance.answered(REF, ThirdPartyApp(client_id="x"))
    assert not getattr(kept.app, field)
