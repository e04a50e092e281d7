"""Asking for third-party apps: what is cached, what is asked again, who is told, and when it is given up."""

import asyncio

import pytest

from bot.core.people import Person
from bot.errors import NotAllowed, NotFound, Refused, TryLater, UsageError
from bot.features.third_party_apps.models import AppLookupAnswer, AppLookupState, ThirdPartyApp
from bot.features.third_party_apps.service import (
    ANALYSIS_INTERVAL_S,
    ANALYSIS_TIMEOUT_S,
    CACHED_S,
    LOOKUP_TIMEOUT_S,
    MAX_TRIES,
    REFUSED_RETRY_S,
    RETRY_S,
    ThirdPartyApps,
)
from tests.fakes import until

GUID = "22c49a0d-d21c-4792-aed1-8f163c982546"
OTHER = "5d0e2c31-18f4-4a53-8a0b-6f8a9c3f1e22"
LINK = "https://slack.com/marketplace/A0F7XDUAZ-example"
APP = ThirdPartyApp(name="OneDrive Free Client")
KNOWN = AppLookupAnswer(app=APP, remaining=900)
TAKEN = AppLookupAnswer(app=None, remaining=900)
LIMIT = TryLater("The day's limit is reached.", status=409)


class FakeApi:
    """Says what it was told to; the last again and again."""

    def __init__(self, *said):
        self.said = list(said)
        self.asked = []
        self.gate = None

    async def app(self, *, app_id="", url=""):
        self.asked.append(app_id or url)
        if self.gate is not None:
            await self.gate.wait()
        said = self.said.pop(0) if len(self.said) > 1 else self.said[0]
        if isinstance(said, Exception):
            raise said
        return said


class FakeSender:
    """Keeps who was told how it ended, unless it is to wait."""

    def __init__(self):
        self.told = []
        self.wait_s = None

    async def send(self, ask):
        self.told.append((ask.user, ask.channel, ask.lookup.state))
        return self.wait_s


class Scene:
    """Somebody to ask, and time that passes."""

    def __init__(self, bench, *said):
        self.api, self.sender, self.clock, self.woken = FakeApi(*said), FakeSender(), bench.clock, 0
        self.governing = ThirdPartyApps(
            api=self.api,
            lookups=bench.store.governance,
            send=self.sender.send,
            policy=bench.policy,
            clock=bench.clock,
            wake=self.wake,
        )

    def wake(self):
        self.woken += 1

    async def ask(self, user="UANA", text=GUID):
        return await self.governing.ask(user, "C1", text)

    async def turns(self, seconds):
        """Let time pass and a turn be taken; return how many calls that made."""
        before = len(self.api.asked)
        self.clock.advance(seconds)
        await self.governing.turn()
        return len(self.api.asked) - before


async def test_an_answer_is_told_for_a_day_and_asked_anew_after_it(bench):
    scene = Scene(bench, KNOWN)
    first = await scene.ask()
    again = await scene.ask("UBEN")

    assert (first.lookup.app, first.cached, again.lookup, again.cached) == (APP, False, first.lookup, True)
    assert scene.api.asked == [GUID]
    scene.clock.advance(CACHED_S)
    assert not (await scene.ask()).cached
    await scene.ask(text=LINK)
    assert scene.api.asked == [GUID, GUID, LINK]
    assert await scene.governing.app("UANA", "C1", first.lookup.number) == APP


async def test_a_consent_link_that_is_not_known_is_asked_by_its_client_id_and_kept_as_one(bench):
    scene = Scene(bench, NotFound("None."), KNOWN)
    link = f"https://login.microsoftonline.com/common/oauth2/authorize?client_id={GUID}"

    first = await scene.ask(text=link)
    again = await scene.ask("UBEN", text=link)

    assert scene.api.asked == [link, GUID]
    assert (first.lookup.app, first.lookup.ref.value, again.cached) == (APP, link, True)
    assert again.lookup == first.lookup


@pytest.mark.parametrize(
    ("link", "said", "calls"),
    [
        (f"https://login.microsoftonline.com/a/authorize?client_id={GUID}", NotFound("None."), 2),
        (f"https://login.microsoftonline.com/a/authorize?client_id={GUID}", LIMIT, 1),
        ("https://accounts.google.com/auth?client_id=7.apps.googleusercontent.com", NotFound("None."), 1),
        (LINK, NotFound("None."), 1),
    ],
)
async def test_only_a_link_with_a_guid_that_is_not_known_is_asked_again(bench, link, said, calls):
    scene = Scene(bench, said)

    with pytest.raises(type(said)):
        await scene.ask(text=link)

    assert len(scene.api.asked) == calls


async def test_two_who_ask_at_once_share_one_call(bench):
    scene = Scene(bench, TAKEN)
    scene.api.gate = asyncio.Event()
    both = asyncio.gather(scene.ask(), scene.ask("UBEN"))
    other = asyncio.create_task(scene.ask(text=OTHER))
    await until(lambda: len(scene.api.asked) == 2)
    scene.api.gate.set()
    await both
    await other

    assert sorted(scene.api.asked) == [GUID, OTHER]


async def test_what_is_analysed_is_asked_again_a_day_later_and_each_is_told_once(bench):
    scene = Scene(bench, TAKEN, TAKEN, KNOWN)
    look = (await scene.ask()).lookup
    assert look.state is AppLookupState.ANALYSING
    assert (await scene.ask("UBEN")).lookup.number == look.number

    assert await scene.governing.turn() == scene.clock.now() + ANALYSIS_INTERVAL_S
    assert await scene.turns(ANALYSIS_INTERVAL_S - 1) == 0
    assert await scene.turns(1) == 1
    assert scene.sender.told == []
    assert await scene.turns(ANALYSIS_INTERVAL_S) == 1
    assert scene.sender.told == [(user, "C1", AppLookupState.KNOWN) for user in ("UANA", "UBEN")]
    assert await scene.turns(ANALYSIS_INTERVAL_S) == 0
    assert len(scene.sender.told) == 2


async def test_who_asks_when_it_is_known_tells_the_others_as_well(bench):
    scene = Scene(bench, TAKEN, KNOWN)
    await scene.ask()
    await scene.ask("UBEN")
    scene.clock.advance(ANALYSIS_INTERVAL_S)

    assert (await scene.ask("UBEN")).lookup.app == APP
    assert scene.woken == 1
    await scene.governing.turn()
    assert scene.sender.told == [("UANA", "C1", AppLookupState.KNOWN)]


async def test_the_days_limit_puts_all_off_and_loses_none(bench):
    scene = Scene(bench, TAKEN, TAKEN, LIMIT, LIMIT, KNOWN)
    await scene.ask()
    await scene.ask(text=OTHER)

    assert await scene.turns(ANALYSIS_INTERVAL_S) == 1
    assert await scene.turns(RETRY_S - 1) == 0
    assert await scene.turns(1) == 1
    assert await scene.turns(RETRY_S) == 2
    assert len(scene.sender.told) == 2


@pytest.mark.parametrize(
    ("error", "wait_s"),
    [
        (TryLater("Away.", status=503), RETRY_S),
        (TryLater("Busy.", status=429, retry_after_s=2 * RETRY_S), 2 * RETRY_S),
        (Refused("No.", status=401), REFUSED_RETRY_S),
    ],
)
async def test_trouble_puts_it_off_and_at_last_it_is_given_up(bench, error, wait_s):
    scene = Scene(bench, TAKEN, error)
    await scene.ask()

    assert await scene.turns(ANALYSIS_INTERVAL_S) == 1
    assert await scene.turns(wait_s - 1) == 0
    assert await scene.turns(1) == 1
    assert scene.sender.told == []
    await scene.turns(LOOKUP_TIMEOUT_S)
    assert scene.sender.told == [("UANA", "C1", AppLookupState.GIVEN_UP)]
    assert await scene.turns(LOOKUP_TIMEOUT_S) == 0


@pytest.mark.parametrize(
    ("said", "after_s", "state"),
    [
        (TAKEN, ANALYSIS_TIMEOUT_S, AppLookupState.GIVEN_UP),
        (NotFound("None."), ANALYSIS_INTERVAL_S, AppLookupState.UNKNOWN),
    ],
)
async def test_each_end_is_told(bench, said, after_s, state):
    scene = Scene(bench, TAKEN, said)
    await scene.ask()
    await scene.turns(after_s)
    assert scene.sender.told == [("UANA", "C1", state)]


async def test_who_can_not_be_told_now_is_told_later_but_not_for_ever(bench):
    scene = Scene(bench, TAKEN, KNOWN)
    await scene.ask()
    scene.sender.wait_s = 60.0
    await scene.turns(ANALYSIS_INTERVAL_S)
    await scene.turns(59)
    assert len(scene.sender.told) == 1
    for _ in range(20):
        await scene.turns(60)
    assert len(scene.sender.told) == MAX_TRIES


async def test_it_outlives_a_restart(bench):
    await Scene(bench, TAKEN).ask()
    later = Scene(bench, KNOWN)
    await later.turns(ANALYSIS_INTERVAL_S)
    assert later.sender.told == [("UANA", "C1", AppLookupState.KNOWN)]


@pytest.mark.parametrize(
    ("left", "told"),
    [([900, 899], None), ([1000, 99], 99), ([1000, 100], None), ([25, 5], 5), ([25, 6], None)],
)
async def test_calls_left_are_told_where_they_are_few(bench, left, told):
    scene = Scene(bench, *(AppLookupAnswer(app=APP, remaining=each) for each in left))
    await scene.ask()
    assert (await scene.ask(text=OTHER)).remaining == told


@pytest.mark.parametrize("error", [NotFound("None."), Refused("No.", status=403), LIMIT])
async def test_what_zscaler_does_not_answer_is_said_and_nothing_is_kept(bench, error):
    scene = Scene(bench, error, KNOWN)
    with pytest.raises(type(error)):
        await scene.ask()
    assert (await scene.ask()).lookup.number == 1


async def test_what_somebody_has_to_mend_is_in_the_log_and_the_days_limit_leaves_no_calls(bench, caplog):
    scene = Scene(bench, KNOWN, Refused("The key is not accepted (401).", status=401), LIMIT)
    await scene.ask()
    assert scene.governing.remaining == 900
    for error in (Refused, TryLater):
        with pytest.raises(error):
            await scene.ask(text=OTHER)

    assert scene.governing.remaining == 0
    assert ["not accepted (401)" in record.getMessage() for record in caplog.records] == [True]


async def test_only_who_may_is_answered_and_only_for_what_names_an_app(bench):
    scene = Scene(bench, KNOWN)
    number = (await scene.ask()).lookup.number
    bench.people.known["UGONE"] = Person(active=False)
    with pytest.raises(NotAllowed):
        await scene.ask("UGONE")
    with pytest.raises(NotAllowed):
        await scene.governing.app("UGONE", "C1", number)
    with pytest.raises(NotFound):
        await scene.governing.app("UANA", "C1", number + 1)
    with pytest.raises(UsageError):
        await scene.ask(text="OneDrive")
    assert len(scene.api.asked) == 1
