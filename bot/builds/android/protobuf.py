"""A parser of protocol buffers that reads messages field by field.

Only requested fields are parsed, without recursion. Everything here raises ``ValueError`` on invalid bytes,
and where parsers differ: on a singular field that is repeated, a field of another type than requested, and
groups, which are deprecated.
Source: https://protobuf.dev/programming-guides/encoding
"""

from collections.abc import Iterator
from typing import NamedTuple, Self

from bot.builds.text import MAX_TEXT_BYTES

MAX_FIELDS = 2_000_000
"""Of one file, counted each time they are read, in one to three seconds; large apps take a tenth of that."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BITS = 64
_MAX_TAG = 0xFFFF_FFFF


class ProtoField(NamedTuple):
    """One field; ``value`` if it is a varint, and the start and end of its content."""

    number: int
    wire_type: int
    value: int
    start: int
    end: int


class ProtoMessage:
    """A message: a whole file, or its bytes from ``start`` to ``end``."""

    def __init__(
        self, data: bytes, start: int = 0, end: int | None = None, budget: Iterator[int] | None = None
    ) -> None:
        self._data = data
        self._start = start
        self._end = len(data) if end is None else end
        self._budget = iter(range(MAX_FIELDS)) if budget is None else budget
        """Has an entry for each field of the file that may still be read."""

    def fields(self, wanted: int = 0) -> Iterator[ProtoField]:
        """Yield the fields in order: all, or those with the number ``wanted``."""
        data, at, last = self._data, self._start, self._end
        while at < last:
            if next(self._budget, None) is None:
                raise ValueError("too many fields")
            tag, at = (data[at], at + 1) if data[at] < 0x80 else self._varint(at)  # most take one byte
            number, wire_type = tag >> 3, tag & 7
            if not number or tag > _MAX_TAG:
                raise ValueError("an invalid field number")
            value = 0
            if wire_type == _LENGTH:
                size, at = (data[at], at + 1) if at < last and data[at] < 0x80 else self._varint(at)
                end = at + size
            elif wire_type == _VARINT:
                value, end = self._varint(at)
            elif wire_type in _SIZES:
                end = at + _SIZES[wire_type]
            else:
                raise ValueError("a group, or an invalid wire type")
            if end > last:
                raise ValueError("a field exceeds its message")
            if not wanted or number == wanted:
                yield ProtoField(number, wire_type, value, at, end)
            at = end

    def messages(self, number: int) -> Iterator[Self]:
        """Yield the messages in a repeated field."""
        for field in self.fields(number):
            yield self.within(field)

    def first(self, number: int) -> Self | None:
        """Return the first message in a field, without parsing the fields after it."""
        return next(self.messages(number), None)

    def message(self, number: int) -> Self | None:
        """Return the message in a field; ``None`` without the field."""
        field = self._one(number, _LENGTH)
        return None if field is None else self.within(field)

    def text(self, number: int) -> str | None:
        """Return the string in a field, cut to ``MAX_TEXT_BYTES``; ``None`` without the field."""
        field = self._one(number, _LENGTH)
        if field is None:
            return None
        end = min(field.end, field.start + MAX_TEXT_BYTES)
        return self._data[field.start : end].decode(errors="strict" if end == field.end else "ignore")

    def number(self, number: int) -> int | None:
        """Return the varint in a field as an unsigned integer; ``None`` without the field."""
        field = self._one(number, _VARINT)
        return None if field is None else field.value

    def within(self, field: ProtoField) -> Self:
        """Return the message that is a field's content."""
        _expect(field, _LENGTH)
        return type(self)(self._data, field.start, field.end, self._budget)

    def is_empty(self) -> bool:
        """Return whether it has no fields."""
        return self._start == self._end

    def _one(self, number: int, wire_type: int) -> ProtoField | None:
        single = None
        for field in self.fields(number):
            if single is not None:
                raise ValueError("a singular field is repeated")
            single = field
        if single is not None:
            _expect(single, wire_type)
        return single

    def _varint(self, at: int) -> tuple[int, int]:
        """Return a number of up to 64 bits, and the offset after it."""
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
        raise ValueError("a varint is too long, or cut short")


def _expect(field: ProtoField, wire_type: int) -> None:
    if field.wire_type != wire_type:
        raise ValueError("a field of another type than requested")
