"""Binary property lists: only the strings and numbers of the top dictionary are read, in place.

Other objects are never read, so their kind, number and depth don't matter.
Source: ``CFBinaryPList.c`` in Apple's CoreFoundation.
"""

import contextlib
import struct

from bot.builds.plist.values import Properties, put
from bot.builds.text import MAX_TEXT_BYTES

MAGIC = b"bplist0"

_TRAILER = struct.Struct(">6x2B3Q")
_MAX_PAIRS = 500_000
_MAX_KEY_UNITS = 255
_INTEGER, _REAL, _ASCII, _UTF16, _DICT = 0x1, 0x2, 0x5, 0x6, 0xD
_WITH_COUNT = range(0x4, 0xE)
_REALS = {2: ">f", 3: ">d"}


def read_binary(data: bytes, *, depth: int) -> Properties:
    """Read a property list; dictionaries are kept down to ``depth``.

    Raises:
        ValueError: it is not a property list with a dictionary on top, or is damaged.
        BuildProblemError: as ``put``.
    """
    return _Binary(data).top(depth)


class _Binary:
    """A property list, object by object."""

    def __init__(self, data: bytes) -> None:
        if len(data) < len(MAGIC) + _TRAILER.size or not data.startswith(MAGIC):
            raise ValueError("not a binary property list")
        self._data = data
        self._offset_bytes, self._ref_bytes, self._count, self._top, self._table = _TRAILER.unpack(
            data[-_TRAILER.size :]
        )
        table_end = self._table + self._count * self._offset_bytes
        if not self._offset_bytes or not self._ref_bytes or table_end > len(data) - _TRAILER.size:
            raise ValueError("the offsets don't fit")
        self._left = _MAX_PAIRS

    def top(self, depth: int) -> Properties:
        kind, count, at = self._object(self._top)
        if kind != _DICT:
            raise ValueError("not a dictionary")
        return self._dictionary(count, at, depth - 1)

    def _number(self, at: int, size: int) -> int:
        if at + size > self._table:
            raise ValueError("an object outside its place")
        return int.from_bytes(self._data[at : at + size], "big")

    def _object(self, ref: int) -> tuple[int, int, int]:
        """Return an object's kind, the number in its head, and the offset of its content."""
        if ref >= self._count:
            raise ValueError("no such object")
        place = self._table + ref * self._offset_bytes
        at = int.from_bytes(self._data[place : place + self._offset_bytes], "big")
        marker = self._number(at, 1)
        kind, count = marker >> 4, marker & 0xF
        if kind not in _WITH_COUNT or count != 0xF:
            return kind, count, at + 1
        size_marker = self._number(at + 1, 1)
        size = 1 << (size_marker & 0xF)
        if size_marker >> 4 != _INTEGER or size > 8:
            raise ValueError("a count that is no number")
        return kind, self._number(at + 2, size), at + 2 + size

    def _dictionary(self, count: int, at: int, depth: int) -> Properties:
        self._left -= count
        if self._left < 0 or at + 2 * count * self._ref_bytes > self._table:
            raise ValueError("a dictionary too large")
        found: Properties = {}
        for key_at in range(at, at + count * self._ref_bytes, self._ref_bytes):
            with contextlib.suppress(ValueError, struct.error):  # only what is broken is without a value
                key = self._key(self._number(key_at, self._ref_bytes))
                if key is not None:
                    value_ref = self._number(key_at + count * self._ref_bytes, self._ref_bytes)
                    put(found, key, self._value(value_ref, depth))
        return found

    def _key(self, ref: int) -> str | None:
        kind, count, at = self._object(ref)
        return self._text(kind, count, at) if kind in {_ASCII, _UTF16} and count <= _MAX_KEY_UNITS else None

    def _value(self, ref: int, depth: int) -> object:
        kind, count, at = self._object(ref)
        if kind in {_ASCII, _UTF16}:
            return self._text(kind, count, at)
        if kind == _INTEGER and count <= 4:
            number, bits = self._number(at, 1 << count), 8 << count
            return number - (1 << bits) if bits >= 64 and number >> (bits - 1) else number
        if kind == _REAL and count in _REALS:
            return struct.unpack_from(_REALS[count], self._data, at)[0]
        if kind == _DICT and depth > 0:
            return self._dictionary(count, at, depth - 1)
        return None

    def _text(self, kind: int, count: int, at: int) -> str:
        size, codec = (count, "ascii") if kind == _ASCII else (2 * count, "utf-16-be")
        if at + size > self._table:
            raise ValueError("a string outside its place")
        return self._data[at : at + min(size, 2 * MAX_TEXT_BYTES)].decode(codec, "replace")
