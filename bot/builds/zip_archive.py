"""A zip archive's directory and single entries, read within bounds; nothing is ever extracted.

``zipfile`` makes an object of every entry that a directory claims before its caller can say no, and believes
the sizes in it. Builds come from anyone, so the few structures needed are read here, each checked first.
Source: PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3 (zip64).
"""

import re
import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from bot.builds.problems import BuildProblem, BuildProblemError

MAX_ENTRIES = 200_000
"""Three times what a zip without zip64 can count; Android 10's own framework has 7,600."""

MAX_DIRECTORY_BYTES = 64 * 1024 * 1024
"""``MAX_ENTRIES`` with names of 280 bytes; it is held in memory."""

MAX_EXPANDED_BYTES = 8 * 1024**3
"""Of all entries together, as claimed: twice what the App Store takes."""

PIECE_BYTES = 256 * 1024
"""Of an entry's content that is given at once."""

_MAX_RATIO = 1032  # the most that deflate can reach
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000  # an entry, strongly, the directory itself

_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4s12x2I4Q")
_CENTRAL = struct.Struct("<4s4x2H4x3I4H6xI")
_LOCAL = struct.Struct("<4s2x2H4x3I2H")
_DESCRIBED_AFTER = 0x0008  # checksum and sizes stand behind the content, not in the local header
_END_MARK = re.compile(rb"(?=PK\x05\x06)")
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|script|!--)", re.IGNORECASE)


class Entry(NamedTuple):
    """One file in the archive, as its directory claims."""

    name: bytes
    offset: int
    """Of its local header."""
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int


class _Directory(NamedTuple):
    """Where the directory is, as the end record claims."""

    offset: int
    size_bytes: int
    end: int
    """Where it must have ended."""
    entry_count: int


class Archive:
    """A zip archive on a seekable file.

    Entries go by their names' bytes, which are compared and never used as paths.

    Raises:
        Flawed: on making it, where the file is no zip archive that can be relied on.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, 2)
        if not self._size:
            raise BuildProblemError(BuildProblem.EMPTY)
        found = self._find_directory()
        if found.entry_count > MAX_ENTRIES or found.size_bytes > MAX_DIRECTORY_BYTES:
            raise BuildProblemError(BuildProblem.TOO_MANY_ENTRIES)
        if found.offset + found.size_bytes > found.end:
            raise BuildProblemError(BuildProblem.DAMAGED)
        self._directory = found.offset
        self._repeated: set[bytes] = set()
        self.entries: dict[bytes, Entry] = {}
        self._read_directory(self._read_at(found.offset, found.size_bytes))

    def read(self, entry: Entry, *, limit_bytes: int) -> bytes:
        """Return an entry's content, whole and with its checksum right.

        Raises:
            Flawed: it has more than ``limit_bytes``, or is not what the directory claims.
        """
        if entry.size_bytes > limit_bytes:
            raise BuildProblemError(BuildProblem.TOO_LARGE_INSIDE)
        return b"".join(self.pieces(entry))

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """Give an entry's content piece by piece, each of ``PIECE_BYTES`` at most.

        Raises:
            Flawed: it is not what the directory claims; what was given before may be anything.
        """
        start = self._start(entry)
        crc = 0
        for piece in self._stored(start, entry) if entry.method == _STORED else self._inflated(start, entry):
            crc = zlib.crc32(piece, crc)
            yield piece
        if crc != entry.crc:
            raise BuildProblemError(BuildProblem.DAMAGED)

    def _start(self, entry: Entry) -> int:
        """Return where an entry's content begins, its local header being what the directory claims."""
        if entry.name in self._repeated:
            raise BuildProblemError(BuildProblem.AMBIGUOUS)
        signature, flags, method, *claims, name_bytes, extra_bytes = _LOCAL.unpack(
            self._read_at(entry.offset, _LOCAL.size)
        )
        if signature != b"PK\x03\x04":
            raise BuildProblemError(BuildProblem.DAMAGED)
        if flags & _ENCRYPTED:
            raise BuildProblemError(BuildProblem.ENCRYPTED)
        if method != entry.method or not (flags & _DESCRIBED_AFTER or _agree(claims, entry)):
            raise BuildProblemError(
                BuildProblem.DAMAGED
            )  # readers that go by the local header would see something else
        start: int = entry.offset + _LOCAL.size + name_bytes + extra_bytes
        if self._read_at(entry.offset + _LOCAL.size, name_bytes) != entry.name:
            raise BuildProblemError(BuildProblem.DAMAGED)
        if start + entry.packed_bytes > self._directory or entry.method not in {_STORED, _DEFLATED}:
            raise BuildProblemError(BuildProblem.DAMAGED)
        return start

    def _stored(self, start: int, entry: Entry) -> Iterator[bytes]:
        end = start + entry.packed_bytes
        for offset in range(start, end, PIECE_BYTES):
            yield self._read_at(offset, min(PIECE_BYTES, end - offset))

    def _inflated(self, start: int, entry: Entry) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        left = entry.size_bytes
        try:
            for packed in self._stored(start, entry):
                piece = inflater.decompress(packed, PIECE_BYTES)
                while piece:
                    left -= len(piece)
                    if left < 0:
                        raise BuildProblemError(BuildProblem.DAMAGED)
                    yield piece
                    piece = inflater.decompress(inflater.unconsumed_tail, PIECE_BYTES)
                if inflater.eof:
                    break
        except zlib.error as error:
            raise BuildProblemError(BuildProblem.DAMAGED) from error
        if not inflater.eof or left:
            raise BuildProblemError(BuildProblem.DAMAGED)

    def _read_at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        content = self._file.read(size)
        if len(content) != size:
            raise BuildProblemError(BuildProblem.DAMAGED)
        return content

    def _find_directory(self) -> _Directory:
        """Find the directory by the archive's end record.

        That record has to close the file, as Android asks: the records of archives within the archive
        don't, so a build that was cut short is not taken for one of them. Where two do, one in the other's
        comment, readers differ in which they believe.
        """
        head = self._read_at(0, min(1024, self._size))
        if not head.startswith(b"PK"):
            page = _PAGE.match(head) or b"<html" in head.lower()
            raise BuildProblemError(BuildProblem.WEB_PAGE if page else BuildProblem.NOT_AN_ARCHIVE)
        tail_start = max(0, self._size - _END.size - 0xFFFF)
        tail = self._read_at(tail_start, self._size - tail_start)
        closing = [match.start() for match in _END_MARK.finditer(tail) if _closes(tail, match.start())]
        if not closing:
            raise BuildProblemError(BuildProblem.CUT_SHORT)
        if len(closing) > 1:
            raise BuildProblemError(BuildProblem.AMBIGUOUS)
        _, disk, first_disk, _, count, size, offset, _ = _END.unpack_from(tail, closing[0])
        end = tail_start + closing[0]
        found = _Directory(offset=offset, size_bytes=size, end=end, entry_count=count)
        wide = self._find_end64(end)
        if not {disk, first_disk} <= ({0} if wide is None else {0, 0xFFFF}):
            raise BuildProblemError(BuildProblem.DAMAGED)  # one volume of several
        if wide is None:
            return found
        if (
            count not in {0xFFFF, wide.entry_count & 0xFFFF}
            or size not in {0xFFFFFFFF, wide.size_bytes}
            or offset not in {0xFFFFFFFF, wide.offset}
        ):
            raise BuildProblemError(
                BuildProblem.AMBIGUOUS
            )  # readers differ in which of the two records they believe
        return wide

    def _find_end64(self, end: int) -> _Directory | None:
        """Find the directory by the zip64 end record, where the file has one before ``end``."""
        if end < _LOCATOR.size:
            return None
        signature, _, at, _ = _LOCATOR.unpack(self._read_at(end - _LOCATOR.size, _LOCATOR.size))
        if signature != b"PK\x06\x07":
            return None
        if at + _END64.size > end - _LOCATOR.size:
            raise BuildProblemError(BuildProblem.DAMAGED)
        signature, disk, first_disk, _, count, size, offset = _END64.unpack(self._read_at(at, _END64.size))
        if signature != b"PK\x06\x06" or disk or first_disk:
            raise BuildProblemError(BuildProblem.DAMAGED)
        return _Directory(offset=offset, size_bytes=size, end=at, entry_count=count)

    def _read_directory(self, directory: bytes) -> None:
        total = 0
        spans = []
        for number, (entry, flags) in enumerate(_entries(directory)):
            if flags & _ENCRYPTED:
                raise BuildProblemError(BuildProblem.ENCRYPTED)
            if number >= MAX_ENTRIES:
                raise BuildProblemError(BuildProblem.TOO_MANY_ENTRIES)
            total += entry.size_bytes
            if total > MAX_EXPANDED_BYTES or entry.size_bytes > _MAX_RATIO * (entry.packed_bytes + 1):
                raise BuildProblemError(BuildProblem.TOO_LARGE_INSIDE)
            if entry.method == _STORED and entry.size_bytes != entry.packed_bytes:
                raise BuildProblemError(BuildProblem.DAMAGED)
            if entry.name in self.entries:
                self._repeated.add(entry.name)
            self.entries[entry.name] = entry
            spans.append((entry.offset, entry.offset + _LOCAL.size + len(entry.name) + entry.packed_bytes))
        spans.sort()
        spans.append((self._directory, self._directory))
        if any(end > start for (_, end), (start, _) in pairwise(spans)):
            raise BuildProblemError(
                BuildProblem.DAMAGED
            )  # entries that share bytes: how small bombs are made


def _closes(tail: bytes, at: int) -> bool:
    """Tell whether the end record at ``at`` ends, with its comment, where the file does."""
    return len(tail) - at >= _END.size and at + _END.size + _END.unpack_from(tail, at)[-1] == len(tail)


def _agree(claims: list[int], entry: Entry) -> bool:
    """Tell whether a local header's checksum, packed size and size are the directory's, or are zip64's."""
    known = (entry.crc, entry.packed_bytes, entry.size_bytes)
    return all(claim in {fact, 0xFFFFFFFF} for claim, fact in zip(claims, known, strict=True))


def _entries(directory: bytes) -> Iterator[tuple[Entry, int]]:
    """Give each entry with its flags; the directory's length counts, as some writers' counts overflow."""
    at = 0
    while at < len(directory):
        if len(directory) - at < _CENTRAL.size:
            raise BuildProblemError(BuildProblem.DAMAGED)
        fields = _CENTRAL.unpack_from(directory, at)
        signature, flags, method, crc, packed, size, name_bytes, extra_bytes, comment_bytes, _, offset = (
            fields
        )
        name_at = at + _CENTRAL.size
        extra_at = name_at + name_bytes
        at = extra_at + extra_bytes + comment_bytes
        if signature != b"PK\x01\x02" or at > len(directory):
            raise BuildProblemError(BuildProblem.DAMAGED)
        if 0xFFFFFFFF in (size, packed, offset):
            extra = directory[extra_at : extra_at + extra_bytes]
            size, packed, offset = _widened(extra, size, packed, offset)
        name = directory[name_at:extra_at]
        entry = Entry(name=name, offset=offset, method=method, crc=crc, packed_bytes=packed, size_bytes=size)
        yield entry, flags


def _widened(extra: bytes, *fields: int) -> Iterator[int]:
    """Give the fields, those that don't fit 32 bits from the zip64 extra field, in its fixed order."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            break
        at += 4 + size
    at += 4
    for field in fields:
        if field != 0xFFFFFFFF:
            yield field
        elif at + 8 > len(extra):
            raise BuildProblemError(BuildProblem.DAMAGED)
        else:
            yield struct.unpack_from("<Q", extra, at)[0]
            at += 8
