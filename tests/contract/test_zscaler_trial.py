"""Whether a token or key is taken, asked of the stand-in: nothing is submitted and nothing used up."""

import httpx
import pytest

from bot.errors import Refused, TryLater
from bot.scanners.zscaler import credential_check
from sandbox.zscaler import ZscalerSandbox


@pytest.fixture
async def zscaler():
    async with ZscalerSandbox() as opened:
        yield opened


@pytest.fixture
async def client():
    async with httpx.AsyncClient() as opened:
        yield opened


async def test_a_good_token_is_taken_and_no_file_is_sent(zscaler, client):
    await credential_check.try_sandbox(client, zscaler.sandbox_url, zscaler.sandbox_token)

    assert zscaler.submissions == []
    assert zscaler.submission_quota.used == 0


async def test_a_good_key_is_taken_and_no_look_up_is_used_up(zscaler, client):
    assert await credential_check.try_governance(client, zscaler.apptotal_url, zscaler.apptotal_key)

    assert zscaler.governance.quota.used == 0


async def test_a_bad_token_or_key_is_told_and_not_repeated(zscaler, client):
    with pytest.raises(Refused, match=r"does not accept ZSCALER_SANDBOX_TOKEN \(401\)") as token:
        await credential_check.try_sandbox(client, zscaler.sandbox_url, "another-token")
    with pytest.raises(Refused, match=r"does not accept ZSCALER_APPTOTAL_KEY \(401\)") as key:
        await credential_check.try_governance(client, zscaler.apptotal_url, "another-key")

    assert "another-token" not in f"{token.value!r}{token.value.__cause__!r}"
    assert "another-key" not in f"{key.value!r}{key.value.__cause__!r}"


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (403, Refused, r"does not accept .* \(403\)"),
        (404, Refused, r"What answers is not Zscaler's .* \(404\)"),
        (302, Refused, r"What answers is not Zscaler's .* \(302\)"),
        (429, TryLater, r"can't answer right now \(429\)"),
        (503, TryLater, r"can't answer right now \(503\)"),
    ],
)
async def test_each_other_answer_has_its_sentence(zscaler, client, status, error, words):
    zscaler.faults.add("sandbox.discan", status=status, value="early")
    zscaler.faults.add("governance.app", status=status, value="early")

    with pytest.raises(error, match=words):
        await credential_check.try_sandbox(client, zscaler.sandbox_url, zscaler.sandbox_token)
    with pytest.raises(error, match=words):
        await credential_check.try_governance(client, zscaler.apptotal_url, zscaler.apptotal_key)


async def test_a_web_page_is_no_api(zscaler, client):
    zscaler.faults.add(
        "sandbox.discan", status=200, value="early", body="<html>Sign in</html>", content_type="text/html"
    )

    with pytest.raises(Refused, match=r"What answers is not Zscaler's Sandbox Submission API \(200\)"):
        await credential_check.try_sandbox(client, zscaler.sandbox_url, zscaler.sandbox_token)


async def test_calls_that_are_used_up_say_nothing_against_the_key(zscaler, client):
    zscaler.faults.add("governance.app", status=409)

    assert not await credential_check.try_governance(client, zscaler.apptotal_url, zscaler.apptotal_key)


async def test_silence_and_a_dead_address_are_told(zscaler, client):
    held = zscaler.faults.add("sandbox.discan", hold=True)
    with pytest.raises(TryLater) as silent:
        await credential_check.try_sandbox(client, zscaler.sandbox_url, zscaler.sandbox_token, timeout_s=0.1)
    held.release()

    with pytest.raises(TryLater) as dead:
        await credential_check.try_governance(client, "http://127.0.0.1:1/v1", zscaler.apptotal_key)

    assert "can't be reached: check the network, ZSCALER_CLOUD or" in silent.value.user_message
    assert "can't be reached: check the network, ZSCALER_APPTOTAL_URL" in dead.value.user_message
