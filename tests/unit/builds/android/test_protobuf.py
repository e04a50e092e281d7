"""Protocol buffers: what is read, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.android.protobuf import MAX_FIELDS, ProtoMessage
from sandbox.bundles import field

NUMBERS = st.integers(0, 2**64 - 1)


@given(st.dictionaries(st.integers(1, 2**29 - 1), NUMBERS | st.text(max_size=50), max_size=8))
def test_what_was_written_is_read(written: dict[int, int | str]):
    message = ProtoMessage(b"".join(field(number, value) for number, value in written.items()))
    for number, value in written.items():
        assert (message.number(number) if isinstance(value, int) else message.text(number)) == value
    missing = next(number for number in range(1, 10) if number not in written)
    assert message.number(missing) is message.text(missing) is message.message(missing) is None


def test_messages_in_messages():
    inner = field(1, field(7, 42)) + field(1, field(7, 43))
    outer = ProtoMessage(field(3, inner) + b"\x25abcd" + b"\x29abcdefgh")
    found = outer.message(3)
    assert found is not None
    assert [each.number(7) for each in found.messages(1)] == [42, 43]
    assert not outer.is_empty()
    assert ProtoMessage(field(1, b"")).message(1).is_empty()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "data",
    [
        b"\x08",  # a number that is not there
        b"\x08\x80",  # one that is cut short
        b"\x08" + b"\xff" * 10 + b"\x01",  # one of eleven bytes
        b"\x08" + b"\xff" * 9 + b"\x02",  # one of 65 bits
        b"\x80" * 10 + b"\x01",  # a tag that is too long
        b"\x80\x80\x80\x80\x10\x00",  # a tag of more than 32 bits
        b"\x00\x00",  # field 0
        b"\x0b\x0c",  # a group
        b"\x0c",  # the end of a group
        b"\x0e\x00",  # wire types that there are not
        b"\x0f\x00",
        b"\x12\x05abcd",  # content that runs out of its message
        b"\x12" + b"\xff" * 9 + b"\x01",  # a length of -1
        b"\x15abc",
        b"\x11abcdefg",
    ],
)
def test_what_makes_no_sense(data: bytes):
    for message in (ProtoMessage(data), ProtoMessage(field(5, data)).message(5)):
        assert message is not None
        with pytest.raises(ValueError, match=r"."):
            list(message.fields())


def test_a_field_of_another_type_than_asked_for():
    message = ProtoMessage(field(1, 5) + field(2, "five"))
    for read in (message.message, message.text):
        with pytest.raises(ValueError, match="another type"):
            read(1)
    with pytest.raises(ValueError, match="another type"):
        message.number(2)
    with pytest.raises(ValueError, match="another type"):
        list(message.messages(1))


def test_a_singular_field_that_is_repeated():
    with pytest.raises(ValueError, match="repeated"):
        ProtoMessage(field(1, 5) + field(2, 6) + field(1, 5)).number(1)


def test_a_string_is_cut_where_nobody_would_read_on_and_has_to_be_one():
    assert len(ProtoMessage(field(1, "é" * 100_000)).text(1) or "") < 1100
    with pytest.raises(ValueError, match="utf-8"):
        ProtoMessage(field(1, b"\xff")).text(1)


def test_work_is_bounded_for_all_of_a_file_together():
    message = ProtoMessage(field(1, field(1, 1) * 1000))
    inner = message.message(1)
    assert inner is not None
    for _ in range(MAX_FIELDS // 1000 - 1):
        inner.number(2)
    with pytest.raises(ValueError, match="too many"):
        inner.number(2)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes):
    message = ProtoMessage(data)
    for read in (message.number, message.text, message.message, lambda one: list(message.messages(one))):
        for number in range(1, 16):
            try:
                read(number)
            except ValueError as error:
                assert str(error)  # noqa: PT017 - either way it has to be one of two
