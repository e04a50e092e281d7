"""Protocol buffers on the wire: messages, looked into field by field.

Only what is asked for is looked into, and nothing here calls itself, however deep messages lie in each other.
Everything here raises ``ValueError`` on bytes that make no sense, also on a field that is said twice or has
another type than it was asked for as: readers differ in what they make of those. Groups, which are of the
past, are refused.
Source: https://protobuf.dev/programming-guides/encoding
"""

from collections.abc import Iterator
from typing import NamedTuple, Self

from bot.builds.text import MAX_LENGTH

MAX_FIELDS = 1_000_000
"""Of one file, each counted as often as it is passed: a large app's resources take a fifth of that."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BITS = 64
_MAX_TAG = 0xFFFF_FFFF
_MOST_BYTES = 4 * MAX_LENGTH  # of a string, as no more of it is ever shown


class ProtoField(NamedTuple):
    """One field: its number, its wire type, its value where it is a varint, and where its content lies."""

    number: int
    wire_type: int
    value: int
    start: int
    end: int


class _Work:
    """How many fields of a file may still be passed."""

    def __init__(self) -> None:
        self.left = MAX_FIELDS


class ProtoMessage:
    """A message: all of a file, or what lies from ``start`` to ``end`` of it."""

    def __init__(
        self, data: bytes, start: int = 0, end: int | None = None, work: _Work | None = None
    ) -> None:
        self._data = data
        self._start = start
        self._end = len(data) if end is None else end
        self._work = work or _Work()

    def fields(self) -> Iterator[ProtoField]:
        """Give the fields in their order."""
        data, at, last = self._data, self._start, self._end
        while at < last:
            self._work.left -= 1
            if self._work.left < 0:
                raise ValueError("too many fields")
            tag, at = (data[at], at + 1) if data[at] < 0x80 else self._varint(at)  # most take one byte
            number, wire_type = tag >> 3, tag & 7
            if not number or tag > _MAX_TAG:
                raise ValueError("no field's number")
            value = 0
            if wire_type == _LENGTH:
                size, at = self._varint(at)
                end = at + size
            elif wire_type == _VARINT:
                value, end = self._varint(at)
            elif wire_type in _SIZES:
                end = at + _SIZES[wire_type]
            else:
                raise ValueError("a group, or no wire type")
            if end > last:
                raise ValueError("a field that runs out of its message")
            yield ProtoField(number, wire_type, value, at, end)
            at = end

    def messages(self, number: int) -> Iterator[Self]:
        """Give the messages in a repeated field."""
        for field in self.fields():
            if field.number == number:
                yield self.within(field)

    def message(self, number: int) -> Self | None:
        """Return the message in a field; ``None`` where it has none."""
        field = self._one(number)
        return None if field is None else self.within(field)

    def text(self, number: int) -> str | None:
        """Return the string in a field, cut where nobody would read on; ``None`` where it has none."""
        field = self._one(number)
        if field is None:
            return None
        _expect(field, _LENGTH)
        end = min(field.end, field.start + _MOST_BYTES)
        return self._data[field.start : end].decode(errors="strict" if end == field.end else "ignore")

    def number(self, number: int) -> int | None:
        """Return the varint in a field, without a sign; ``None`` where it has none."""
        field = self._one(number)
        if field is None:
            return None
        _expect(field, _VARINT)
        return field.value

    def within(self, field: ProtoField) -> Self:
        """Return the message that is a field's content."""
        _expect(field, _LENGTH)
        return type(self)(self._data, field.start, field.end, self._work)

    def is_empty(self) -> bool:
        """Tell whether it has no field at all."""
        return self._start == self._end

    def _one(self, number: int) -> ProtoField | None:
        found = None
        for field in self.fields():
            if field.number == number:
                if found is not None:
                    raise ValueError("a field that is said twice")
                found = field
        return found

    def _varint(self, at: int) -> tuple[int, int]:
        """Return a number of up to 64 bits, and what follows it."""
        if at < self._end and self._data[at] < 0x80:
            return self._data[at], at + 1
        value = 0
        for shift in range(0, _MAX_VARINT_BITS, 7):
            if at >= self._end:
                break
            byte = self._data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value.bit_length() > _MAX_VARINT_BITS:
                    break
                return value, at
        raise ValueError("a number that is too long, or cut short")


def _expect(field: ProtoField, wire_type: int) -> None:
    if field.wire_type != wire_type:
        raise ValueError("a field of another type than it should have")
