"""What may be believed of the words in a build."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.text import MAX_LENGTH, clean, is_bundle_id


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("Shop", "Shop"),
        ("  My\n\tShop\u2028 ", "My Shop"),
        ("Sh\x00o\x1bp\x7f", "Shop"),
        ("Shop\u202egpj\u2066", "Shopgpj"),
        ("Sh\ud83dop", "Shop"),
        ("👩\u200d💻 Café 日本", "👩\u200d💻 Café 日本"),
        ("x" * 1000, "x" * MAX_LENGTH),
        (42, "42"),
        (1.5, "1.5"),
        (1 << 128, None),
        (True, None),
        ("", None),
        (" \x00 ", None),
        (None, None),
        (b"Shop", None),
        (["Shop"], None),
    ],
)
def test_words_are_short_printable_and_in_one_line(value: object, kept: str | None):
    assert clean(value) == kept


@given(st.text(st.characters(codec=None)) | st.integers() | st.floats())
def test_what_is_clean_stays_as_it_is(value: object):
    kept = clean(value)
    assert clean(kept) == kept
    if kept is not None:
        assert 0 < len(kept) <= MAX_LENGTH
        assert not {unicodedata.category(c) for c in kept} & {"Cc", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("value", ["a", "org.example.shop", "org.example.Shop-2_beta", "x" * 255])
def test_bundle_ids(value: str):
    assert is_bundle_id(value)


@pytest.mark.parametrize(
    "value", ["", "a b", "a\n", "$(BUNDLE_ID)", "../etc", "<@U1>", "é", "x" * 256, None, 7, ["a"]]
)
def test_what_is_no_bundle_id(value: object):
    assert not is_bundle_id(value)
