import math
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refused, SubmissionError, TryLater, Uncertain
from bot.scanners.http.responses import LONGEST_WAIT_S, Response, retry_after_s
from bot.scanners.onetrust.status_codes import WEBHOOK, read_id, receipt

NOW = 1_800_000_000.0


def verdict(status: int, *, complete: bool = True, body: bytes = b"", retry_after: str | None = None):
    if status < 300:
        with pytest.raises(SubmissionError) as caught:
            receipt(Response(status=status, body=body))
        return caught.value
    return WEBHOOK.error(status, retry_after_s(retry_after, NOW), committed=complete)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (301, Refused, "leads elsewhere"),
        (304, Refused, "leads elsewhere"),
        (400, Refused, "administrator"),
        (401, Refused, "webhook URL"),
        (403, Refused, "scopes"),
        (404, Refused, "webhook URL"),
        (407, Uncertain, "does not say"),
        (408, Uncertain, "does not say"),
        (409, Refused, "rescan"),
        (413, Refused, "ONETRUST_REST_LIMIT"),
        (418, Uncertain, "does not say"),
        (429, Uncertain, "does not say"),
        (500, Uncertain, "whole build"),
        (502, Uncertain, "whole build"),
        (503, Uncertain, "does not say"),
        (504, Uncertain, "whole build"),
        (599, Uncertain, "whole build"),
        (600, Uncertain, "whole build"),
        (202, Uncertain, "no request ID"),
        (204, Uncertain, "no request ID"),
    ],
)
def test_each_status_has_its_verdict_and_its_sentence(status, kind, said):
    error = verdict(status, body=b"<b>their words</b>")

    assert type(error) is kind
    assert error.status == status
    assert said in error.user_message
    assert str(status) in error.user_message
    assert "their words" not in error.user_message + str(error)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_an_error_over_half_a_build_is_a_clear_no(status):
    error = verdict(status, complete=False, retry_after="7")

    assert type(error) is TryLater
    assert error.retry_after_s == 7


@pytest.mark.parametrize(("status", "said"), [(429, "too many requests"), (503, "not available")])
def test_a_server_that_says_when_to_come_back_did_not_take_the_build(status, said):
    error = verdict(status, retry_after="30")

    assert type(error) is TryLater
    assert error.retry_after_s == 30
    assert said in error.user_message


@pytest.mark.parametrize("retry_after", [None, "", "in a while", "nan"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_that_says_no_time_may_be_a_gateway(status, retry_after):
    assert type(verdict(status, retry_after=retry_after)) is Uncertain


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_2xx_with_a_request_id_is_a_receipt(status):
    read = receipt(Response(status=status, body=b'{"requestId": "r-1", "more": [1]}'))

    assert (read.request_id, read.status) == ("r-1", status)


@pytest.mark.parametrize(
    ("body", "request_id"),
    [
        (b'{"requestId": " 3f2a "}', "3f2a"),
        (b'{"requestId": 12}', "12"),
        (b'\xef\xbb\xbf{"requestId": "a"}', "a"),
        (b'{"requestId": true}', None),
        (b'{"requestId": ""}', None),
        (b'{"requestId": "  "}', None),
        (b'{"requestId": "a\\nb"}', None),
        (b'{"requestId": "\\ud800"}', None),
        (b'{"requestId": {"id": "a"}}', None),
        (b'{"requestId": 1e400}', None),
        (b'{"requestId": ' + b"9" * 5000 + b"}", None),
        (b'{"requestId": ' + b"9" * 300 + b"}", None),
        (b'{"requestId": "' + b"a" * 201 + b'"}', None),
        (b'["requestId"]', None),
        (b'"requestId"', None),
        (b'{"requestId": "3f', None),
        (b"<html>Signed out</html>", None),
        (b"\xff\xfe", None),
        (b"[" * 60_000, None),
        (b"", None),
    ],
)
def test_reads_the_request_id_from_whatever_comes(body, request_id):
    assert read_id(Response(status=200, body=body), "requestId") == request_id


@given(st.binary(max_size=300))
def test_no_body_breaks_the_reader(body):
    request_id = read_id(Response(status=200, body=body), "requestId")

    assert request_id is None or (request_id.isprintable() and 0 < len(request_id) <= 200)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("1.5", 1.5),
        ("-5", 0),
        ("999999999999", LONGEST_WAIT_S),
        ("9" * 5000, LONGEST_WAIT_S),
        ("inf", LONGEST_WAIT_S),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Wed, 99 Foo 2026 00:00:00 GMT", None),
    ],
)
def test_reads_retry_after_in_seconds(value, seconds):
    assert retry_after_s(value, NOW) == seconds


@pytest.mark.parametrize(("ahead_s", "seconds"), [(90, 90), (-90, 0), (10 * 86_400, LONGEST_WAIT_S)])
def test_reads_retry_after_as_a_date(ahead_s, seconds):
    at = datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=ahead_s)

    assert retry_after_s(format_datetime(at, usegmt=True), NOW) == seconds


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize(
    "value",
    ["Fri, 15 Jan 2027 08:01:30 GMT", "Friday, 15-Jan-27 08:01:30 GMT", "Fri Jan 15 08:01:30 2027"],
    ids=["IMF-fixdate", "RFC 850", "asctime"],
)
def test_a_date_is_of_utc_in_each_form_wherever_the_bot_runs(monkeypatch, value, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert retry_after_s(value, NOW) == 90
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.text(max_size=60))
def test_no_retry_after_breaks_the_reader(value):
    seconds = retry_after_s(value, NOW)

    assert seconds is None or (math.isfinite(seconds) and 0 <= seconds <= LONGEST_WAIT_S)
