"""Fixtures: Zscaler with a clock that is moved by hand, and calls to its cloud service with a token."""

import httpx
import pytest

from sandbox.clock import HeldClock
from sandbox.zscaler import ZscalerSandbox


@pytest.fixture
async def zscaler():
    async with ZscalerSandbox(clock=HeldClock(1_750_000_000.0)) as server:
        yield server


@pytest.fixture
async def client():
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def token(zscaler, client):
    """Return what asks for a token; ``also`` is added to the form, or put in its place."""

    async def asked(*, auth=None, **also):
        own = {} if auth else {"client_id": zscaler.client_id, "client_secret": zscaler.client_secret}
        form = {"grant_type": "client_credentials", "scope": zscaler.scope} | own | also
        return await client.post(zscaler.token_url, data=form, auth=auth)

    return asked


@pytest.fixture
async def api(zscaler, token):
    headers = {"Authorization": "Bearer " + (await token()).json()["access_token"]}
    async with httpx.AsyncClient(base_url=zscaler.api_url, headers=headers) as client:
        yield client


@pytest.fixture
def post(zscaler, client):
    """Return what posts a file to the Sandbox."""

    async def posted(content, way="submit", *, kind="application/octet-stream", **query):
        params = {"api_token": zscaler.sandbox_token} | query
        headers = {"Content-Type": kind}
        return await client.post(
            f"{zscaler.sandbox_url}/{way}", params=params, content=content, headers=headers
        )

    return posted
