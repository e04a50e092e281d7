"""Setting up Zscaler, seeing what came, and letting it fail, from another process."""

import asyncio

import httpx
import pytest

from sandbox.builds import make_apk
from sandbox.zscaler.server import POINTS

APK = make_apk(package="com.example.shop")


@pytest.fixture
def do(zscaler, client):
    async def act(verb, *, expect=200, **arguments):
        answer = await client.post(f"{zscaler.url}/control/{verb}", json=arguments)
        assert answer.status_code == expect, answer.text
        return answer.json()

    return act


async def test_the_tenant_is_set_up(zscaler, do, api, post):
    await do("set", report_s=0, keys_cached_s=0, activation="PENDING", submissions_a_day=1)
    await do("verdict", md5=None, type="SUSPICIOUS", risks=[["LOW", "Reads contacts"]])
    await do("categorize", host="Ads.Example", classifications=["ADWARE"], alerts=["ADWARE"])
    await do("app", names=["x"], told={"name": "X"})
    await do("known_bad", md5="A" * 32, name="EICAR_Test_File", type="Virus")
    md5 = (await post(APK)).json()["md5"]
    full = (await api.get(f"/sandbox/report/{md5}", params={"details": "full"})).json()["Full Details"]
    assert full["Classification"]["Type"] == "SUSPICIOUS"
    assert full["System Summary"][0]["Signature"] == "Reads contacts"
    assert (await api.get("/status")).json() == {"status": "PENDING"}
    assert (await post(APK)).status_code == 429
    assert zscaler.world.classify("ads.example")["urlClassifications"] == ["ADWARE"]
    (taken,) = (await do("log", of="submissions"))["log"]
    assert (taken["md5"].upper(), taken["way"]) == (md5, "submit")
    assert (await do("wait", submissions=1, calls=4))["submissions"] == 1
    calls = (await do("calls", since=1))["calls"]
    assert [call["point"] for call in calls[:2]] == ["sandbox.submit", "cloud.report"]
    await do("set", expect=400, activation="BROKEN")
    await do("set", expect=400, nothing=1)
    await do("log", expect=400, of="secrets")


async def test_tokens_and_sessions_are_ended(do, api):
    info = await do("info")
    assert len(info["api_key"]) == 12
    await do("revoke")
    assert (await api.get("/status")).status_code == 401


async def test_every_point_can_be_wedged(zscaler, do, client):
    number = (await do("fault", point="*", hold=True, times=None))["number"]
    urls = [zscaler.token_url, zscaler.sandbox_url + "/submit", zscaler.api_url + "/urlLookup"]
    wedged = [asyncio.create_task(client.post(url)) for url in urls]
    wedged.append(asyncio.create_task(client.get(zscaler.apptotal_url + "/apps/app")))
    await zscaler.until(lambda: zscaler.faults.rule(number).used == 4)
    assert not any(task.done() for task in wedged)
    await do("release", number=number)
    assert [answer.status_code for answer in await asyncio.gather(*wedged)] == [400, 401, 401, 401]


async def test_connections_break_and_answers_are_something_else(zscaler, do, client, api):
    await do("fault", point="cloud.status", drop=True, reset=True)
    with pytest.raises(httpx.ReadError):
        await api.get("/status")
    await do("fault", point="cloud.status", content_length=500)
    with pytest.raises(httpx.RemoteProtocolError):
        await api.get("/status")
    await do("fault", point="cloud.status", body="<html>", content_type="text/html")
    assert (await api.get("/status")).text == "<html>"
    await do("fault", point="oauth.token", status=400, error="server_error")
    assert (await client.post(zscaler.token_url)).json() == {"error": "server_error"}
    await do("fault", point="governance.app", status=403, error="no")
    assert (await client.get(zscaler.apptotal_url + "/apps/app")).json() == {"message": "no"}


async def test_a_file_is_lost_on_the_way_or_its_answer_is(zscaler, do, post):
    await do("fault", point="sandbox.submit", cut_after=10)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await post(APK)
    await do("fault", point="sandbox.submit", status=503)
    assert (await post(APK)).status_code == 503
    assert not zscaler.submissions
    await do("fault", point="sandbox.submit", answer_lost=True)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await post(APK)
    assert len(zscaler.submissions) == 1


async def test_each_point_is_told_with_its_fields(do):
    told = (await do("points"))["points"]
    assert told == {point.name: sorted(point.fields) for point in POINTS}
