"""Reading a zip archive's directory and single entries within limits; nothing is ever extracted.

``zipfile`` creates an object for every entry that a directory claims before its caller can stop it, and
trusts the sizes in it. Builds come from anyone, so the few structures needed are parsed here, with checks.

Of an APK's entries the content is what Android reads, which looks at less than the specification says: some
archives are made so that Android installs them and other tools give up. Each such place is noted.
Sources: PKWARE's APPNOTE.TXT, sections 4.3, 4.4.5 and 4.5.3 (zip64); ``zip_archive.cc`` in AOSP,
``system/libziparchive``, and ``AssetsProvider.cpp`` in ``frameworks/base/libs/androidfw``.
"""

import re
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from bot.builds.problems import BuildProblem, BuildProblemError

MAX_ENTRIES = 200_000
"""Three times the maximum without zip64; Android 10's own framework has 7,600."""

MAX_DIRECTORY_BYTES = 64 * 1024 * 1024
"""Enough for ``MAX_ENTRIES`` with names of 280 bytes; the directory is held in memory."""

MAX_EXPANDED_BYTES = 8 * 1024**3
"""Of all entries together, as claimed: twice the App Store's limit."""

PIECE_BYTES = 256 * 1024
"""Of an entry's content that is yielded at a time."""

APK_MANIFEST = b"AndroidManifest.xml"
"""The entry that makes an archive an APK."""

_MAX_RATIO = 1032  # deflate can't reach more
_STORED, _DEFLATED = 0, 8
_SHOWN = frozenset({APK_MANIFEST, b"resources.arsc"})
_OTHER_METHODS = frozenset({*range(1, 21), *range(92, 100)}) - {_DEFLATED}
"""Methods that some tool unpacks, or that the specification reserves: it would see something else."""
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000  # an entry, strong encryption, the directory itself

_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4s12x2I4Q")
_CENTRAL = struct.Struct("<4s4x2H4x3I4H6xI")
_LOCAL = struct.Struct("<4s2x2H4x3I2H")
_DATA_DESCRIPTOR = 0x0008  # checksum and sizes follow the content instead of being in the local header
_END_SIGNATURE = re.compile(rb"(?=PK\x05\x06)")
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|script|!--)", re.IGNORECASE)


class Entry(NamedTuple):
    """One file in the archive, as its directory describes it."""

    name: bytes
    offset: int
    """Of its local header."""
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int


class _Directory(NamedTuple):
    """The position of the directory, as the end record describes it."""

    offset: int
    size_bytes: int
    end: int
    """It must end before this offset."""
    entry_count: int
    is_volume: bool = False
    """It claims to be on another disk than the first, which Android ignores."""


class Archive:
    """A zip archive on a seekable file.

    Entries are identified by the bytes of their names, which are never used as paths.

    Raises:
        BuildProblemError: from the constructor, if the file is not a valid zip archive.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.tampering: dict[str, None] = {}
        """What was read in Android's way against the specification, as sentences in this order."""
        self._file = file
        self._size = file.seek(0, 2)
        if not self._size:
            raise BuildProblemError(BuildProblem.EMPTY)
        directory = self._find_directory()
        if directory.entry_count > MAX_ENTRIES or directory.size_bytes > MAX_DIRECTORY_BYTES:
            raise BuildProblemError(BuildProblem.TOO_MANY_ENTRIES)
        if directory.offset + directory.size_bytes > directory.end:
            raise BuildProblemError(BuildProblem.DAMAGED)
        self._directory_offset = directory.offset
        self._repeated: set[bytes] = set()
        self._starts: list[int] = []
        self.entries: dict[bytes, Entry] = {}
        encrypted = self._read_directory(self._read_at(directory.offset, directory.size_bytes))
        self._is_apk = APK_MANIFEST in self.entries
        if directory.is_volume:
            self._note("It claims to be one volume of several.", BuildProblem.DAMAGED)
        self.is_marked_encrypted = encrypted
        if encrypted:
            self._note("It has files that are marked as encrypted.", BuildProblem.ENCRYPTED)

    def _note(self, sentence: str, otherwise: BuildProblem) -> None:
        """Note what Android passes over in an APK; raise the problem that it is in any other archive."""
        if not self._is_apk:
            raise BuildProblemError(otherwise)
        self.tampering[sentence] = None

    def read(self, entry: Entry, *, limit_bytes: int) -> bytes:
        """Return an entry's whole content, with its checksum verified (of an APK's: noted if it is wrong).

        Raises:
            BuildProblemError: it has more than ``limit_bytes``, or does not match the directory.
        """
        if entry.size_bytes > limit_bytes:
            raise BuildProblemError(BuildProblem.TOO_LARGE_INSIDE)
        return b"".join(self.pieces(entry))

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """Yield an entry's content in pieces of at most ``PIECE_BYTES``.

        Raises:
            BuildProblemError: it does not match the directory; the pieces before may be anything.
        """
        start = self._start(entry)
        crc = 0
        inflated = entry.method == _DEFLATED
        for piece in self._inflated(start, entry) if inflated else self._raw(start, entry.size_bytes):
            crc = zlib.crc32(piece, crc)
            yield piece
        if crc != entry.crc:
            self._note(f"The checksum of {_shown(entry)} is wrong.", BuildProblem.DAMAGED)

    def _start(self, entry: Entry) -> int:
        """Return the offset of an entry's content, after checking its local header against the directory."""
        if entry.name in self._repeated:
            raise BuildProblemError(BuildProblem.AMBIGUOUS)
        signature, flags, method, *claims, name_bytes, extra_bytes = _LOCAL.unpack(
            self._read_at(entry.offset, _LOCAL.size)
        )
        if signature != b"PK\x03\x04":
            raise BuildProblemError(BuildProblem.DAMAGED)
        if flags & _ENCRYPTED:
            self._note(f"{_shown(entry)} is marked as encrypted.", BuildProblem.ENCRYPTED)
        inflated = entry.method == _DEFLATED
        start: int = entry.offset + _LOCAL.size + name_bytes + extra_bytes
        if (  # tools that read the local header would see something else
            not (flags & _DATA_DESCRIPTOR or _agree(claims, entry))
            or self._read_at(entry.offset + _LOCAL.size, name_bytes) != entry.name
            or start + entry.packed_bytes > self._directory_offset
            or entry.method in _OTHER_METHODS
            or method in {_STORED, _DEFLATED, *_OTHER_METHODS} - {_DEFLATED if inflated else _STORED}
        ):
            raise BuildProblemError(BuildProblem.DAMAGED)
        if {method, entry.method} - {_STORED, _DEFLATED}:  # Android takes it for stored
            self._note(f"{_shown(entry)} has a compression method that doesn't exist.", BuildProblem.DAMAGED)
        if not inflated and entry.packed_bytes != entry.size_bytes:
            if start + entry.size_bytes > self._next_start(entry):
                raise BuildProblemError(BuildProblem.DAMAGED)
            self._note(f"The size of {_shown(entry)} is wrong.", BuildProblem.DAMAGED)
        if inflated and not _is_possible(entry):
            raise BuildProblemError(BuildProblem.TOO_LARGE_INSIDE)
        return start

    def _next_start(self, entry: Entry) -> int:
        """Return the offset of what follows an entry: the next entry, or the directory."""
        return self._starts[bisect_right(self._starts, entry.offset)]

    def _raw(self, start: int, size_bytes: int) -> Iterator[bytes]:
        end = start + size_bytes
        for offset in range(start, end, PIECE_BYTES):
            yield self._read_at(offset, min(PIECE_BYTES, end - offset))

    def _inflated(self, start: int, entry: Entry) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        left = entry.size_bytes
        try:
            for packed in self._raw(start, entry.packed_bytes):
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

        The record must be at the end of the file, as Android requires. Those of archives inside the archive
        are not, so a truncated build is not mistaken for one of them. If two are, one in the other's comment,
        it depends on the tool which is used.
        """
        head = self._read_at(0, min(1024, self._size))
        if not head.startswith(b"PK"):
            page = _PAGE.match(head) or b"<html" in head.lower()
            raise BuildProblemError(BuildProblem.WEB_PAGE if page else BuildProblem.NOT_AN_ARCHIVE)
        tail_start = max(0, self._size - _END.size - 0xFFFF)
        tail = self._read_at(tail_start, self._size - tail_start)
        ends = [match.start() for match in _END_SIGNATURE.finditer(tail) if _ends_file(tail, match.start())]
        if not ends:
            raise BuildProblemError(BuildProblem.CUT_SHORT)
        if len(ends) > 1:
            raise BuildProblemError(BuildProblem.AMBIGUOUS)
        _, disk, first_disk, _, count, size, offset, _ = _END.unpack_from(tail, ends[0])
        end = tail_start + ends[0]
        directory64 = self._find_directory64(end)
        directory = _Directory(
            offset=offset,
            size_bytes=size,
            end=end,
            entry_count=count,
            is_volume=not {disk, first_disk} <= ({0} if directory64 is None else {0, 0xFFFF}),
        )
        if directory64 is not None and (  # it depends on the tool which of the two records is used
            count not in {0xFFFF, directory64.entry_count & 0xFFFF}
            or size not in {0xFFFFFFFF, directory64.size_bytes}
            or offset not in {0xFFFFFFFF, directory64.offset}
        ):
            raise BuildProblemError(BuildProblem.AMBIGUOUS)
        return directory64._replace(is_volume=directory.is_volume) if directory64 else directory

    def _find_directory64(self, end: int) -> _Directory | None:
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

    def _read_directory(self, directory: bytes) -> bool:
        """Read all entries; return whether one of them is marked as encrypted.

        Sizes that can't be true are no matter until an entry is read: real builds have some.
        """
        total = 0
        spans = []
        encrypted = False
        for number, (entry, flags) in enumerate(_entries(directory)):
            encrypted = encrypted or bool(flags & _ENCRYPTED)
            if number >= MAX_ENTRIES:
                raise BuildProblemError(BuildProblem.TOO_MANY_ENTRIES)
            is_true = entry.method == _DEFLATED and _is_possible(entry)
            total += entry.size_bytes if is_true else entry.packed_bytes
            if total > MAX_EXPANDED_BYTES:
                raise BuildProblemError(BuildProblem.TOO_LARGE_INSIDE)
            if entry.name in self.entries:
                self._repeated.add(entry.name)
            self.entries[entry.name] = entry
            spans.append((entry.offset, entry.offset + _LOCAL.size + len(entry.name) + entry.packed_bytes))
        spans = [*sorted(spans), (self._directory_offset, self._directory_offset)]
        if any(end > start for (_, end), (start, _) in pairwise(spans)):  # shared, as in small zip bombs
            raise BuildProblemError(BuildProblem.DAMAGED)
        self._starts = [start for start, _ in spans]
        return encrypted


def _shown(entry: Entry) -> str:
    """Return an entry's name for people; only names that the bot knows are shown."""
    return f"`{entry.name.decode()}`" if entry.name in _SHOWN else "One of its files"


def _is_possible(entry: Entry) -> bool:
    """Return whether deflate can make the size out of the packed bytes."""
    return entry.size_bytes <= _MAX_RATIO * (entry.packed_bytes + 1)


def _ends_file(tail: bytes, at: int) -> bool:
    """Return whether the end record at ``at``, with its comment, ends the file."""
    return len(tail) - at >= _END.size and at + _END.size + _END.unpack_from(tail, at)[-1] == len(tail)


def _agree(claims: list[int], entry: Entry) -> bool:
    """Return whether a local header's checksum and sizes match the directory's or refer to zip64."""
    facts = (entry.crc, entry.packed_bytes, entry.size_bytes)
    return all(claim in {fact, 0xFFFFFFFF} for claim, fact in zip(claims, facts, strict=True))


def _entries(directory: bytes) -> Iterator[tuple[Entry, int]]:
    """Yield each entry with its flags, up to the directory's end: some archives' entry counts overflow."""
    at = 0
    while at < len(directory):
        if len(directory) - at < _CENTRAL.size:
            raise BuildProblemError(BuildProblem.DAMAGED)
        signature, flags, method, crc, *sizes, _, offset = _CENTRAL.unpack_from(directory, at)
        packed, size, name_bytes, extra_bytes, comment_bytes = sizes
        name_at = at + _CENTRAL.size
        extra_at = name_at + name_bytes
        at = extra_at + extra_bytes + comment_bytes
        if signature != b"PK\x01\x02" or at > len(directory):
            raise BuildProblemError(BuildProblem.DAMAGED)
        if 0xFFFFFFFF in (size, packed, offset):
            extra = directory[extra_at : extra_at + extra_bytes]
            size, packed, offset = _zip64_fields(extra, size, packed, offset)
        name = directory[name_at:extra_at]
        entry = Entry(name=name, offset=offset, method=method, crc=crc, packed_bytes=packed, size_bytes=size)
        yield entry, flags


def _zip64_fields(extra: bytes, *fields: int) -> Iterator[int]:
    """Yield the fields; those that don't fit in 32 bits are in the zip64 extra field, in this order."""
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
