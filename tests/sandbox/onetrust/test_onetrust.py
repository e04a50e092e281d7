"""The stand-in is as strict as OneTrust's documents, tried with a client that is not the bot's."""

import asyncio
import hashlib
import json
import uuid

import httpx
import pytest

from sandbox.builds import make_apk, make_ipa
from sandbox.clock import HeldClock
from sandbox.onetrust import OneTrustSandbox

APK = make_apk(package="com.example.shop")
NEW = {"name": "Shop", "platform": "ANDROID"}


@pytest.fixture
async def onetrust():
    async with OneTrustSandbox(clock=HeldClock(), client_secret="plain") as server:
        yield server


@pytest.fixture
async def client():
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def ask(onetrust, client):
    async def asked(auth=None, **fields) -> httpx.Response:
        form = {"grant_type": "client_credentials"} | fields
        pair = (onetrust.client_id, "plain") if auth is None else auth
        return await client.post(onetrust.url + "/api/access/v1/oauth/token", data=form, auth=pair or None)

    return asked


@pytest.fixture
def post(onetrust, client):
    async def posted(parts=None, *, url=None, bearer=None, fields=NEW, file=APK, name="shop.apk", **more):
        if parts is None:
            text = fields if isinstance(fields, str) else json.dumps(fields)
            parts = [("file", (name, file)), ("dataFields", (None, text))]
        headers = {"Authorization": f"Bearer {onetrust.api_key if bearer is None else bearer}"}
        return await client.post(url or onetrust.webhook_url, headers=headers, **({"files": parts} | more))

    return posted


async def test_gives_tokens_to_those_it_knows(onetrust, ask):
    answer = await ask()

    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 3600
    assert onetrust.tokens.is_live(answer.json()["access_token"])


async def test_refuses_all_others(onetrust, ask):
    assert (await ask(auth=("someone", "plain"))).status_code == 401
    assert (await ask(auth=(onetrust.client_id, "wrong"))).status_code == 401
    assert (await ask(auth=())).status_code == 401
    assert (await ask(grant_type="password")).status_code == 400
    assert (await ask(client_id=onetrust.client_id, client_secret="plain")).status_code == 400
    assert onetrust.tokens.given == []


async def test_wants_form_fields_where_it_is_set_so(client):
    async with OneTrustSandbox(client_auth="form", client_secret="plain") as onetrust:
        url = onetrust.url + "/api/access/v1/oauth/token"
        form = {"grant_type": "client_credentials", "client_id": onetrust.client_id, "client_secret": "plain"}

        assert (await client.post(url, data=form)).status_code == 200
        basic = (onetrust.client_id, "plain")
        assert (
            await client.post(url, data={"grant_type": form["grant_type"]}, auth=basic)
        ).status_code == 401
        assert (await client.post(url, json=form)).status_code == 400


async def test_tokens_end(onetrust, ask, post):
    bearer = (await ask()).json()["access_token"]
    onetrust.clock.advance(3599)
    assert (await post(bearer=bearer)).status_code == 202
    onetrust.clock.advance(2)
    assert (await post(bearer=bearer)).status_code == 401

    bearer = (await ask()).json()["access_token"]
    onetrust.tokens.revoke()
    assert (await post(bearer=bearer)).status_code == 401


async def test_takes_a_new_scan_and_makes_an_app_each_time(onetrust, post):
    first, second = await post(), await post()

    assert first.status_code == second.status_code == 202
    assert [first.json()["requestId"], second.json()["requestId"]] == [
        taken.request_id for taken in onetrust.received
    ]
    assert str(uuid.UUID(first.json()["requestId"])) == first.json()["requestId"]
    assert [app.name for app in onetrust.apps] == ["Shop", "Shop"]
    assert onetrust.apps[0].id != onetrust.apps[1].id
    taken = onetrust.received[0]
    assert (taken.sha256, taken.size_bytes) == (hashlib.sha256(APK).hexdigest(), len(APK))
    assert (taken.file_name, taken.app_id, taken.at) == (
        "shop.apk",
        onetrust.apps[0].id,
        onetrust.clock.now(),
    )


async def test_takes_a_rescan_even_of_an_app_that_it_does_not_know(onetrust, post):
    ipa = make_ipa(bundle_id="com.example.shop")
    answer = await post(fields={"appId": "a-1", "platform": "IOS"}, file=ipa, name="Shop.ipa")

    assert answer.status_code == 202
    (taken,) = onetrust.received
    assert (taken.is_rescan, taken.is_known, taken.app_id, taken.name) == (True, False, "a-1", None)
    assert onetrust.apps == []


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Shop"},
        {"platform": "ANDROID"},
        {"name": "Shop", "platform": "android"},
        {"name": "Shop", "platform": "IOS"},  # with an .apk
        {"name": "", "platform": "ANDROID"},
        {"name": 1, "platform": "ANDROID"},
        {"name": "Shop", "appId": "a", "platform": "ANDROID"},
        {"appid": "a", "platform": "ANDROID"},
        [],
        "",
        "{",
        '"name"' + " " * 70_000,
    ],
)
async def test_refuses_other_fields(onetrust, post, fields):
    assert (await post(fields=fields)).status_code == 400
    assert onetrust.received == []


async def test_refuses_other_files(onetrust, post):
    for file in (b"", b"no zip", APK[4:], APK[:-22]):
        assert (await post(file=file)).status_code == 400
    assert (await post(name="shop.zip")).status_code == 400
    assert (await post(file=APK[:4] + bytes(64_000_000))).status_code == 413
    assert onetrust.received == []


async def test_refuses_other_parts(onetrust, post):
    file, fields = ("file", ("shop.apk", APK)), ("dataFields", (None, json.dumps(NEW)))

    for parts in (
        [file],
        [fields],
        [file, fields, fields],
        [file, file, fields],
        [file, fields, ("more", (None, "1"))],
        [("File", ("shop.apk", APK)), fields],
        [("file", (None, APK)), fields],
        [file, ("dataFields", ("fields.json", json.dumps(NEW)))],
    ):
        assert (await post(parts)).status_code == 400
    assert (await post([fields, file])).status_code == 202


async def test_refuses_what_is_no_form(onetrust, post):
    assert (await post(files=None, json=NEW)).status_code == 400
    assert (await post(files=None, data={"dataFields": json.dumps(NEW)})).status_code == 400
    assert (await post(files=None, content=b"")).status_code == 400


async def test_refuses_other_addresses_and_methods(onetrust, client, post):
    assert (await post(url=onetrust.webhook_url + "/")).status_code == 404
    assert (
        await post(url=onetrust.url + "/integrationmanager/api/v1/webhook/" + "0" * 36)
    ).status_code == 404
    assert (await post(bearer="wrong")).status_code == 401
    assert (await client.post(onetrust.webhook_url)).status_code == 401
    assert (await client.get(onetrust.webhook_url)).status_code == 405


async def test_does_wrong_what_it_is_told_to(onetrust, ask, post):
    onetrust.faults.add("token", status=429, retry_after=7, error="slow_down")
    answer = await ask()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == {"error": "slow_down"}

    onetrust.faults.add("webhook", location="https://example.org/", headers={"X-More": "1"})
    answer = await post()
    assert (answer.status_code, answer.headers["Location"], answer.headers["X-More"]) == (
        302,
        "https://example.org/",
        "1",
    )
    onetrust.faults.add("webhook", body="<html>", content_type="text/html", status=200)
    answer = await post()
    assert (answer.status_code, answer.text) == (200, "<html>")
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        ({"drop": True}, 0),
        ({"cut_after": 10}, 0),
        ({"answer_lost": True}, 1),
        ({"content_length": 999}, 1),
        ({"status": 500, "content_length": 999}, 0),
    ],
)
async def test_loses_answers(onetrust, post, fault, taken):
    onetrust.faults.add("webhook", **fault)
    with pytest.raises(httpx.TransportError):
        await post()

    assert len(onetrust.received) == taken


async def test_takes_a_build_and_says_no(onetrust, post):
    onetrust.faults.add("webhook", status=500, value="taken")

    assert (await post()).status_code == 500
    assert len(onetrust.received) == 1


async def test_is_held_within_a_build(onetrust, post):
    held = onetrust.faults.add("webhook", hold=True, hold_after=1000)
    posting = asyncio.create_task(post(file=APK[:4] + bytes(600_000) + APK[-22:]))
    await held.reached()
    assert onetrust.received == []
    held.release()

    assert (await posting).status_code == 202


async def test_tells_what_it_was_asked(onetrust, ask, post):
    asking = asyncio.create_task(onetrust.until(lambda: onetrust.count("webhook")))
    await ask()
    await post()

    assert await asking == 1
    assert [(call.point, call.status) for call in onetrust.calls] == [("token", 200), ("webhook", 202)]
    with pytest.raises(TimeoutError, match="webhook"):
        await onetrust.until(lambda: False, timeout_s=0.01)
