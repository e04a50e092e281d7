"""Strings of Hermes bytecode are told apart, and files that lie about them are given as they are."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.builds.hosts import hermes
from bot.builds.hosts.search import Form, Search
from sandbox.hermes import make_hermes

STRINGS = [
    "comfort",
    "https://api.shop.com",
    "TypeError",
    "cdn.shop.net",
    "work",
    "Größe ☃ https://b.shop.com",
]
FILE = make_hermes([*STRINGS, "x" * 300 + " https://long.shop.com", "fort"])


def strings(data: bytes) -> list[bytes]:
    return b"".join(hermes.strings([data[:50], data[50:]])).split(b"\0")


def test_each_string_is_given_by_itself():
    assert hermes.is_hermes(FILE)
    assert set(map(str.encode, STRINGS)) < set(strings(FILE))
    assert b"comfort" in strings(FILE)
    search = Search()
    search.read(hermes.strings([FILE]), Form.HERMES)
    assert search.hosts == {"api.shop.com", "cdn.shop.net", "b.shop.com", "long.shop.com"}


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (40, 0xFFFFFFFF),  # functions
        (52, 0xFFFFFFFF),  # strings
        (52, 2_000_000),
        (56, 0),  # long strings
        (60, 8),  # bytes of all strings
        (128 + 20, 0x7F_FFFFFE),  # where the first string is, and how long
    ],
)
def test_a_table_that_makes_no_sense_is_not_believed(at: int, value: int):
    data = bytearray(FILE)
    data[at : at + 4] = struct.pack("<I", value)
    assert b"".join(hermes.strings([bytes(data)])) == data


def test_strings_that_lie_on_one_another_a_thousand_times():
    data = bytearray(make_hermes(["a" * 200] * 1000))
    for number in range(1000):
        data[148 + 4 * number : 152 + 4 * number] = struct.pack("<I", 200 << 24)
    assert len(b"".join(hermes.strings([bytes(data)]))) < 4 * len(data) + 2000
    data[56:60], data[60:64] = struct.pack("<I", 1), struct.pack("<I", 200_000 - 8)
    data[148 + 4000 : 148 + 4008] = struct.pack("<2I", 0, 199_000)
    for number in range(1000):
        data[148 + 4 * number : 152 + 4 * number] = struct.pack("<I", 0xFF << 24)
    assert b"".join(hermes.strings([bytes(data)])) == data


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 220), st.integers(0, 255)), max_size=6))
def test_any_bytes_are_read(changes: list[tuple[int, int]]):
    data = bytearray(FILE)
    for at, value in changes:
        data[at] = value
    assert b"".join(hermes.strings([bytes(data)]))


def test_a_file_too_large_to_be_held_is_given_as_it_is():
    pieces = [FILE, *[bytes(hermes.MAX_BYTES // 4)] * 5]
    assert sum(map(len, hermes.strings(pieces))) == sum(map(len, pieces))
