"""How long to wait before the next attempt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.backoff import SERVER_BACKOFF, Backoff

attempts = st.integers(0, 10_000)
draws = st.floats(0, 1, exclude_max=True)
backoffs = st.builds(
    Backoff,
    first_s=st.floats(0.1, 100),
    maximum_s=st.floats(100, 1e6),
    factor=st.floats(1.1, 10),
    jitter=st.floats(0, 0.9),
)


@given(attempts, st.floats(1, 1e6), draws)
def test_retry_after_replaces_the_delay(attempt, asked_s, draw):
    assert SERVER_BACKOFF.delay_s(attempt, asked_s, lambda: draw) == asked_s


@given(attempts, st.floats(max_value=1))
def test_retry_after_is_at_least_a_second(attempt, asked_s):
    assert SERVER_BACKOFF.delay_s(attempt, asked_s) == 1.0


@given(backoffs, attempts, draws)
def test_delays_have_bounds(backoff, attempt, draw):
    delay_s = backoff.delay_s(attempt, draw=lambda: draw)

    assert backoff.first_s * (1 - backoff.jitter) <= delay_s <= backoff.maximum_s


@given(backoffs, attempts)
def test_delays_never_shrink_from_one_attempt_to_the_next(backoff, attempt):
    assert backoff.delay_s(attempt, draw=lambda: 0.0) <= backoff.delay_s(attempt + 1, draw=lambda: 0.0)


def test_delays_grow_by_the_factor_up_to_the_maximum():
    backoff = Backoff(first_s=5, factor=3, maximum_s=100)

    assert [backoff.delay_s(attempt) for attempt in range(6)] == [5, 5, 15, 45, 100, 100]


def test_jitter_sets_apart_what_failed_together():
    assert SERVER_BACKOFF.delay_s(3, draw=lambda: 0.9) < SERVER_BACKOFF.delay_s(3, draw=lambda: 0.1)
    assert SERVER_BACKOFF.delay_s(3, draw=lambda: 0.0) == 20


@pytest.mark.parametrize(("elapsed_s", "delay_s"), [(0, 5), (10, 5), (60, 30), (1e9, 900)])
def test_elapsed_time_stands_in_for_the_number_of_attempts(elapsed_s, delay_s):
    assert Backoff(first_s=5, factor=1.5, maximum_s=900).delay_after_s(elapsed_s) == delay_s
