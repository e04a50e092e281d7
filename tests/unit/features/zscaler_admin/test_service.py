"""Looking after Zscaler: who may, that one dead part hides no other, and that a press counts once."""

import asyncio
import logging
from dataclasses import replace

import pytest

from bot.core.access import NO_ADMINS, USER_NOT_LISTED, ZSCALER_ADMINS_ONLY, Access
from bot.errors import AppscanError, Maintenance, NotAllowed, NotFound, Refused, Superseded, TryLater
from bot.features.verdicts.models import Quota
from bot.features.zscaler_admin.models import ActivationStatus, CallsLeft, Unavailable
from bot.features.zscaler_admin.service import (
    ACTIVATE_TIMEOUT_S,
    MAINTAINED,
    MAINTENANCE_S,
    NOT_CALLED,
    READ_TIMEOUT_S,
    SLOW,
    WAITS,
    CloudApis,
    ZscalerAdmin,
)
from tests.fakes import START, FakePeople, FakeWorkspace, HeldClock, until

ADMIN = ("UADMIN", "C1")
QUOTA = Quota(used=12, allowed=1000, scale="DAYS")
DOWN = TryLater("Zscaler can't be reached right now.")


LEFT = CallsLeft(endpoint="url_lookup", window="hour", left=399, allowed=400, paused_s=0.0)


class Cloud:
    """The cloud service API: what each call gives, ``None`` for silence."""

    def __init__(self):
        self.login_state, self.maintenance_at = "signed in by OAuth", None
        self.told = ActivationStatus.PENDING
        self.quotas = (QUOTA,)
        self.then = ActivationStatus.ACTIVE
        self.activations = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def left(self):
        return [LEFT]

    async def status(self):
        return await self._give(self.told)

    async def quota(self):
        return await self._give(self.quotas)

    async def activate(self):
        self.activations += 1
        await self.gate.wait()
        return await self._give(self.then)

    @staticmethod
    async def _give(what):
        if what is None:
            await asyncio.Event().wait()
        if isinstance(what, Exception):
            raise what
        return what


class Desk:
    def __init__(self, *, admins=("UADMIN",), cloud=True, sent=4, calls_left=985, **lists):
        self.clock = HeldClock()
        self.cloud = Cloud()
        self.sent = sent
        self.asked_since = []
        policy = Access(people=FakePeople(), workspace=FakeWorkspace(), admins=frozenset(admins))
        self.administration = ZscalerAdmin(
            policy=replace(policy, **{name: frozenset(of) for name, of in lists.items()}),
            clock=self.clock,
            cloud=CloudApis(state=self.cloud, activation=self.cloud, reports=self.cloud) if cloud else None,
            sent_since=self.sent_since if sent is not None else None,
            governance=(lambda: calls_left) if cloud else None,
        )

    async def sent_since(self, at):
        self.asked_since.append(at)
        return await Cloud._give(self.sent)


async def test_all_figures_are_told():
    services = Desk()

    found = await services.administration.overview(*ADMIN)

    assert found.cloud.login == "signed in by OAuth"
    assert found.cloud.maintenance_at is None
    assert found.cloud.activation is ActivationStatus.PENDING
    assert found.cloud.quotas == (QUOTA,)
    assert found.cloud.calls_left == (LEFT,)
    assert found.sandbox == 4
    assert services.asked_since == [START - 86_400]
    assert found.governance == 985


async def test_what_is_not_set_up_is_not_asked():
    found = await Desk(cloud=False, sent=None).administration.overview(*ADMIN)

    assert found.cloud is None
    assert found.sandbox is None
    assert found.governance is None


async def test_calls_left_are_unknown_before_the_first_call():
    found = await Desk(calls_left=None).administration.overview(*ADMIN)

    assert found.governance == Unavailable(problem=NOT_CALLED)


async def test_one_dead_part_hides_no_other():
    services = Desk(sent=AppscanError("The database can't be read."))
    services.cloud.told = DOWN

    found = await services.administration.overview(*ADMIN)

    assert found.cloud.activation == Unavailable(problem="Zscaler can't be reached right now.")
    assert found.cloud.quotas == (QUOTA,)
    assert found.sandbox == Unavailable(problem="The database can't be read.")


async def test_silence_is_not_waited_for():
    services = Desk()
    services.cloud.told = services.cloud.quotas = None

    looking = asyncio.create_task(services.administration.overview(*ADMIN))
    await until(lambda: services.clock.naps == [READ_TIMEOUT_S, READ_TIMEOUT_S])
    services.clock.advance(READ_TIMEOUT_S)
    found = await looking

    assert found.cloud.activation == found.cloud.quotas == Unavailable(problem=SLOW)
    assert found.sandbox == 4


@pytest.mark.parametrize(
    ("lists", "user", "told"),
    [
        ({"admins": ()}, "UADMIN", NO_ADMINS),
        ({}, "UDANA", ZSCALER_ADMINS_ONLY),
        ({"users": ("UELI",)}, "UDANA", USER_NOT_LISTED),
    ],
)
async def test_whoever_is_no_admin_by_name_is_refused_everything(lists, user, told):
    services = Desk(**lists)

    for ask in (
        services.administration.overview,
        services.administration.before_activating,
        services.administration.activate,
    ):
        with pytest.raises(NotAllowed) as refused:
            await ask(user, "C1")
        assert refused.value.user_message == told
    assert services.cloud.activations == 0


async def test_whether_changes_wait_is_told_before_activating():
    services = Desk()
    assert await services.administration.before_activating(*ADMIN) is ActivationStatus.PENDING

    services.cloud.told = DOWN
    assert await services.administration.before_activating(*ADMIN) == Unavailable(problem=DOWN.user_message)


async def test_where_the_login_is_refused_nothing_can_be_activated():
    services = Desk()
    services.cloud.told = Refused("Zscaler does not accept the bot's login (400).")

    found = await services.administration.before_activating(*ADMIN)

    assert found == Unavailable(
        problem="Zscaler does not accept the bot's login (400).", blocks_activation=True
    )


async def test_in_maintenance_that_was_met_lately_nothing_can_be_activated():
    services = Desk()
    services.cloud.maintenance_at = START
    barred = Unavailable(problem=WAITS, blocks_activation=True, maintenance_at=START)
    for told in (ActivationStatus.PENDING, Maintenance("Under maintenance.")):
        services.cloud.told = told
        assert await services.administration.before_activating(*ADMIN) == barred

    services.cloud.told = ActivationStatus.ACTIVE
    assert await services.administration.before_activating(*ADMIN) is ActivationStatus.ACTIVE
    services.cloud.told = ActivationStatus.PENDING
    services.clock.advance(MAINTENANCE_S)
    assert await services.administration.before_activating(*ADMIN) is ActivationStatus.PENDING


async def test_who_activated_is_in_the_log(caplog):
    caplog.set_level(logging.INFO)
    services = Desk()

    assert await services.administration.activate(*ADMIN) is ActivationStatus.ACTIVE

    assert "UADMIN activated all saved changes in Zscaler, which says ACTIVE" in caplog.text


async def test_a_second_press_within_the_minute_activates_nothing():
    services = Desk()
    await services.administration.activate(*ADMIN)

    services.clock.advance(59)
    with pytest.raises(Superseded, match="done already"):
        await services.administration.activate(*ADMIN)
    assert services.cloud.activations == 1

    services.clock.advance(1)
    await services.administration.activate(*ADMIN)
    assert services.cloud.activations == 2


async def test_two_presses_at_once_activate_once():
    services = Desk()
    services.cloud.gate.clear()
    first = asyncio.create_task(services.administration.activate(*ADMIN))
    await until(lambda: services.cloud.activations == 1)

    with pytest.raises(Superseded, match="being done right now"):
        await services.administration.activate(*ADMIN)
    services.cloud.gate.set()

    assert await first is ActivationStatus.ACTIVE
    assert services.cloud.activations == 1


@pytest.mark.parametrize(
    "trouble",
    [Maintenance("Zscaler is under maintenance (403)."), TryLater("edit lock (409)"), Refused("no (403)")],
)
async def test_what_was_not_done_is_told_and_can_be_tried_again(trouble, caplog):
    services = Desk()
    services.cloud.then = trouble

    with pytest.raises(type(trouble)) as told:
        await services.administration.activate(*ADMIN)
    assert told.value.user_message == (MAINTAINED if isinstance(trouble, Maintenance) else str(trouble))
    assert "UADMIN could not activate changes in Zscaler" in caplog.text

    services.cloud.then = ActivationStatus.IN_PROGRESS
    assert await services.administration.activate(*ADMIN) is ActivationStatus.IN_PROGRESS


async def test_silence_while_activating_is_told_as_not_known():
    services = Desk()
    services.cloud.then = None
    activating = asyncio.create_task(services.administration.activate(*ADMIN))
    await until(lambda: services.clock.naps == [ACTIVATE_TIMEOUT_S])
    services.clock.advance(ACTIVATE_TIMEOUT_S)

    with pytest.raises(AppscanError, match="not known whether the changes were activated"):
        await activating


async def test_without_the_cloud_service_api_there_is_nothing_to_activate():
    services = Desk(cloud=False)

    for ask in (services.administration.before_activating, services.administration.activate):
        with pytest.raises(NotFound, match="cloud service API is not set up"):
            await ask(*ADMIN)
