"""Opens after failures in a row or when asked; after each pause lets one probe go; closes at an answer."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.circuit_breaker import FAILURES, PROBE_BACKOFF, CircuitBreaker
from tests.fakes import START, HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def breaker(clock) -> CircuitBreaker:
    return CircuitBreaker(clock)


def send(breaker: CircuitBreaker, number: int, outcome: str, retry_after_s: float | None = None) -> bool:
    """Send a scan, if it may be sent; tell whether it was."""
    if not breaker.enter(number):
        return False
    if outcome == "answer":
        breaker.answered(number)
    elif outcome == "failure":
        breaker.failed(number, retry_after_s)
    breaker.leave(number)
    return True


def fail(breaker: CircuitBreaker, times: int = FAILURES) -> None:
    for number in range(times):
        assert send(breaker, number, "failure")


def test_it_opens_after_failures_in_a_row_and_says_for_how_long(breaker):
    fail(breaker, FAILURES - 1)
    assert not breaker.is_open
    assert breaker.open_s is None

    fail(breaker, 1)

    assert breaker.is_open
    assert (breaker.open_s, breaker.probe_at) == (0, START + PROBE_BACKOFF.first_s)
    assert not breaker.enter(9)


def test_an_answer_between_failures_keeps_it_closed(breaker):
    for _ in range(3):
        fail(breaker, FAILURES - 1)
        assert send(breaker, 1, "answer")

    assert not breaker.is_open


def test_a_pause_that_is_asked_for_opens_it_at_once_until_then(breaker, clock):
    send(breaker, 1, "failure", 600)

    assert breaker.wait_s == 600
    clock.advance(599)
    assert not breaker.enter(2)
    clock.advance(1)
    assert breaker.enter(2)


def test_one_probe_goes_at_a_time_and_an_answer_lets_all_go(breaker, clock):
    fail(breaker)
    clock.advance(PROBE_BACKOFF.first_s)
    assert breaker.enter(1)
    assert not breaker.enter(2)
    assert breaker.enter(1)

    breaker.answered(1)

    assert (breaker.is_open, breaker.open_s, breaker.wait_s) == (False, None, 0)
    assert breaker.enter(2)
    assert breaker.enter(3)


def test_pauses_double_up_to_a_quarter_of_an_hour(breaker, clock):
    fail(breaker)
    pauses = [breaker.wait_s]
    for _ in range(7):
        clock.advance(breaker.wait_s)
        send(breaker, 1, "failure")
        pauses.append(breaker.wait_s)

    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]


def test_pauses_grow_though_the_scanner_asks_for_short_ones(breaker, clock):
    send(breaker, 1, "failure", 0)
    pauses = [breaker.wait_s]
    for _ in range(3):
        clock.advance(breaker.wait_s)
        send(breaker, 1, "failure", 1)
        pauses.append(breaker.wait_s)

    assert pauses == [1, 30, 60, 120]


def test_pauses_are_as_long_as_the_scanner_asks(breaker, clock):
    fail(breaker)
    clock.advance(PROBE_BACKOFF.first_s)
    send(breaker, 1, "failure", 7200)

    assert breaker.wait_s == 7200


def test_a_probe_that_comes_to_nothing_makes_room_for_another(breaker, clock):
    fail(breaker)
    clock.advance(PROBE_BACKOFF.first_s)
    send(breaker, 1, "taken back")

    assert breaker.is_open
    assert breaker.enter(2)


def test_what_was_on_its_way_when_it_opened_makes_no_pause_longer(breaker, clock):
    for number in range(9):
        assert breaker.enter(number)
    for number in range(8):
        breaker.failed(number)
    assert breaker.wait_s == PROBE_BACKOFF.first_s

    breaker.failed(8, 100)

    assert breaker.wait_s == 100


def test_what_was_on_its_way_may_close_it_but_not_shorten_a_pause_that_was_asked_for(breaker, clock):
    assert breaker.enter(8)
    fail(breaker)
    breaker.answered(8)
    assert not breaker.is_open

    assert breaker.enter(8)
    send(breaker, 1, "failure", 600)
    breaker.answered(8)
    assert breaker.is_open


def test_who_watches_is_told_of_each_change_once_and_the_log_has_a_line_for_each(breaker, clock, caplog):
    told: list[bool] = []
    breaker.watch(told.append)
    with caplog.at_level(logging.DEBUG):
        for number in range(FAILURES):
            assert breaker.enter(number)
        for number in range(FAILURES):
            breaker.failed(number)
        breaker.failed(1)
        for _ in range(3):
            clock.advance(breaker.wait_s)
            send(breaker, 1, "failure")
        clock.advance(breaker.wait_s)
        send(breaker, 1, "answer")
        send(breaker, 2, "answer")

    assert told == [True, False]
    assert [record.getMessage() for record in caplog.records] == [
        "OneTrust accepts no builds (5 consecutive failures); scans wait, next probe in 30 s",
        "OneTrust still accepts no builds; next probe in 60 s",
        "OneTrust still accepts no builds; next probe in 120 s",
        "OneTrust still accepts no builds; next probe in 240 s",
        "OneTrust accepts builds again after 450 s; waiting scans continue",
    ]


OUTCOMES = st.sampled_from(["answer", "failure", "taken back"])
ASKED = st.none() | st.floats(0, 5000)
STEPS = st.lists(st.tuples(st.integers(1, 4), OUTCOMES, ASKED, st.floats(0, 2000)), max_size=60)


@given(STEPS)
def test_whatever_happens_it_opens_and_closes_for_a_reason(steps):
    clock = HeldClock()
    breaker = CircuitBreaker(clock)
    in_a_row, not_before = 0, 0.0
    for number, outcome, asked_s, passed_s in steps:
        was_open, now = breaker.is_open, clock.now()
        went = send(breaker, number, outcome, asked_s)

        assert went is (not was_open or now >= not_before)  # nothing is sent in a pause, nobody waits after
        if went and outcome == "answer":
            assert not breaker.is_open
            in_a_row = 0
        elif went and outcome == "failure":
            in_a_row += 1
            assert breaker.is_open is (was_open or in_a_row >= FAILURES or asked_s is not None)
            if breaker.is_open:
                if asked_s is not None:
                    assert breaker.wait_s >= min(asked_s, 1)
                    assert breaker.wait_s >= asked_s - 0.001
                if was_open or asked_s is None:
                    assert breaker.wait_s >= PROBE_BACKOFF.first_s - 0.001
                assert breaker.wait_s <= max(PROBE_BACKOFF.maximum_s, asked_s or 0) + 0.001
                not_before = breaker.probe_at
        else:
            assert breaker.is_open is was_open
        assert breaker.is_open is (breaker.open_s is not None)
        clock.advance(passed_s)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_at_most_one_probe_is_under_way(numbers):
    clock = HeldClock()
    breaker = CircuitBreaker(clock)
    fail(breaker)
    clock.advance(PROBE_BACKOFF.first_s)

    assert len({number for number in numbers if breaker.enter(number)}) == 1


def test_a_clock_that_is_set_back_makes_no_pause_longer(breaker, clock):
    fail(breaker)
    clock.advance(-86_400)

    assert breaker.wait_s == PROBE_BACKOFF.first_s
    assert breaker.probe_at == clock.now() + PROBE_BACKOFF.first_s
    clock.advance(PROBE_BACKOFF.first_s)
    assert breaker.open_s == PROBE_BACKOFF.first_s
    assert send(breaker, 9, "failure")
    assert breaker.wait_s == 2 * PROBE_BACKOFF.first_s
    clock.advance(2 * PROBE_BACKOFF.first_s)
    assert send(breaker, 9, "answer")
    assert not breaker.is_open
