"""What the domain may count on from Zscaler's cloud service, tried on the stand-in, with both logins."""

import asyncio
import json
import logging
import ssl
from contextlib import asynccontextmanager

import httpx
import pytest

from bot.config.env import Secret
from bot.config.zscaler import CloudSettings, OAuthLogin, SessionLogin
from bot.errors import Maintenance, NotFound, Refused, SubmissionError, TryLater
from bot.features.hosts.models import BATCH
from bot.features.verdicts.models import ReportStatus, Threat
from bot.features.zscaler_admin.models import ActivationStatus
from bot.metrics import Metrics
from bot.scanners.http.json_client import MAX_RESPONSE_BYTES
from bot.scanners.zscaler.activation import Activation
from bot.scanners.zscaler.auth.oauth import KEYS_S, OAuthAuth
from bot.scanners.zscaler.auth.session import GOODBYE_S, HELD_S, SessionAuth
from bot.scanners.zscaler.categories import UrlCategoriesApi
from bot.scanners.zscaler.client import LOCK_S, LOCK_TIMES, CloudClient, HttpClient
from bot.scanners.zscaler.maintenance import PAUSE_S, ReadOnly
from bot.scanners.zscaler.reports import Reports
from bot.scanners.zscaler.status_codes import Endpoint
from bot.wiring.zscaler import open_cloud
from sandbox.clock import HeldClock
from sandbox.zscaler import ZscalerSandbox
from tests.certificates import Authority
from tests.fakes import until
from tests.secrecy import Log

MD5 = "0cc175b9c0f1b6a831c399e269772661"


class Tenant:
    """A stand-in with its clock, and the bot's side of it; ``clock`` is the bot's where it is another."""

    def __init__(self, zscaler: ZscalerSandbox, client: httpx.AsyncClient, clock: HeldClock) -> None:
        self.zscaler = zscaler
        self.clock = clock
        self.client = client
        self.read_only = ReadOnly(clock)
        self.caller = HttpClient(client, zscaler.api_url)

    def by_oauth(self, **others: object) -> CloudClient:
        login = {"scope": self.zscaler.scope, "client_secret": self.zscaler.client_secret} | others
        oauth = OAuthAuth(
            self.client, self.zscaler.token_url, self.zscaler.client_id, clock=self.clock, **login
        )
        return self._cloud(oauth)

    def by_session(self, **others: str) -> CloudClient:
        zscaler = self.zscaler
        login = {"username": zscaler.username, "password": zscaler.password, "api_key": zscaler.api_key}
        session = SessionAuth(self.caller, **(login | others), clock=self.clock, read_only=self.read_only)
        return self._cloud(session)

    def _cloud(self, login: OAuthAuth | SessionAuth) -> CloudClient:
        return CloudClient(self.caller, login, clock=self.clock, read_only=self.read_only)

    def logins(self) -> list[tuple[str, bool]]:
        return [(login.way, login.accepted) for login in self.zscaler.logins]


@asynccontextmanager
async def a_tenant(clock=None, **more):
    held = HeldClock(1_795_310_785.252)
    async with ZscalerSandbox(clock=held, **more) as zscaler, httpx.AsyncClient() as client:
        yield Tenant(zscaler, client, clock or held)


@pytest.fixture
async def tenant():
    async with a_tenant() as tenant:
        yield tenant


@pytest.fixture(params=["oauth", "session"])
def cloud(request, tenant):
    return tenant.by_oauth() if request.param == "oauth" else tenant.by_session()


@pytest.fixture
def signed_in(tenant):
    """The cloud of what is the same for both logins."""
    return tenant.by_oauth()


async def refusal(awaited) -> SubmissionError:
    with pytest.raises(SubmissionError) as caught:
        await awaited
    return caught.value


# What is asked


async def test_both_logins_ask_everything(tenant, cloud):
    zscaler = tenant.zscaler
    zscaler.world.categories["bad.example"] = (("OTHER_BUSINESS",), ("PHISHING",))
    assert cloud.login_state == "not signed in yet"

    assert await Activation(cloud).status() is ActivationStatus.ACTIVE
    (found,) = await UrlCategoriesApi(cloud).look_up(["http://bad.example/x"])
    assert (found.categories, found.alerts) == (("OTHER_BUSINESS",), ("PHISHING",))
    assert (await Reports(cloud).report(MD5)).status is ReportStatus.NOT_FOUND
    (quota,) = await Reports(cloud).quota()
    assert (quota.used, quota.unused, quota.scale) == (1, 999, "DAYS")
    zscaler.world.activation = "PENDING"
    assert await Activation(cloud).status() is ActivationStatus.PENDING
    assert await Activation(cloud).activate() is ActivationStatus.ACTIVE

    assert len(tenant.logins()) == 1
    assert cloud.login_state in {"signed in by OAuth", "session since 2026-11-22 01:26 UTC"}
    assert zscaler.cached_risks == []


async def test_a_verdict_and_its_risks(tenant, signed_in):
    risks = [("HIGH", "Steals contacts"), ("LOW", "Uses reflection")]
    tenant.zscaler.verdict_for(None, type="MALICIOUS", malware="Android.Joker", risks=risks)
    async with httpx.AsyncClient() as client:
        url = f"{tenant.zscaler.sandbox_url}/submit?api_token={tenant.zscaler.sandbox_token}&force=0"
        apk = b"PK\x03\x04" + b"\0" * 26 + b"\x00AndroidManifest.xml"
        md5 = (await client.post(url, content=apk)).json()["md5"]

    assert (await Reports(signed_in).report(md5)).status is ReportStatus.IN_PROGRESS
    tenant.clock.advance(600)
    verdict = (await Reports(signed_in).report(md5)).verdict
    full = (await Reports(signed_in).report(md5, full=True)).verdict

    assert verdict is not None
    assert full is not None
    assert (verdict.threat, verdict.score, verdict.category) == (Threat.MALICIOUS, 100, "MALWARE_BOTNET")
    assert (verdict.malware, verdict.duration_s, verdict.is_full) == ("Android.Joker", 600, False)
    assert [(risk.level, risk.signature) for risk in full.risks] == risks
    assert full.is_full


async def test_many_urls_go_in_batches_at_the_pace_that_is_published(tenant, signed_in):
    urls = [f"host-{number}.example" for number in range(2 * BATCH + 1)]
    looking = asyncio.create_task(UrlCategoriesApi(signed_in).look_up(urls))
    for _ in range(2):
        await tenant.clock.asleep(2)  # the turn, and the bound on waiting for it
        tenant.clock.advance(1.2)

    assert [each.url for each in await looking] == urls
    assert [len(look_up.urls) for look_up in tenant.zscaler.look_ups] == [100, 100, 1]
    assert [call.status for call in tenant.zscaler.calls if call.point == "cloud.lookup"] == [200] * 3


# Signing in by OAuth 2.0


@pytest.mark.parametrize("form", [False, True])
async def test_a_token_is_kept_until_shortly_before_its_end(tenant, form):
    activation = Activation(tenant.by_oauth(form=form))
    for wait_s, tokens in ((7138, 1), (2, 2)):
        await activation.status()
        tenant.clock.advance(wait_s)
        await activation.status()
        assert tenant.zscaler.count("oauth.token") == tokens


async def test_many_who_wait_ask_for_one_token(tenant, signed_in):
    held = tenant.zscaler.faults.add("oauth.token", hold=True)
    asking = [asyncio.create_task(signed_in.get(Endpoint.STATUS)) for _ in range(2)]
    await held.reached()
    held.release()

    assert await asyncio.gather(*asking) == [{"status": "ACTIVE"}] * 2
    assert tenant.logins() == [("oauth", True)]


@pytest.mark.parametrize("wrong", [{"client_secret": "another"}, {"scope": "zscaler.net::1::nobody"}])
async def test_a_client_that_is_not_known_is_told(tenant, wrong):
    cloud = tenant.by_oauth(**wrong)

    error = await refusal(cloud.get(Endpoint.STATUS))

    assert type(error) is Refused
    assert "`ZSCALER_CLIENT_ID`, `ZSCALER_CLIENT_SECRET`" in error.user_message
    assert "scope" in error.user_message
    assert cloud.login_state == f"refused: {error.user_message}"


async def test_a_client_that_is_shut_out_is_told_and_a_server_that_is_away_is_waited_for(tenant, signed_in):
    tenant.zscaler.faults.add("oauth.token", status=401)
    tenant.zscaler.faults.add("oauth.token", status=503, retry_after=7)

    assert "client ID and secret (401)" in (await refusal(signed_in.get(Endpoint.STATUS))).user_message
    error = await refusal(signed_in.get(Endpoint.STATUS))
    assert (type(error), error.retry_after_s) == (TryLater, 7)
    assert signed_in.login_state == f"not signed in: {error.user_message}"
    assert await signed_in.get(Endpoint.STATUS)


async def test_a_kept_token_that_is_refused_is_made_anew(tenant, signed_in):
    await signed_in.get(Endpoint.QUOTA)
    tenant.zscaler.authorization.revoke()

    assert await signed_in.get(Endpoint.STATUS) == {"status": "ACTIVE"}
    assert tenant.zscaler.count("oauth.token") == 2


async def test_a_fresh_token_that_is_refused_is_sent_again_after_a_minute_and_nothing_waits_for_that(tenant):
    tenant.zscaler.authorization.keys_cached_s = KEYS_S
    cloud, other = tenant.by_oauth(), tenant.by_session()
    asking = asyncio.create_task(cloud.get(Endpoint.QUOTA))
    await tenant.clock.asleep()
    assert "after a minute" in cloud.login_state

    assert await other.get(Endpoint.STATUS) == {"status": "ACTIVE"}
    looking = asyncio.create_task(cloud.get(Endpoint.REPORT, MD5))  # with the same login
    await tenant.clock.asleep(2)
    assert not asking.done()
    tenant.clock.advance(KEYS_S)

    assert (await asking)[0]["used"] >= 0
    assert "Summary" in await looking
    assert tenant.zscaler.count("oauth.token") == 1  # a newer one could only be refused for longer
    assert cloud.login_state == "signed in by OAuth"


async def test_a_token_that_is_refused_twice_is_a_clear_no(tenant, signed_in):
    tenant.zscaler.authorization.keys_cached_s = 2 * KEYS_S
    asking = asyncio.create_task(signed_in.get(Endpoint.STATUS))
    await tenant.clock.asleep()
    tenant.clock.advance(KEYS_S)

    error = await refusal(asking)

    assert (type(error), error.status) == (Refused, 401)
    assert "API role" in error.user_message
    assert signed_in.login_state == f"refused: {error.user_message}"
    assert [call.status for call in tenant.zscaler.calls if call.point == "cloud.status"] == [401, 401]


# Signing in by a session


async def test_a_session_is_kept_and_made_anew_only_on_401(tenant):
    cloud = tenant.by_session()
    await cloud.get(Endpoint.STATUS)
    tenant.clock.advance(299)
    await cloud.get(Endpoint.STATUS)
    assert len(tenant.logins()) == 1
    tenant.clock.advance(300)
    assert "ended by now" in cloud.login_state
    await cloud.get(Endpoint.STATUS)

    assert tenant.logins() == [("session", True)] * 2
    assert [call.status for call in tenant.zscaler.calls if call.point == "cloud.status"] == [
        200,
        200,
        401,
        200,
    ]


async def test_many_who_need_a_session_make_one(tenant):
    cloud = tenant.by_session()
    endpoints = (Endpoint.STATUS, Endpoint.QUOTA)
    await asyncio.gather(*(cloud.get(endpoint) for endpoint in endpoints))
    assert len(tenant.logins()) == 1
    tenant.clock.advance(301)

    held = tenant.zscaler.faults.add("cloud.login", hold=True)
    asking = [asyncio.create_task(cloud.get(endpoint)) for endpoint in endpoints]
    await until(lambda: tenant.zscaler.count("cloud.status") + tenant.zscaler.count("cloud.quota") >= 4)
    held.release()
    await asyncio.gather(*asking)

    assert len(tenant.logins()) == 2


async def test_many_who_need_a_session_learn_of_one_failure(tenant):
    cloud = tenant.by_session()
    held = tenant.zscaler.faults.add("cloud.login", hold=True, status=503)
    asking = [asyncio.create_task(cloud.get(Endpoint.STATUS)) for _ in range(5)]
    await held.reached()
    held.release()
    errors = await asyncio.gather(*asking, return_exceptions=True)

    assert [type(error) for error in errors] == [TryLater] * 5
    assert tenant.zscaler.count("cloud.login") == 1
    assert await cloud.get(Endpoint.STATUS)


@pytest.mark.parametrize("wrong", ["username", "password", "api_key"])
async def test_a_wrong_login_is_told_and_not_repeated_at_once(tenant, wrong):
    cloud = tenant.by_session(**{wrong: "notthatone12"})

    error = await refusal(cloud.get(Endpoint.STATUS))
    again = await refusal(cloud.get(Endpoint.STATUS))

    assert (type(error), error.status, again) == (Refused, 400, error)
    for name in ("`ZSCALER_USERNAME`", "`ZSCALER_PASSWORD`", "`ZSCALER_API_KEY`"):
        assert name in error.user_message
    assert cloud.login_state == f"refused: {error.user_message}"
    assert len(tenant.logins()) == 1
    tenant.clock.advance(HELD_S)
    await refusal(cloud.get(Endpoint.STATUS))
    assert len(tenant.logins()) == 2


@pytest.mark.parametrize(
    ("off_s", "told"),
    [
        (7_300, "2.0 hours ahead of"),
        (-3 * 3600, "3.0 hours behind"),
        (-40 * 86_400, "40 days behind"),
        (3600, None),
    ],
)
async def test_a_clock_that_is_off_is_told(off_s, told):
    async with a_tenant() as tenant:
        tenant.clock = HeldClock(tenant.zscaler.clock.now() + off_s)
        cloud = tenant.by_session(password="another one")

        words = (await refusal(cloud.get(Endpoint.STATUS))).user_message

    assert (f"clock of the bot's machine is {told} Zscaler's" in words) is (told is not None)
    assert ("`ZSCALER_PASSWORD`" in words) is (told is None)


async def test_a_clock_that_was_set_right_is_not_waited_for():
    async with a_tenant() as tenant:
        tenant.clock = HeldClock(tenant.zscaler.clock.now() + 3 * 3600)
        cloud = tenant.by_session()
        await refusal(cloud.get(Endpoint.STATUS))

        tenant.clock.advance(-3 * 3600)
        await refusal(cloud.get(Endpoint.STATUS))
        tenant.clock.advance(HELD_S)
        assert await cloud.get(Endpoint.STATUS)


async def test_a_session_that_is_not_kept_is_a_clear_no(tenant):
    cloud = tenant.by_session()
    tenant.zscaler.faults.add("cloud.status", status=401, error="SESSION_NOT_VALID", times=2)

    error = await refusal(cloud.get(Endpoint.STATUS))

    assert (type(error), error.status) == (Refused, 401)
    assert "same user" in error.user_message
    assert len(tenant.logins()) == 2
    assert cloud.login_state == f"refused: {error.user_message}"

    assert await refusal(cloud.get(Endpoint.STATUS)) == error
    assert len(tenant.logins()) == 2  # nobody signs in over and over
    tenant.clock.advance(HELD_S)
    assert await cloud.get(Endpoint.STATUS)


@pytest.mark.parametrize(
    "cookie", ["", "OTHER=1", "JSESSIONID=", "JSESSIONID=a b", "JSESSIONID=" + "a" * 2000, "XJSESSIONID=a"]
)
async def test_a_yes_without_a_session_is_no_zscaler(tenant, cookie):
    tenant.zscaler.faults.add("cloud.login", value="early", headers={"Set-Cookie": cookie})

    error = await refusal(tenant.by_session().get(Endpoint.STATUS))

    assert type(error) is Refused
    assert "not Zscaler's API" in error.user_message


async def test_other_answers_to_a_login(tenant):
    cloud = tenant.by_session()
    said = []
    for status in (403, 404, 302, 429):
        tenant.zscaler.faults.add("cloud.login", status=status)
        error = await refusal(cloud.get(Endpoint.STATUS))
        said.append((type(error), error.status))
        tenant.clock.advance(HELD_S)

    assert said == [(Refused, 403), (Refused, 404), (Refused, 302), (TryLater, 429)]
    assert await cloud.get(Endpoint.STATUS)


async def test_the_cookie_goes_with_the_bots_own_calls_alone(tenant):
    await tenant.by_session().get(Endpoint.STATUS)

    assert len(tenant.client.cookies) == 0


@pytest.mark.parametrize("activation", ["ACTIVE", "PENDING", "INPROGRESS"])
async def test_it_logs_out_only_where_nothing_becomes_active_by_that(tenant, activation):
    cloud = tenant.by_session()
    await cloud.get(Endpoint.STATUS)
    tenant.zscaler.world.activation = activation

    await cloud.auth.close()
    await cloud.auth.close()  # harmless

    assert len(tenant.zscaler.logouts) == (activation == "ACTIVE")
    assert tenant.zscaler.world.activation == activation


async def test_in_maintenance_nobody_signs_out(tenant):
    cloud = tenant.by_session()
    await cloud.get(Endpoint.QUOTA)
    tenant.zscaler.world.in_maintenance = True
    await refusal(Activation(cloud).activate())

    await cloud.auth.close()

    assert tenant.zscaler.count("cloud.status") + tenant.zscaler.count("cloud.logout") == 0


async def test_without_a_session_there_is_no_logging_out(tenant, caplog):
    await tenant.by_session().auth.close()
    by_oauth = tenant.by_oauth()
    await by_oauth.get(Endpoint.STATUS)
    await by_oauth.auth.close()
    ended = tenant.by_session()
    await ended.get(Endpoint.QUOTA)
    tenant.clock.advance(301)
    await ended.auth.close()

    assert tenant.zscaler.count("cloud.logout") == 0
    assert "not signed out" not in caplog.text  # there was nothing to sign out of


async def test_logging_out_takes_three_seconds_at_most_and_raises_nothing(tenant):
    for fault in ({"status": 503}, {"drop": True}, {"body": "<html>"}, {"hold": True}):
        cloud = tenant.by_session()
        await cloud.get(Endpoint.QUOTA)
        tenant.clock.advance(2)
        tenant.zscaler.faults.add("cloud.status", **fault)
        closing = asyncio.create_task(cloud.auth.close())
        if "hold" in fault:
            await tenant.clock.asleep()
            tenant.clock.advance(GOODBYE_S)
        await closing

    assert tenant.zscaler.logouts == []


# Maintenance


async def test_in_maintenance_questions_go_on_and_the_rest_waits(tenant, signed_in):
    await signed_in.get(Endpoint.STATUS)
    tenant.zscaler.world.in_maintenance = True

    errors = [await refusal(UrlCategoriesApi(signed_in).look_up(["a.example"])) for _ in range(2)]
    assert [type(error) for error in errors] == [Maintenance, Maintenance]
    assert "under maintenance" in errors[0].user_message
    assert 0 < errors[1].retry_after_s <= PAUSE_S
    assert tenant.zscaler.count("cloud.lookup") == 1  # the second was not even tried
    assert type(await refusal(Activation(signed_in).activate())) is Maintenance
    assert signed_in.maintenance_at is not None
    assert await Activation(signed_in).status() is ActivationStatus.ACTIVE

    tenant.clock.advance(PAUSE_S)
    assert type(await refusal(Activation(signed_in).activate())) is Maintenance
    assert tenant.zscaler.count("cloud.activate") == 1  # tried again
    tenant.zscaler.world.in_maintenance = False
    tenant.clock.advance(PAUSE_S)
    assert await UrlCategoriesApi(signed_in).look_up(["a.example"])
    assert signed_in.maintenance_at is None


async def test_in_maintenance_nobody_signs_in_anew(tenant):
    cloud = tenant.by_session()
    tenant.zscaler.world.in_maintenance = True

    errors = [await refusal(cloud.get(Endpoint.STATUS)) for _ in range(2)]

    assert [type(error) for error in errors] == [Maintenance, Maintenance]
    assert cloud.login_state == f"not signed in: {errors[0].user_message}"
    assert tenant.zscaler.count("cloud.login") == 1
    tenant.zscaler.world.in_maintenance = False
    tenant.clock.advance(PAUSE_S)
    assert await cloud.get(Endpoint.STATUS)
    assert cloud.maintenance_at is None


# Statuses


async def test_an_edit_lock_is_waited_for(tenant, signed_in):
    tenant.zscaler.edit_locked(times=2)
    activating = asyncio.create_task(Activation(signed_in).activate())
    for _ in range(2):
        await tenant.clock.asleep()
        tenant.clock.advance(LOCK_S)

    assert await activating is ActivationStatus.ACTIVE
    assert tenant.zscaler.count("cloud.activate") == 3


async def test_an_edit_lock_that_stays_is_told(tenant, signed_in):
    tenant.zscaler.edit_locked(times=99)
    activating = asyncio.create_task(Activation(signed_in).activate())
    for _ in range(LOCK_TIMES):
        await tenant.clock.asleep()
        tenant.clock.advance(LOCK_S)

    error = await refusal(activating)
    assert type(error) is TryLater
    assert "editing" in error.user_message
    assert tenant.zscaler.count("cloud.activate") == LOCK_TIMES + 1


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (302, Refused, "`ZSCALER_API_URL`"),
        (400, Refused, "make sense"),
        (403, Refused, "functional scope"),
        (404, Refused, "`ZSCALER_CLOUD`"),
        (407, Refused, "proxy"),
        (408, TryLater, "right now"),
        (409, Refused, "said no (409)"),
        (415, Refused, "(415)"),
        (418, Refused, "said no (418)"),
        (500, TryLater, "right now"),
        (503, TryLater, "right now (503)"),
    ],
)
async def test_each_status_has_its_sentence(tenant, signed_in, status, kind, said):
    tenant.zscaler.faults.add("cloud.status", status=status, error="their words")

    error = await refusal(Activation(signed_in).status())

    assert (type(error), error.status) == (kind, status)
    assert said in error.user_message
    assert "their words" not in f"{error!r} {error} {vars(error)} {error.user_message}"
    assert (error.__cause__, error.__context__) == (None, None)


async def test_what_may_not_be_done_is_named(tenant, signed_in):
    tenant.zscaler.faults.add("cloud.*", status=403, times=3)

    said = [
        (await refusal(asked)).user_message
        for asked in (
            UrlCategoriesApi(signed_in).look_up(["a.example"]),
            Reports(signed_in).report(MD5),
            Activation(signed_in).activate(),
        )
    ]

    assert ["look up URLs (403)" in said[0], "Sandbox's reports" in said[1], "activate changes" in said[2]]
    assert all("role that the bot signs in with" in words for words in said)


async def test_no_such_report(tenant, signed_in):
    tenant.zscaler.faults.add("cloud.report", status=404, times=2)

    assert (await Reports(signed_in).report(MD5)).status is ReportStatus.NOT_FOUND
    with pytest.raises(NotFound):
        await signed_in.get(Endpoint.REPORT, MD5)


@pytest.mark.parametrize(
    ("body", "header", "wait_s"),
    [
        ({"message": "no", "Retry-After": "12 seconds"}, None, 12),
        ({"message": "no", "Retry-After": "0 seconds"}, None, 1),
        ({"Retry-After": 90}, 5, 90),
        ({"Retry-After": "86400 seconds"}, None, 3600),
        ({"Retry-After": "soon"}, 5, 5),
        ({"Retry-After": ["1"]}, None, 60),
        ("<html>", 7200, 3600),
        ([], None, 60),
    ],
)
async def test_too_many_calls_pause_the_endpoint_as_long_as_is_asked(tenant, signed_in, body, header, wait_s):
    body = body if isinstance(body, str) else json.dumps(body)
    tenant.zscaler.faults.add("cloud.quota", status=429, body=body, retry_after=header)

    error = await refusal(signed_in.get(Endpoint.QUOTA))

    assert (type(error), error.retry_after_s) == (TryLater, wait_s)
    assert {left.paused_s for left in signed_in.left() if left.endpoint is Endpoint.QUOTA} == {wait_s}
    assert await signed_in.get(Endpoint.STATUS)  # another endpoint
    if wait_s > 30:
        later = await refusal(signed_in.get(Endpoint.QUOTA))
        assert (type(later), later.retry_after_s) == (TryLater, wait_s)
        assert tenant.zscaler.count("cloud.quota") == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"body": "<html>Sign in</html>", "content_type": "text/html"}, "web page"),
        ({"body": "\n <!doctype html>"}, "web page"),
        ({"body": ""}, "makes no sense"),
        ({"body": "null"}, "makes no sense"),
        ({"body": '{"status":'}, "makes no sense"),
        ({"body": "[]"}, "makes no sense"),
        ({"body": '{"status": 1}'}, "makes no sense"),
        ({"body": "[" * 100_000}, "makes no sense"),
        ({"content_length": 9999}, "broke off"),
        ({"drop": True}, "can't be reached"),
        ({"answer_lost": True}, "can't be reached"),
        ({"drop": True, "reset": True}, "can't be reached"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_an_answer_that_is_none_may_come_later(tenant, signed_in, fault, said):
    tenant.zscaler.faults.add("cloud.status", **fault)

    error = await refusal(Activation(signed_in).status())

    assert type(error) is TryLater
    assert said in error.user_message
    assert (error.__cause__, error.__context__) == (None, None)
    assert await Activation(signed_in).status()


async def test_an_answer_that_is_too_long_is_not_read(tenant, signed_in):
    tenant.zscaler.faults.add("cloud.status", body='"' + "x" * MAX_RESPONSE_BYTES + '"')

    assert "longer than the bot reads" in (await refusal(signed_in.get(Endpoint.STATUS))).user_message


async def test_redirects_are_not_followed(tenant, signed_in):
    async with a_tenant() as elsewhere:
        tenant.zscaler.faults.add("cloud.status", location=f"{elsewhere.zscaler.api_url}/status")

        assert type(await refusal(signed_in.get(Endpoint.STATUS))) is Refused
        assert elsewhere.zscaler.calls == []


async def test_an_answer_that_never_comes_is_waited_for_only_so_long(tenant):
    tenant.caller = HttpClient(tenant.client, tenant.zscaler.api_url, timeout_s=0.2)
    tenant.zscaler.faults.add("cloud.status", hold=True)

    assert type(await refusal(tenant.by_oauth().get(Endpoint.STATUS))) is TryLater


async def test_nobody_at_home():
    async with a_tenant() as tenant:
        pass
    async with httpx.AsyncClient() as client:
        tenant.caller = HttpClient(client, tenant.zscaler.api_url)

        assert type(await refusal(tenant.by_session().get(Endpoint.STATUS))) is TryLater


async def test_a_certificate_that_nobody_signed_is_a_clear_no(tmp_path):
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=Authority(tmp_path).server(signed=False))
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    errors = []
    async with server, httpx.AsyncClient() as client:
        clock = HeldClock()
        read_only, caller = ReadOnly(clock), HttpClient(client, url)
        session = SessionAuth(caller, "user", "password", "abcdefghijkl", clock=clock, read_only=read_only)
        oauth = OAuthAuth(client, f"{url}/token", "id", "secret", scope="scope", clock=clock)
        for login in (session, oauth):
            cloud = CloudClient(caller, login, clock=clock, read_only=read_only)
            errors.append(await refusal(cloud.get(Endpoint.STATUS)))

    assert [type(error) for error in errors] == [Refused, Refused]
    assert all("certificate does not check out" in error.user_message for error in errors)
    assert all("self" in str(error) and "signed" in str(error) for error in errors)


# Together


@pytest.mark.parametrize("by", ["oauth", "session"])
async def test_it_is_opened_as_the_settings_have_it_and_signed_out_of_at_the_end(tenant, by):
    zscaler, metrics = tenant.zscaler, Metrics(fresh_s=0)
    if by == "oauth":
        secret = Secret(zscaler.client_secret)
        login = OAuthLogin(
            token_url=zscaler.token_url,
            client_id=zscaler.client_id,
            client_secret=secret,
            client_auth="form",
            scope=zscaler.scope,
        )
    else:
        secrets = {"password": Secret(zscaler.password), "api_key": Secret(zscaler.api_key)}
        login = SessionLogin(username=zscaler.username, **secrets)
    settings = CloudSettings(url=zscaler.api_url, login=login)

    async with open_cloud(settings, tenant.clock, metrics, ssl.create_default_context()) as cloud:
        assert await Activation(cloud).status() is ActivationStatus.ACTIVE

    assert len(zscaler.logouts) == (by == "session")
    page = (await metrics.page()).decode()
    assert 'appscan_zscaler_calls_total{endpoint="status",status="200"}' in page
    assert f'{{endpoint="{"token" if by == "oauth" else "logout"}",status="200"}} 1.0' in page


# Secrets


async def test_no_log_and_no_error_shows_a_secret(tenant):
    zscaler = tenant.zscaler
    known = (zscaler.client_secret, zscaler.password, zscaler.api_key)
    clouds = (tenant.by_oauth(), tenant.by_oauth(form=True), tenant.by_session())
    told = []
    levels = {name: logging.getLogger(name).level for name in ("httpcore", "httpx")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    with Log(known) as log:
        for cloud in clouds:
            await cloud.get(Endpoint.QUOTA)
            tenant.clock.advance(2)
            zscaler.faults.add("cloud.status", drop=True)
            error = await refusal(cloud.get(Endpoint.STATUS))
            told.append(f"{cloud!r} {cloud.login_state} {error!r} {vars(error)}")
            await cloud.auth.close()
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    text = "\n".join([*log.lines, *told])

    assert "JSESSIONID=***" in text  # the answer to the login was logged, without it
    given = [*zscaler.authorization.given, *zscaler.sessions.given]  # obfuscated keys among them
    assert len(given) >= 4
    assert not [secret for secret in (*known, *given) if secret in text]
