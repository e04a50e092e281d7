"""Seeing what OneTrust was sent, and letting it fail, from another process."""

import asyncio
import json

import httpx
import pytest

from sandbox.builds import make_apk
from sandbox.onetrust import OneTrustSandbox

FIELDS = json.dumps({"name": "Shop", "platform": "ANDROID"})
BUILD = [("file", ("shop.apk", make_apk(package="com.example.shop"))), ("dataFields", (None, FIELDS))]


@pytest.fixture
async def onetrust():
    async with OneTrustSandbox() as server:
        yield server


@pytest.fixture
async def client():
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def do(onetrust, client):
    async def act(verb, *, expect=200, **arguments):
        answer = await client.post(f"{onetrust.url}/control/{verb}", json=arguments)
        assert answer.status_code == expect, answer.text
        return answer.json()

    return act


@pytest.fixture
def post(do, client):
    async def posted() -> int:
        info = await do("info")
        headers = {"Authorization": f"Bearer {info['api_key']}"}
        return (await client.post(info["webhook_url"], headers=headers, files=BUILD)).status_code

    return posted


async def test_a_fault_is_injected_and_cleared(do, post):
    await do("fault", point="webhook", status=503, times=None)
    assert [await post(), await post()] == [503, 503]

    await do("clear_faults")
    assert await post() == 202
    assert [call["status"] for call in (await do("calls", since=1))["calls"]] == [503, 202]


async def test_a_build_is_held_until_it_is_released(do, post):
    number = (await do("fault", point="webhook", hold=True))["number"]
    posting = asyncio.create_task(post())
    assert (await do("reached", number=number))["used"] == 1
    assert (await do("received"))["count"] == 0

    await do("release", number=number)
    await do("wait", received=1, calls=1)
    assert await posting == 202
    (build,) = (await do("received"))["received"]
    (app,) = (await do("apps"))["apps"]
    assert (build["name"], build["app_id"]) == ("Shop", app["id"])


async def test_tokens_are_ended(onetrust, do, client):
    info = await do("info")
    form, auth = {"grant_type": "client_credentials"}, (info["client_id"], "sandbox secret: 50%+/=")
    await client.post(f"{info['url']}/api/access/v1/oauth/token", data=form, auth=auth)
    await do("revoke")
    assert onetrust.tokens.given == []


async def test_each_point_is_told_with_its_fields(onetrust, do):
    told = (await do("points"))["points"]
    assert told.keys() == onetrust.faults.points.keys()
    assert "cut_after" in told["webhook"]
    assert "cut_after" not in told["token"]


async def test_what_is_wrong_is_said(onetrust, do, client):
    await do("fly", expect=400)
    assert ", token, webhook, workflow" in (await do("fault", point="upload", expect=400))["error"]
    assert "nothing is made of copies" in (await do("fault", point="token", copies=2, expect=400))["error"]
    await do("release", number=9, expect=400)
    number = (await do("fault", point="token", hold=True))["number"]
    told = await do("reached", number=number, timeout_s=0, expect=408)
    assert told["error"] == "nobody came to token within 0 s"
    await do("wait", received=1, timeout_s=0, expect=408)
    assert (await client.post(f"{onetrust.url}/control/info", data={"a": "b"})).status_code == 415
    assert (await client.post(f"{onetrust.url}/control/info", json=1)).status_code == 400
