import asyncio
import json
import ssl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refused, SubmissionError, TryLater
from bot.scanners.http.access_tokens import UNKNOWN_LIFETIME_S, read_lifetime_s
from bot.scanners.onetrust.auth import ApiKey, ClientCredentials
from sandbox.clock import HeldClock
from sandbox.onetrust import OneTrustSandbox


@pytest.fixture
async def client():
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def tokens(client, onetrust):
    return ClientCredentials(client, onetrust.url, onetrust.client_id, onetrust.client_secret)


async def refused(tokens: ClientCredentials) -> SubmissionError:
    with pytest.raises(SubmissionError) as caught:
        await tokens.bearer()
    return caught.value


async def test_makes_a_token_once_and_keeps_it(tokens, onetrust):
    first = await tokens.bearer()

    assert onetrust.tokens.is_live(first)
    assert await tokens.bearer() == first
    assert onetrust.count("token") == 1


@pytest.mark.parametrize("secret", ["plain", "50% + a:b/=&ü"])
@pytest.mark.parametrize("client_auth", ["basic", "form"])
async def test_says_who_it_is_as_the_server_wants(client, client_auth, secret):
    async with OneTrustSandbox(client_auth=client_auth, client_secret=secret) as onetrust:
        right, wrong = (
            ClientCredentials(client, onetrust.url + "/", onetrust.client_id, secret, form=form)
            for form in (client_auth == "form", client_auth != "form")
        )

        assert onetrust.tokens.is_live(await right.bearer())
        assert type(await refused(wrong)) is Refused


async def test_makes_a_token_anew_shortly_before_it_ends(client):
    clock = HeldClock()
    async with OneTrustSandbox(token_lifetime_s=3600, clock=clock) as onetrust:
        tokens = ClientCredentials(
            client, onetrust.url, onetrust.client_id, onetrust.client_secret, now=clock.now
        )
        first = await tokens.bearer()
        clock.advance(3600 - 61)
        assert await tokens.bearer() == first
        clock.advance(2)
        second = await tokens.bearer()

        assert second != first
        assert onetrust.tokens.is_live(first)  # it was still good when it was replaced


async def test_fifty_who_wait_ask_once(tokens, onetrust):
    held = onetrust.faults.add("token", hold=True)
    waiting = [asyncio.create_task(tokens.bearer()) for _ in range(50)]
    await held.reached()
    held.release()

    assert len(set(await asyncio.gather(*waiting))) == 1
    assert onetrust.count("token") == 1


async def test_fifty_who_wait_fail_once(tokens, onetrust):
    held = onetrust.faults.add("token", hold=True, status=503, retry_after=9)
    waiting = [asyncio.create_task(tokens.bearer()) for _ in range(50)]
    await held.reached()
    held.release()
    errors = await asyncio.gather(*waiting, return_exceptions=True)

    assert all(isinstance(error, TryLater) and error.retry_after_s == 9 for error in errors)
    assert onetrust.count("token") == 1
    assert await tokens.bearer()  # whoever comes later asks again


async def test_one_who_gives_up_waiting_takes_nothing_from_the_others(tokens, onetrust):
    held = onetrust.faults.add("token", hold=True)
    asking, waiting = asyncio.create_task(tokens.bearer()), asyncio.create_task(tokens.bearer())
    await held.reached()
    asking.cancel()

    assert onetrust.tokens.is_live(await waiting)
    assert asking.cancelled()


async def test_drops_only_the_current_token(tokens, onetrust):
    first = await tokens.bearer()
    onetrust.tokens.revoke()
    tokens.discard(first)
    second = await tokens.bearer()
    tokens.discard(first)  # said late, by one who had sent the old one

    assert second != first
    assert await tokens.bearer() == second
    assert onetrust.count("token") == 2


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (302, Refused, "ONETRUST_URL"),
        (400, Refused, "ONETRUST_CLIENT_ID"),
        (401, Refused, "ONETRUST_CLIENT_SECRET"),
        (403, Refused, "active"),
        (404, Refused, "ONETRUST_URL"),
        (409, Refused, "ONETRUST_URL"),
        (408, TryLater, "right now"),
        (429, TryLater, "right now"),
        (500, TryLater, "right now"),
        (503, TryLater, "right now"),
    ],
)
async def test_each_status_has_its_verdict(tokens, onetrust, spoken, status, kind, said):
    onetrust.faults.add("token", status=status, retry_after=5, body="their words")

    error = await refused(tokens)

    assert (type(error), error.status) == (kind, status)
    assert getattr(error, "retry_after_s", 5) == 5
    assert said in error.user_message
    assert "their words" not in spoken(error)


async def test_does_not_follow_redirects(tokens, onetrust):
    async with OneTrustSandbox() as elsewhere:
        onetrust.faults.add("token", status=307, location=elsewhere.url + "/api/access/v1/oauth/token")

        assert type(await refused(tokens)) is Refused
        assert elsewhere.calls == []


@pytest.mark.parametrize(
    "body",
    [
        "<html>Sign in</html>",
        "",
        "[]",
        "{}",
        '{"access_token": ""}',
        '{"access_token": null}',
        '{"access_token": ["a"]}',
        '{"access_token": "a\\r\\nX-Evil: 1"}',
        '{"access_token": "ü"}',
        '{"access_token": "' + "a" * 70_000 + '"}',
    ],
)
async def test_an_answer_without_a_token_is_no_onetrust(tokens, onetrust, body):
    onetrust.faults.add("token", body=body, content_type="text/html")

    error = await refused(tokens)

    assert type(error) is Refused
    assert "gave no access token" in error.user_message


@pytest.mark.parametrize("fault", [{"drop": True}, {"answer_lost": True}, {"content_length": 9999}], ids=str)
async def test_an_answer_that_is_lost_may_come_later(tokens, onetrust, spoken, fault):
    onetrust.faults.add("token", **fault)

    error = await refused(tokens)

    assert type(error) is TryLater
    assert error.__context__ is None
    assert onetrust.client_secret not in spoken(error)
    assert await tokens.bearer()


async def test_an_answer_that_never_comes_is_waited_for_only_so_long(client, onetrust):
    onetrust.faults.add("token", hold=True)
    tokens = ClientCredentials(
        client, onetrust.url, onetrust.client_id, onetrust.client_secret, timeout_s=0.05
    )

    assert type(await refused(tokens)) is TryLater


async def test_nobody_at_home(client):
    async with OneTrustSandbox() as onetrust:
        url = onetrust.url

    assert type(await refused(ClientCredentials(client, url, "id", "secret"))) is TryLater


async def test_a_certificate_that_nobody_signed_is_a_clear_no(untrusted_tls: ssl.SSLContext, client):
    async with OneTrustSandbox(tls=untrusted_tls) as onetrust:
        error = await refused(ClientCredentials(client, onetrust.url, "id", "secret"))

    assert type(error) is Refused
    assert "certificate" in error.user_message
    assert "self-signed" in str(error).replace("self signed", "self-signed")


@pytest.mark.parametrize("form", [False, True])
async def test_no_error_shows_a_secret(client, onetrust, spoken, caplog, form):
    caplog.set_level(0)
    tokens = ClientCredentials(client, onetrust.url, "the-id", "the-secret", form=form)
    errors = [await refused(tokens)]
    onetrust.faults.add("token", drop=True)
    errors.append(await refused(tokens))

    told = "".join(spoken(error) for error in errors) + caplog.text
    assert "the-secret" not in told
    assert "dGhlLWlkOnRoZS1zZWNyZXQ" not in told  # both in Base64


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (3600, 3600),
        ("3600", 3600),
        (3599.5, 3599.5),
        (31_535_999, 31_535_999),
        *(
            (strange, UNKNOWN_LIFETIME_S)
            for strange in (None, 0, -1, "-1", "soon", "", True, [], {}, "nan", float("inf"), 10**400)
        ),
    ],
)
def test_reads_how_long_a_token_lives(expires_in, seconds):
    assert read_lifetime_s(expires_in) == seconds


@given(st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.lists(st.integers()))
def test_no_lifetime_breaks_the_reader(expires_in):
    assert 0 < read_lifetime_s(expires_in) < float("inf")


@pytest.mark.parametrize("answer", [{}, {"expires_in": "-3"}, {"expires_in": []}])
async def test_a_token_of_unknown_life_is_kept_for_a_while(client, onetrust, answer):
    clock = HeldClock()
    tokens = ClientCredentials(
        client, onetrust.url, onetrust.client_id, onetrust.client_secret, now=clock.now
    )
    for name in "ab":
        onetrust.faults.add("token", body=json.dumps({"access_token": name, **answer}))

    assert [await tokens.bearer(), await tokens.bearer()] == ["a", "a"]
    clock.advance(UNKNOWN_LIFETIME_S)
    assert await tokens.bearer() == "b"


async def test_an_api_key_is_the_bearer_and_there_is_no_other():
    key = ApiKey("abc.def-1")

    assert [headers async for headers in key.attempts()] == [{"Authorization": "Bearer abc.def-1"}]


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "ü", "Bearer a"])
async def test_an_api_key_that_can_be_none_is_refused_without_repeating_it(key, spoken):
    with pytest.raises(Refused, match="ONETRUST_API_KEY") as caught:
        await ApiKey(key).bearer()

    assert not key or f"'{key}'" not in spoken(caught.value)
