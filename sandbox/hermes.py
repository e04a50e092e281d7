"""Sample Hermes bytecode: a file of strings and nothing else.

Source: ``BytecodeFileFormat.h`` and ``StringStorage.h`` in Hermes, and what its compiler ``hermesc`` writes.
"""

import struct
from collections.abc import Sequence

_MARK = 0x1F1903C103BC1FC6
_VERSION = 94
_IS_LONG = 0xFF


def make_hermes(strings: Sequence[str]) -> bytes:
    """Return a file with these strings, with nothing between them: ASCII ones first, then those in UTF-16."""
    storage, table, long_table = bytearray(), bytearray(), bytearray()
    for text in sorted(strings, key=str.isascii, reverse=True):
        content = text.encode("ascii") if text.isascii() else text.encode("utf-16-le")
        offset, length = len(storage), len(content) // (1 if text.isascii() else 2)
        if length >= _IS_LONG:
            long_table += struct.pack("<2I", offset, length)
            offset, length = len(long_table) // 8 - 1, _IS_LONG
        table += struct.pack("<I", (not text.isascii()) | offset << 1 | length << 24)
        storage += content
    counts = (1, 1, 0, len(strings), len(long_table) // 8, len(storage))  # one function, one kind of strings
    body = bytes(16 + 4) + table + long_table + storage
    header = struct.pack("<QI20xII6I", _MARK, _VERSION, 128 + len(body), 0, *counts)
    return header.ljust(128, b"\0") + body
