import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refused
from bot.scanners.zscaler.auth.session import obfuscate


def as_in_java(key: str, timestamp: str) -> str:
    """Zscaler's Java listing, line by line."""
    api_key_size = 12
    ret_val = ""
    key1_arr = list(key[0 : api_key_size - 2])
    key2_arr = list(key[2:])
    hi_indices = timestamp[len(timestamp) - 6 :]
    hitime = int(hi_indices, 10)
    lotime = hitime >> 1
    lo_indices = "%06d" % lotime  # noqa: UP031 - as the listing has it
    for index in hi_indices:
        ret_val += key1_arr[ord(index) - ord("0")]
    for index in lo_indices:
        ret_val += key2_arr[ord(index) - ord("0")]
    return ret_val


def test_a_known_key_at_a_known_time():
    assert obfuscate("abcdefghijkl", 1_795_310_785_252) == "hifcfcfleiei"


@given(
    st.text(st.characters(codec="utf-8"), min_size=12, max_size=12),
    st.integers(100_000, 4_102_444_800_000),
)
def test_it_is_what_zscalers_listing_makes_of_any_key_at_any_time(key, timestamp_ms):
    assert obfuscate(key, timestamp_ms) == as_in_java(key, str(timestamp_ms))


@pytest.mark.parametrize("last_digits", [0, 1, 9, 999_999, 100_000, 1_001])
def test_leading_zeros_pick_as_other_digits_do(last_digits):
    timestamp_ms = 1_795_310_000_000 + last_digits

    assert obfuscate("Az09By18Cx27", timestamp_ms) == as_in_java("Az09By18Cx27", str(timestamp_ms))


@pytest.mark.parametrize("key", ["", "abcdefghijk", "abcdefghijklm"])
def test_a_key_of_another_length_is_told(key):
    with pytest.raises(Refused) as caught:
        obfuscate(key, 1_795_310_785_252)

    assert "12 characters" in caught.value.user_message
    assert "`ZSCALER_API_KEY`" in caught.value.user_message
