"""Fixtures: OneTrust with a clock that is moved by hand, its Applications API, and builds for it."""

import json

import httpx
import pytest

from sandbox.builds import make_apk, make_ipa
from sandbox.clock import HeldClock
from sandbox.onetrust import OneTrustSandbox

PLATFORMS = {"shop.apk": "ANDROID", "Shop.ipa": "IOS"}


def build(name: str = "shop.apk", version: str = "1.0") -> bytes:
    if PLATFORMS[name] == "IOS":
        return make_ipa(bundle_id="com.example.shop", version=version)
    return make_apk(package="com.example.shop", version_name=version)


@pytest.fixture
async def tenant():
    async with OneTrustSandbox(clock=HeldClock(1_750_000_000.0), scan_s=0) as server:
        yield server


@pytest.fixture
async def api(tenant):
    bearer = {"Authorization": f"Bearer {tenant.api_key}"}
    async with httpx.AsyncClient(base_url=tenant.url + "/api/cmp/v1", headers=bearer) as client:
        yield client


@pytest.fixture
def read(api):
    """Return what reads a path, expecting a status."""

    async def answered(path, expect=200, **query):
        answer = await api.get(path, params=query)
        assert answer.status_code == expect, answer.text
        return answer.json()

    return answered


@pytest.fixture
def submit(tenant, api):
    """Return what posts a build to the webhook: a new scan, or a rescan of ``app_id``."""

    async def posted(name="shop.apk", version="1.0", *, app_id=None, title="Shop"):
        fields = {"platform": PLATFORMS[name]} | ({"appId": app_id} if app_id else {"name": title})
        parts = [("file", (name, build(name, version))), ("dataFields", (None, json.dumps(fields)))]
        answer = await api.post(tenant.webhook_url, files=parts)
        assert answer.status_code == 202, answer.text
        return tenant.received[-1]

    return posted
