"""The strings of Hermes bytecode, which React Native apps carry in place of their JavaScript.

The strings are stored without separators, and some share bytes: ``https://api.shop.com`` is followed by
``fort``. Only the table before them says where each begins and ends.
Source: ``BytecodeFileFormat.h`` and ``StringStorage.h`` in Hermes; verified with bytecode version 94.
"""

import struct
from collections.abc import Iterable, Iterator

MAX_BYTES = 96 * 1024 * 1024
"""Of a file that is held in memory; those of large apps have about 10 MB."""

_MARK = b"\xc6\x1f\xbc\x03\xc1\x03\x19\x1f"
_COUNTS = struct.Struct("<40x6I")
_TABLES_AT = 128
_FUNCTION_BYTES, _KIND_BYTES, _HASH_BYTES, _STRING_BYTES = 16, 4, 4, 4
_LONG = struct.Struct("<2I")
_IS_LONG = 0xFF
_MAX_STRINGS = 1_000_000
_MAX_RATIO = 4  # of the strings' total length to the file's; in real files, strings share few bytes
_BATCH_BYTES = 256 * 1024


def is_hermes(head: bytes) -> bool:
    """Return whether a file is Hermes bytecode, by its first bytes."""
    return head.startswith(_MARK)


def strings(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the strings of a file in UTF-8, each after a zero byte, in batches.

    A file that is too large, or whose table is invalid, is yielded unchanged.
    """
    source = iter(pieces)
    data = bytearray()
    for piece in source:
        data += piece
        if len(data) > MAX_BYTES:
            break
    if len(data) > MAX_BYTES or not _has_strings(data):
        yield bytes(data)
        yield from source
        return
    batch = bytearray()
    for start, end, is_wide in _spans(data):
        text = data[start:end]
        batch += b"\0" + (text.decode("utf-16-le", "replace").encode("utf-8", "replace") if is_wide else text)
        if len(batch) > _BATCH_BYTES:
            yield bytes(batch)
            batch.clear()
    yield bytes(batch + b"\0")


def _has_strings(data: bytearray) -> bool:
    try:
        return sum(end - start for start, end, _ in _spans(data)) <= _MAX_RATIO * len(data)
    except (ValueError, struct.error):
        return False


def _spans(data: bytearray) -> Iterator[tuple[int, int, bool]]:
    """Yield the start and end of each string, and whether it is in UTF-16.

    Raises:
        ValueError, struct.error: the table is invalid.
    """
    functions, kinds, hashes, count, long_count, size = _COUNTS.unpack_from(data)
    table = _TABLES_AT + functions * _FUNCTION_BYTES + kinds * _KIND_BYTES + hashes * _HASH_BYTES
    long_table = table + count * _STRING_BYTES
    storage = long_table + long_count * _LONG.size
    if count > _MAX_STRINGS or storage + size > len(data):
        raise ValueError("tables larger than the file")
    for (entry,) in struct.iter_unpack("<I", data[table:long_table]):
        offset, length = entry >> 1 & 0x7FFFFF, entry >> 24
        if length == _IS_LONG:
            if offset >= long_count:
                raise ValueError("no such long string")
            offset, length = _LONG.unpack_from(data, long_table + offset * _LONG.size)
        is_wide = bool(entry & 1)
        end = offset + length * (1 + is_wide)
        if end > size:
            raise ValueError("a string outside the storage")
        yield storage + offset, storage + end, is_wide
