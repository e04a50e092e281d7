import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import AppscanError, Maintenance, Refused, TryLater
from bot.scanners.http.responses import Response, http_date
from bot.scanners.zscaler.maintenance import ReadOnly
from bot.scanners.zscaler.status_codes import Endpoint, meaning_of, retry_after_s, value_of
from tests.fakes import START, HeldClock

NOW = 1_795_310_785.0
READ_ONLY = httpx.Headers({"x-zscaler-mode": "read-only"})
BODIES = st.binary(max_size=40) | st.dictionaries(
    st.sampled_from(["code", "message", "Retry-After"]),
    st.none() | st.text(max_size=20) | st.integers() | st.floats(),
).map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize(
    "told",
    [
        Response(status=403, body=b'{"code": "STATE_READONLY", "message": "upgrade"}'),
        Response(status=403, body=b"<html>", headers=READ_ONLY),
    ],
)
def test_maintenance_is_told_by_code_or_header(told):
    error = meaning_of(Endpoint.ACTIVATE, told, NOW)

    assert type(error) is Maintenance
    assert "answers queries" in error.user_message


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code": "state_readonly"}', b'{"code": ["STATE_READONLY"]}'])
def test_another_403_is_no_maintenance(body):
    assert type(meaning_of(Endpoint.ACTIVATE, Response(status=403, body=body), NOW)) is Refused


@pytest.mark.parametrize(
    ("status", "lasts"), [(401, True), (408, True), (429, True), (503, True), (200, False), (403, False)]
)
async def test_maintenance_is_over_when_something_else_is_said_of_what_was_sent(status, lasts):
    read_only = ReadOnly(HeldClock())
    read_only.note(Response(status=403, headers=httpx.Headers({**READ_ONLY, "Retry-After": "120"})))
    with pytest.raises(Maintenance) as caught:
        read_only.check()
    assert caught.value.retry_after_s == 120
    assert read_only.seen_at == START

    read_only.note(Response(status=status))

    assert (read_only.seen_at is not None) is lasts


@settings(max_examples=50)
@given(
    st.sampled_from(Endpoint),
    st.integers(100, 599).filter(lambda status: not 200 <= status < 300),
    BODIES,
    st.none() | st.text(max_size=20),
)
def test_every_answer_has_a_verdict_in_words_of_this_project(endpoint, status, body, header):
    headers = httpx.Headers({} if header is None else {"Retry-After": header.encode()})
    error = meaning_of(endpoint, Response(status=status, body=body, headers=headers), NOW)

    assert isinstance(error, AppscanError)
    assert error.user_message.isprintable()
    assert not error.user_message.count("{")
    if isinstance(error, TryLater) and error.retry_after_s is not None:
        assert 1 <= error.retry_after_s <= 3600


@pytest.mark.parametrize(
    ("named", "seconds"),
    [
        ("0 seconds", 1),
        ("7 seconds", 7),
        ("1 second", 1),
        ("30", 30),
        (45, 45),
        ("2.5 s", 2.5),
        ("-1 seconds", None),
    ],
)
def test_how_long_to_wait_stands_in_the_body(named, seconds):
    told = Response(status=429, body=json.dumps({"message": "x", "Retry-After": named}).encode())

    assert retry_after_s(told, NOW) == seconds


def test_what_came_does_not_show_in_its_repr():
    told = Response(status=200, body=b"secret", headers=httpx.Headers({"Set-Cookie": "JSESSIONID=secret"}))

    assert "secret" not in repr(told)


def dated(date: str) -> Response:
    return Response(status=400, headers=httpx.Headers({"Date": date}))


def test_no_date():
    assert http_date(None) is None


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Nov 2026 01:26:25 GMT"])
def test_a_date_that_is_none(date):
    assert http_date(date) is None


def test_a_date_is_read():
    assert http_date("Sun, 22 Nov 2026 01:26:25 GMT") == NOW


def test_more_than_is_read_is_told():
    with pytest.raises(TryLater) as caught:
        value_of(Response(status=200, body=b"[]", is_complete=False))

    assert "longer than the bot reads" in caught.value.user_message
