"""The strings of Hermes bytecode, which React Native apps carry in place of their JavaScript.

All strings lie there with nothing between them, some within others: ``https://api.shop.com`` followed by
``fort``. Only the table before them tells where each begins and ends.
Source: ``BytecodeFileFormat.h`` and ``StringStorage.h`` in Hermes; looked at in files of bytecode version 94.
"""

import struct
from collections.abc import Iterable, Iterator

MAX_BYTES = 96 * 1024 * 1024
"""Of a file that is held; those of large apps have some ten million."""

_MARK = b"\xc6\x1f\xbc\x03\xc1\x03\x19\x1f"
_COUNTS = struct.Struct("<40x6I")
_TABLES_AT = 128
_FUNCTION_BYTES, _KIND_BYTES, _HASH_BYTES, _STRING_BYTES = 16, 4, 4, 4
_LONG = struct.Struct("<2I")
_IS_LONG = 0xFF
_MAX_STRINGS = 1_000_000
_MAX_TIMES = 4  # what the strings may have together, against the file: real ones share little
_BATCH_BYTES = 256 * 1024


def is_hermes(head: bytes) -> bool:
    """Tell whether a file is Hermes bytecode, by its first bytes."""
    return head.startswith(_MARK)


def strings(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give the strings of a file in UTF-8, each after a zero byte, many at once.

    A file that is too large, or whose table makes no sense, is given as it is.
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
        return sum(end - start for start, end, _ in _spans(data)) <= _MAX_TIMES * len(data)
    except (ValueError, struct.error):
        return False


def _spans(data: bytearray) -> Iterator[tuple[int, int, bool]]:
    """Give where each string begins and ends, and whether it is in UTF-16.

    Raises:
        ValueError, struct.error: the table makes no sense.
    """
    functions, kinds, hashes, count, long_count, size = _COUNTS.unpack_from(data)
    table = _TABLES_AT + functions * _FUNCTION_BYTES + kinds * _KIND_BYTES + hashes * _HASH_BYTES
    long_table = table + count * _STRING_BYTES
    storage = long_table + long_count * _LONG.size
    if count > _MAX_STRINGS or storage + size > len(data):
        raise ValueError("tables that don't fit")
    for (entry,) in struct.iter_unpack("<I", data[table:long_table]):
        offset, length = entry >> 1 & 0x7FFFFF, entry >> 24
        if length == _IS_LONG:
            if offset >= long_count:
                raise ValueError("no such long string")
            offset, length = _LONG.unpack_from(data, long_table + offset * _LONG.size)
        is_wide = bool(entry & 1)
        end = offset + length * (1 + is_wide)
        if end > size:
            raise ValueError("a string outside the strings")
        yield storage + offset, storage + end, is_wide
