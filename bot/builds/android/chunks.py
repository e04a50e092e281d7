"""The building blocks of Android's binary resource files: chunks, string pools and typed values.

Everything here raises ``ValueError`` or ``struct.error`` on invalid bytes.
Source: ``ResourceTypes.h`` in AOSP, ``frameworks/base/libs/androidfw/include/androidfw``.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from bot.builds.text import MAX_TEXT_BYTES

STRING_POOL = 0x0001
REFERENCE = 0x01
REFERENCES = frozenset({REFERENCE, 0x07})
STRING = 0x03
INTEGERS = range(0x10, 0x12)
NO_STRING = 0xFFFFFFFF

_HEADER = struct.Struct("<HHI")


class Chunk(NamedTuple):
    """One chunk: the offsets of its header, its body and its end."""

    kind: int
    start: int
    body: int
    end: int


class Value(NamedTuple):
    """One typed value; ``text`` if it is a string."""

    kind: int
    data: int
    text: str | None


def chunks(data: bytes, start: int, end: int) -> Iterator[Chunk]:
    """Yield the consecutive chunks from ``start`` to ``end``."""
    while start + _HEADER.size <= end:
        kind, header_bytes, size = _HEADER.unpack_from(data, start)
        if not _HEADER.size <= header_bytes <= size <= end - start:
            raise ValueError("a chunk does not fit")
        yield Chunk(kind=kind, start=start, body=start + header_bytes, end=start + size)
        start += size


class StringPool:
    """The strings of a file, each decoded on access."""

    def __init__(self, data: bytes, chunk: Chunk) -> None:
        count, _, flags, strings_at = struct.unpack_from("<4I", data, chunk.start + 8)
        self._data = data
        self._offsets = chunk.body
        self._count = min(count, (chunk.end - chunk.body) // 4)
        self._strings = chunk.start + strings_at
        self._end = chunk.end
        self._utf8 = bool(flags & 0x100)

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < self._count:
            raise ValueError("no such string")
        at = self._strings + self._number("<I", self._offsets + 4 * index)
        if self._utf8:
            _, at = self._length("<B", at)  # the length in UTF-16 units is not needed
            size, at = self._length("<B", at)
            codec = "utf-8"
        else:
            units, at = self._length("<H", at)
            size, codec = 2 * units, "utf-16-le"
        if at + size > self._end:
            raise ValueError("a string exceeds its pool")
        content: bytes = self._data[at : at + min(size, MAX_TEXT_BYTES)]
        try:
            # aapt2 writes characters beyond the basic plane as two surrogates in UTF-8: join them.
            joined = content.decode(codec, "surrogatepass").encode("utf-16-le", "surrogatepass")
        except UnicodeDecodeError:  # cut within a character, or a byte that is wrong
            return content.decode(codec, "replace")
        return joined.decode("utf-16-le", "ignore")

    def find(self, index: int) -> str | None:
        """Return a string; ``None`` if it is missing or broken."""
        try:
            return self[index]
        except ValueError:
            return None

    def value(self, kind: int, data: int) -> Value:
        """Return a typed value whose strings are in this pool."""
        return Value(kind=kind, data=data, text=self[data] if kind == STRING else None)

    def _number(self, form: str, at: int) -> int:
        if at + struct.calcsize(form) > self._end:
            raise ValueError("a string begins outside its pool")
        number: int = struct.unpack_from(form, self._data, at)[0]
        return number

    def _length(self, form: str, at: int) -> tuple[int, int]:
        """Return a length of one or two numbers of a form, and the offset after it."""
        size = struct.calcsize(form)
        first, more = self._number(form, at), 1 << (8 * size - 1)
        if first < more:
            return first, at + size
        return (first - more) << (8 * size) | self._number(form, at + size), at + 2 * size
