"""Typed values from JSON: whatever comes in, a bounded value of the right type comes out, or nothing."""

import enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.scanners.http import json_fields as fields

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


class Colour(enum.StrEnum):
    RED = "red"
    OTHER = "OTHER"


@given(ANYTHING)
def test_anything_is_bounded_or_left_out(value):
    for line in (fields.text(value, 5), fields.printable(value, 5), fields.word(value, 5)):
        assert line is None or (0 < len(line) <= 5 and "\n" not in line)
        repr(line).encode()
    assert (fields.printable(value) or "").isprintable()
    assert len(fields.words(value, 2)) <= 2
    assert fields.count(value, 9) in {None, *range(10)}
    assert fields.clamped(value, 9) in {None, *range(10)}
    number = fields.number(value, 9)
    assert number is None or 0 <= number <= 9
    at = fields.timestamp(value)
    assert at is None or 0 < at < 4.2e9
    assert fields.member(Colour, value, None) in {None, *Colour}
    assert all(isinstance(each, dict) for each in fields.records(value, 2))
    assert isinstance(fields.record(value, "a", "b"), dict)


@pytest.mark.parametrize(
    ("value", "text", "printable"),
    [
        ("  a\n\x00b\u2028c ", "a b c", "a b c"),
        ("a  b\xa0c", "a  b\xa0c", "a b c"),
        ("x\u202ey", "x\u202ey", "x�y"),
        ("Cafe\u0301", "Café", "Café"),
        ("\ud83d", "?", "?"),
        ("a" * 30, "a" * 9 + "…", "a" * 9 + "…"),
        ("a" * 8 + " bc", "a" * 8 + "…", "a" * 8 + "…"),
        (" \n", None, None),
        (42, "42", None),
        (True, None, None),
        (["a"], None, None),
    ],
)
def test_text_and_printable(value, text, printable):
    assert (fields.text(value, 10), fields.printable(value, 10)) == (text, printable)


@pytest.mark.parametrize("value", ["none", " NULL ", "N/A", "-", "", None])
def test_word_of_a_placeholder_is_none(value):
    assert fields.word(value) is None


def test_words_are_unique_strings():
    assert fields.words(["a", 1, "b", "a", None, "c"], 2) == ("a", "b")
    assert fields.words("a", 2) == ("a",)


def test_identifier_is_never_cut():
    assert (fields.identifier("a" * 10, 10), fields.identifier("a" * 11, 10)) == ("a" * 10, None)


@pytest.mark.parametrize(
    ("value", "number", "numeral", "clamped", "count"),
    [
        (7, 7.0, 7.0, 7, 7),
        (7.0, 7.0, 7.0, 7, 7),
        (2.6, 2.6, 2.6, 3, None),
        ("2.6", None, 2.6, 3, None),
        (-1, None, -1.0, 0, None),
        (11, None, 11.0, 10, None),
        (10**400, None, None, None, None),
        (float("nan"), None, None, None, None),
        (True, None, None, None, None),
    ],
)
def test_numbers(value, number, numeral, clamped, count):
    assert fields.number(value, 10) == number
    assert fields.numeral(value) == numeral
    assert fields.clamped(value, 10) == clamped
    assert fields.count(value, 10) == count


def test_member_in_any_case():
    assert fields.member(Colour, " Red ", Colour.OTHER) is Colour.RED
    assert fields.member(Colour, "blue", Colour.OTHER) is Colour.OTHER
    assert fields.member(Colour, 5, None) is None


def test_record_follows_its_path():
    value = {"a": {"b": {"c": 1}}, "x": [1]}
    assert fields.record(value, "a", "b") == {"c": 1}
    assert fields.record(value, "a", "x") == fields.record(value, "x") == fields.record(None) == {}
