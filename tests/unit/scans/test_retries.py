"""How long until the next try."""

from hypothesis import given
from hypothesis import strategies as st

from bot.scans.retries import FIRST_S, LONGEST_S, delay_s

attempts = st.integers(0, 10_000)
jitters = st.floats(0, 1, exclude_max=True)


@given(attempts, st.floats(1, 1e6), jitters)
def test_what_the_server_asked_for_is_kept_to(attempt, asked_s, jitter):
    assert delay_s(attempt, asked_s, lambda: jitter) == asked_s


@given(attempts, st.floats(max_value=1))
def test_a_server_that_asks_for_no_wait_is_not_hammered(attempt, asked_s):
    assert delay_s(attempt, asked_s) == 1.0


@given(attempts, jitters)
def test_waits_have_bounds(attempt, jitter):
    assert FIRST_S / 2 <= delay_s(attempt, None, lambda: jitter) <= LONGEST_S


def test_waits_double_up_to_the_longest():
    waits = [delay_s(attempt, None, lambda: 0.0) for attempt in range(1, 12)]

    assert waits[:4] == [5, 10, 20, 40]
    assert waits[-1] == LONGEST_S


def test_scans_that_failed_together_come_back_apart():
    assert delay_s(3, None, lambda: 0.9) < delay_s(3, None, lambda: 0.1)
