"""``resources.arsc``: the value of a resource ID.

Only the positions of the types' chunks are kept; values are read in place. All three encodings of offsets
(plain, sparse, 16-bit) and both of entries (plain, compact) are supported.
Source: ``ResourceTypes.h`` in AOSP (``ResTable_*``).
"""

import struct
from bisect import bisect_left
from collections.abc import Callable

from bot.builds.android.chunks import REFERENCES, STRING_POOL, Chunk, StringPool, Value, chunks

_TABLE = 0x0002
_PACKAGE = 0x0200
_TYPE = 0x0201
_MAX_PARTS = 100_000  # parts of packages; Android 10's own framework has 3,881
_MAX_HOPS = 8  # references to references
_SPARSE, _SHORT_OFFSETS = 0x01, 0x02
_COMPLEX, _COMPACT = 0x0001, 0x0008

RANKS = DEFAULT, NO_LANGUAGE, ENGLISH, OTHER_LANGUAGE = range(4)
"""Of configurations, the best first: the default, those for some device, English, other languages."""


def follow(value: Value, find: Callable[[int], Value | None]) -> Value | None:
    """Follow references, with ``find`` to look up an ID; ``None`` if there is no value."""
    current: Value | None = value
    for _ in range(_MAX_HOPS):
        if current is None or current.kind not in REFERENCES:
            return current
        current = find(current.data)
    return None


def _rank(config: bytes) -> int:
    """Return the rank of a configuration, given without its size; shorter ones end within a field."""
    if not config.strip(b"\0"):
        return DEFAULT
    language = config[4:6].strip(b"\0")
    return NO_LANGUAGE if not language else ENGLISH if language == b"en" else OTHER_LANGUAGE


class Resources:
    """A resource table.

    Raises:
        ValueError, struct.error: here and in its methods, if the table is damaged.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._parts = 0
        self._types: dict[tuple[int, int, int], list[Chunk]] = {}  # by package, type and rank
        table = next(chunks(data, 0, len(data)), None)
        if table is None or table.kind != _TABLE:
            raise ValueError("not a resource table")
        pool: StringPool | None = None
        for chunk in chunks(data, table.body, table.end):
            if chunk.kind == STRING_POOL and pool is None:
                pool = StringPool(data, chunk)
            elif chunk.kind == _PACKAGE:
                self._add_package(chunk)
        if pool is None:
            raise ValueError("no strings")
        self._pool = pool

    def _add_package(self, chunk: Chunk) -> None:
        package = struct.unpack_from("<I", self._data, chunk.start + 8)[0]
        for part in chunks(self._data, chunk.body, chunk.end):
            self._parts += 1
            if self._parts > _MAX_PARTS:
                raise ValueError("too many types")
            if part.kind == _TYPE:
                number, config_bytes = struct.unpack_from("<B11xI", self._data, part.start + 8)
                config = self._data[part.start + 24 : min(part.start + 20 + config_bytes, part.body)]
                self._types.setdefault((package, number, _rank(config)), []).append(part)

    def resolve(self, value: Value) -> Value | None:
        """Follow references to a value; ``None`` without one."""
        return follow(value, self._find)

    def _find(self, resource_id: int) -> Value | None:
        """Return the value of the configuration of the best rank that has one."""
        package, kind, index = resource_id >> 24, resource_id >> 16 & 0xFF, resource_id & 0xFFFF
        for rank in RANKS:
            for chunk in self._types.get((package, kind, rank), ()):
                value = self._entry(chunk, index)
                if value is not None:
                    return value
        return None

    def _entry(self, chunk: Chunk, index: int) -> Value | None:
        flags, count, entries_at = struct.unpack_from("<B2x2I", self._data, chunk.start + 9)
        offset = self._offset(chunk, flags, count, index)
        if offset is None:
            return None
        at = chunk.start + entries_at + offset
        if at + 8 > chunk.end:
            raise ValueError("an entry outside its chunk")
        size, entry_flags, data = struct.unpack_from("<2HI", self._data, at)
        if entry_flags & _COMPACT:
            return self._pool.value(entry_flags >> 8, data)
        if entry_flags & _COMPLEX:
            return None  # a style, an array or plurals
        if at + size + 8 > chunk.end:
            raise ValueError("a value outside its chunk")
        kind, data = struct.unpack_from("<3xBI", self._data, at + size)
        return self._pool.value(kind, data)

    def _offset(self, chunk: Chunk, flags: int, count: int, index: int) -> int | None:
        """Return an entry's offset from the first entry of its chunk; ``None`` if there is no such entry."""
        data, body = self._data, chunk.body
        width = 2 if flags & _SHORT_OFFSETS and not flags & _SPARSE else 4
        if body + count * width > chunk.end:
            raise ValueError("offsets outside their chunk")
        if flags & _SPARSE:
            at = bisect_left(
                range(count), index, key=lambda i: data[body + 4 * i] | data[body + 4 * i + 1] << 8
            )
            found, offset = struct.unpack_from("<2H", data, body + 4 * at) if at < count else (-1, 0)
            return 4 * offset if found == index else None
        if index >= count:
            return None
        form, unit, none = ("<H", 4, 0xFFFF) if width == 2 else ("<I", 1, 0xFFFFFFFF)
        offset = struct.unpack_from(form, data, body + width * index)[0]
        return None if offset == none else unit * offset
