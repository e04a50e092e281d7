"""Look-ups, activation, maintenance, and what is refused before any of it."""

import pytest

from sandbox.clock import HeldClock
from sandbox.front import Refusal
from sandbox.zscaler import ZscalerSandbox
from sandbox.zscaler.limits import HEAVY, LIGHT, Limits


async def test_urls_are_looked_up_by_host(zscaler, api):
    zscaler.world.categories["ads.example"] = (["ADWARE"], ["ADWARE"])
    urls = ["https://Ads.example:8443/x?y", "bbc.com"]
    answer = await api.post("/urlLookup", json=urls)
    assert answer.json() == [
        {
            "url": urls[0],
            "urlClassifications": ["ADWARE"],
            "urlClassificationsWithSecurityAlert": ["ADWARE"],
        },
        {
            "url": "bbc.com",
            "urlClassifications": ["MISCELLANEOUS_OR_UNKNOWN"],
            "urlClassificationsWithSecurityAlert": [],
        },
    ]
    assert [look_up.urls for look_up in zscaler.look_ups] == [tuple(urls)]


async def test_a_look_up_takes_a_hundred_urls_of_a_kilobyte(zscaler, api):
    zscaler.limits.strict = False
    assert (await api.post("/urlLookup", json=["a" * 1024] * 100)).status_code == 200
    for wrong in (["a"] * 101, ["a" * 1025], [], [""], [1], {"urls": ["a"]}, "a"):
        assert (await api.post("/urlLookup", json=wrong)).status_code == 400, wrong
    json = {"Content-Type": "application/json"}
    assert (await api.post("/urlLookup", content=b"[", headers=json)).status_code == 400
    assert (await api.post("/urlLookup", content=b"[]")).status_code == 415
    assert len(zscaler.look_ups) == 1


async def test_more_than_one_look_up_a_second_is_too_fast(zscaler, api):
    assert (await api.post("/urlLookup", json=["a"])).status_code == 200
    answer = await api.post("/urlLookup", json=["a"])
    assert answer.status_code == 429
    assert answer.json() == {"message": "Rate Limit (1/SECOND) exceeded", "Retry-After": "1 seconds"}
    assert "Retry-After" not in answer.headers
    zscaler.clock.advance(1)
    assert (await api.post("/urlLookup", json=["a"])).status_code == 200


def test_400_calls_an_hour_are_too_many_too():
    clock = HeldClock(1_750_000_000.0)
    limits = Limits(clock.now, strict=True)
    for _ in range(400):
        limits.take("cloud.lookup", HEAVY)
        clock.advance(1)
    with pytest.raises(Refusal) as refused:
        limits.take("cloud.lookup", HEAVY)
    assert refused.value.answer["message"] == "Rate Limit (400/HOUR) exceeded"
    assert refused.value.answer["Retry-After"] == "3200 seconds"
    limits.take("cloud.status", LIGHT)
    clock.advance(3200)
    limits.take("cloud.lookup", HEAVY)


async def test_what_was_saved_is_activated(zscaler, api):
    zscaler.world.activation = "PENDING"
    assert (await api.get("/status?_=7")).json() == {"status": "PENDING"}
    json = {"Content-Type": "application/json"}
    assert (await api.post("/status/activate", headers=json)).json() == {"status": "ACTIVE"}
    assert (await api.post("/status/activate")).status_code == 415
    assert [activation.before for activation in zscaler.activations] == ["PENDING"]


async def test_in_maintenance_only_gets_are_served(zscaler, api):
    zscaler.world.in_maintenance = True
    answer = await api.post("/urlLookup", json=["a"])
    assert (answer.status_code, answer.headers["x-zscaler-mode"]) == (403, "read-only")
    assert answer.json()["code"] == "STATE_READONLY"
    assert (await api.post("/authenticatedSession", json={})).status_code == 403
    assert (await api.delete("/authenticatedSession")).status_code == 403
    assert (await api.get("/status")).status_code == 200


async def test_a_get_that_a_cache_may_answer_is_noted(zscaler, api):
    await api.get("/status", params={"_": "4711"})
    assert not zscaler.cached_risks
    await api.get("/status")
    assert [call.point for call in zscaler.cached_risks] == ["cloud.status"]


async def test_trouble_is_told_as_the_service_tells_it(zscaler, api):
    zscaler.edit_locked()
    zscaler.unavailable(point="cloud.status")
    answer = await api.post("/status/activate", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "EDIT_LOCK_NOT_AVAILABLE")
    assert not zscaler.activations
    assert (await api.get("/status")).status_code == 503
    assert (await api.post("/status/activate", json={})).status_code == 200


@pytest.mark.parametrize("path", ["/status", "/sandbox/report/quota", "/sandbox/report/" + "0" * 32])
async def test_nothing_is_read_without_a_login(zscaler, client, path):
    answer = await client.get(zscaler.api_url + path)
    assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_NOT_VALID")


def test_each_stand_in_has_keys_of_its_own():
    one, other = ZscalerSandbox(), ZscalerSandbox()
    assert len(one.api_key) == 12
    assert {one.api_key, one.sandbox_token, one.apptotal_key}.isdisjoint(
        {other.api_key, other.sandbox_token, other.apptotal_key}
    )
