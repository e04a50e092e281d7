"""Who may call Zscaler's cloud service: tokens of the customer's server, and sessions."""

from urllib.parse import quote_plus

import pytest

from sandbox.zscaler.sessions import obfuscated

EPOCH_MS = 1_750_000_000_000


@pytest.fixture
def log_in(zscaler, client):
    async def posted(*, off_ms=0, status=200, **also):
        timestamp = str(EPOCH_MS + off_ms)
        asked = {
            "apiKey": obfuscated(timestamp, zscaler.api_key),
            "username": zscaler.username,
            "password": zscaler.password,
            "timestamp": timestamp,
        }
        answer = await client.post(zscaler.api_url + "/authenticatedSession", json=asked | also)
        assert answer.status_code == status, answer.text
        return answer

    return posted


async def status_of(zscaler, client, **headers):
    answer = await client.get(zscaler.api_url + "/status?_=1", headers=headers)
    return answer.status_code


async def test_a_token_is_given_for_either_way_of_saying_who_asks(zscaler, token):
    basic = (quote_plus(zscaler.client_id), quote_plus(zscaler.client_secret))
    for answer in (await token(), await token(auth=basic)):
        assert answer.status_code == 200
        assert answer.json() == {
            "access_token": answer.json()["access_token"],
            "token_type": "Bearer",
            "expires_in": 7199,
        }


async def test_whatever_is_wrong_with_a_request_for_a_token_is_400(zscaler, client, token):
    basic = (quote_plus(zscaler.client_id), quote_plus(zscaler.client_secret))
    wrong = {
        "unsupported_grant_type": await token(grant_type="password"),
        "invalid_client": await token(client_secret="other"),
        "invalid_scope": await token(scope=zscaler.scope.upper()),
        "invalid_request": await token(auth=basic, client_secret=zscaler.client_secret),
    }
    assert [answer.json()["error"] for answer in wrong.values()] == list(wrong)
    assert {answer.status_code for answer in wrong.values()} == {400}
    plain = (zscaler.client_id, zscaler.client_secret)  # not form-encoded, as RFC 6749 has it
    assert (await token(auth=plain)).json()["error"] == "invalid_client"
    answer = await client.post(zscaler.token_url, json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert not any(login.accepted for login in zscaler.logins)


async def test_a_token_ends_and_a_fresh_one_may_be_refused_for_a_minute(zscaler, client, token):
    zscaler.authorization.keys_cached_s = 60.0
    bearer = {"Authorization": "Bearer " + (await token()).json()["access_token"]}
    assert await status_of(zscaler, client, **bearer) == 401
    zscaler.clock.advance(60)
    assert await status_of(zscaler, client, **bearer) == 200
    zscaler.clock.advance(7139)
    assert await status_of(zscaler, client, **bearer) == 401


def test_the_key_is_obfuscated_as_the_documents_show_it():
    assert obfuscated("1795310785252", "abcdefghijkl") == "hifcfcfleiei"
    assert obfuscated("1795310000001", "abcdefghijkl") == "aaaaab" + "cccccc"


async def test_a_session_lasts_five_minutes_without_a_call(zscaler, client, log_in):
    answer = await log_in()
    session, key = zscaler.sessions.given
    assert answer.headers["Set-Cookie"] == f"JSESSIONID={session}; Path=/; HttpOnly"
    assert key == obfuscated(str(EPOCH_MS), zscaler.api_key)
    for _ in range(2):
        zscaler.clock.advance(299)
        assert await status_of(zscaler, client) == 200
    zscaler.clock.advance(300)
    answer = await client.get(zscaler.api_url + "/status?_=1")
    assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_NOT_VALID")


async def test_a_session_is_refused_for_anything_that_is_not_so(zscaler, log_in):
    wrong = [{"password": "other"}, {"apiKey": "abcdefghijkl"}, {"timestamp": str(EPOCH_MS + 1)}]
    wrong += [{"off_ms": 7_200_001}, {"off_ms": -7_200_001}]
    for also in wrong:
        answer = await log_in(status=400, **also)
        assert answer.json()["code"] == "INVALID_USERNAME_OR_PASSWORD"
    answer = await log_in(status=400, timestamp=EPOCH_MS)
    assert "string" in answer.json()["message"]
    await log_in(off_ms=7_200_000)
    assert [login.accepted for login in zscaler.logins] == [False] * 6 + [True]


async def test_logging_out_activates_what_was_saved(zscaler, client, log_in):
    await log_in()
    zscaler.world.activation = "PENDING"
    answer = await client.delete(zscaler.api_url + "/authenticatedSession")
    assert answer.status_code == 200
    assert [logout.activated for logout in zscaler.logouts] == [True]
    assert zscaler.world.activation == "ACTIVE"
    assert await status_of(zscaler, client) == 401


async def test_a_token_and_a_session_at_once_are_refused(zscaler, client, token, log_in):
    bearer = {"Authorization": "Bearer " + (await token()).json()["access_token"]}
    await log_in()
    assert await status_of(zscaler, client, **bearer) == 400
