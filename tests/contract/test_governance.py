"""What the domain may count on from the reader of third-party apps, tried on the stand-in."""

import httpx
import pytest

from bot.errors import NotFound, Refused, TryLater
from bot.features.third_party_apps.models import Level
from bot.metrics import CountedClient
from bot.scanners.http.json_client import MAX_RESPONSE_BYTES
from bot.scanners.zscaler.third_party_apps import ThirdPartyAppsClient
from sandbox.clock import HeldClock
from sandbox.zscaler import ZscalerSandbox
from sandbox.zscaler.governance import ANALYSIS_S, ONEDRIVE_FREE_CLIENT

GUID = ONEDRIVE_FREE_CLIENT["clientId"]
POINT = "governance.app"


class Tenant:
    """A stand-in with its clock, and what asks it."""

    def __init__(self, zscaler, client):
        self.zscaler, self.client = zscaler, client
        self.governance = self.asking(zscaler.apptotal_key)

    def asking(self, key, *, timeout_s=20.0):
        return ThirdPartyAppsClient(self.client, self.zscaler.apptotal_url, key, timeout_s=timeout_s)


@pytest.fixture
async def tenant():
    async with ZscalerSandbox(clock=HeldClock()) as zscaler, httpx.AsyncClient() as client:
        yield Tenant(zscaler, client)


async def test_an_app_by_its_id(tenant):
    answer = await tenant.governance.app(app_id=GUID)
    assert (answer.app.name, answer.app.risk, answer.remaining) == ("OneDrive Free Client", Level.HIGH, 24)


async def test_a_link_arrives_sign_by_sign_as_it_was_asked(tenant):
    link = "https://example.com/ä b%20c/+;=&?client_id=1&x=#~é"
    tenant.zscaler.governance.add_app(ONEDRIVE_FREE_CLIENT, link)
    assert (await tenant.governance.app(url=link)).app is not None
    assert tenant.zscaler.governance_calls[-1].url == link
    assert tenant.zscaler.governance_calls[-1].app_id is None


async def test_what_is_taken_for_analysis_is_known_a_day_later(tenant):
    tenant.zscaler.governance.add_unknown("new-app-1")
    taken = await tenant.governance.app(app_id="new-app-1")
    assert (taken.app, taken.remaining) == (None, 24)
    tenant.zscaler.clock.advance(ANALYSIS_S)
    assert (await tenant.governance.app(app_id="new-app-1")).app.name == "new-app-1"


async def test_the_days_limit_is_told(tenant):
    for left in reversed(range(25)):
        assert (await tenant.governance.app(app_id=GUID)).remaining == left
    with pytest.raises(TryLater, match="day's limit") as limited:
        await tenant.governance.app(app_id=GUID)
    assert limited.value.status == 409


async def test_no_such_app_a_wrong_key_and_no_permission(tenant):
    with pytest.raises(NotFound, match=r"knows no such third-party app \(404\)"):
        await tenant.governance.app(app_id="unknown-1")
    with pytest.raises(Refused, match=r"does not accept the key .* \(401\)"):
        await tenant.asking("wrong").app(app_id=GUID)
    tenant.zscaler.world.governance_allowed = False
    with pytest.raises(Refused, match=r"may not ask this \(403\)"):
        await tenant.governance.app(app_id=GUID)


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ({"status": 400}, Refused, "can't make sense of that app ID or link (400)"),
        ({"status": 302, "location": "https://elsewhere.example/"}, Refused, "leads elsewhere (302)"),
        ({"status": 407}, Refused, "wants a login (407)"),
        ({"status": 418}, Refused, "said no (418)"),
        ({"status": 408}, TryLater, "right now (408)"),
        ({"status": 429, "retry_after": 30}, TryLater, "too many questions"),
        ({"status": 500}, TryLater, "right now (500)"),
        ({"status": 503}, TryLater, "right now (503)"),
        ({"status": 204}, TryLater, "no answer about a third-party app (204)"),
        ({"status": 200, "body": "<html>login</html>"}, TryLater, "no answer about a third-party app (200)"),
        ({"status": 200, "body": '{"name":"One'}, TryLater, "no answer about a third-party app (200)"),
        ({"status": 200, "body": "[" * 9999}, TryLater, "no answer about a third-party app (200)"),
        ({"status": 200, "body": '{"name":null}'}, TryLater, "no answer about a third-party app (200)"),
        (
            {"status": 200, "body": " " * (MAX_RESPONSE_BYTES + 1)},
            TryLater,
            "no answer about a third-party app",
        ),
        ({"answer_lost": True}, TryLater, "can't be reached"),
        ({"drop": True}, TryLater, "can't be reached"),
        ({"drop": True, "reset": True}, TryLater, "can't be reached"),
    ],
)
async def test_each_trouble_has_its_sentence_and_none_tells_the_key(tenant, caplog, fault, error, said):
    caplog.set_level("DEBUG")
    tenant.zscaler.faults.add(POINT, **fault)
    with pytest.raises(error) as raised:
        await tenant.governance.app(app_id=GUID)
    assert said in raised.value.user_message
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    told = [raised.value.user_message, str(raised.value), caplog.text]
    assert tenant.zscaler.apptotal_key not in "".join(told)
    if fault.get("retry_after"):
        assert raised.value.retry_after_s == 30


async def test_calls_are_counted_without_what_was_asked(tenant):
    counted = []
    async with CountedClient(lambda endpoint, status: counted.append((endpoint, status))) as client:
        asking = ThirdPartyAppsClient(client, tenant.zscaler.apptotal_url, tenant.zscaler.apptotal_key)
        await asking.app(app_id=GUID)
        tenant.zscaler.faults.add(POINT, drop=True)
        with pytest.raises(TryLater):
            await asking.app(app_id=GUID)
    assert counted == [("governance", 200), ("governance", None)]


async def test_cookies_pile_up_in_no_request(tenant):
    tenant.zscaler.faults.add(POINT, headers={"Set-Cookie": f"one={'v' * 1000}; Path=/"})
    async with CountedClient(lambda *_: None) as client:
        await ThirdPartyAppsClient(client, tenant.zscaler.apptotal_url, tenant.zscaler.apptotal_key).app(
            app_id=GUID
        )
        assert "Cookie" not in client.build_request("GET", tenant.zscaler.apptotal_url).headers
        assert list(client.cookies.jar) == []


async def test_nobody_waits_long(tenant):
    tenant.zscaler.faults.add(POINT, hold=True)
    with pytest.raises(TryLater, match="TimeoutError"):
        await tenant.asking(tenant.zscaler.apptotal_key, timeout_s=0.05).app(app_id=GUID)


async def test_calls_left_that_make_no_sense_are_left_out(tenant):
    tenant.zscaler.faults.add(POINT, headers={"X-Rate-Limit-Remaining": "many"})
    assert (await tenant.governance.app(app_id=GUID)).remaining is None
