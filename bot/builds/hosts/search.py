"""Finds hosts in streams of bytes, in which they may stand in any form of text.

What is looked for is ``://`` after ``http``, ``https``, ``ws`` or ``wss``: in UTF-8, in UTF-16, and with the
slashes escaped as JSON has them. The strings of compiled code and of a property list are known by the marks
around each, so that a whole string that is a host name is found without a scheme too. No table is believed.
Sources: "Dalvik executable format" (``string_data_item``); ``CFBinaryPList.c`` in Apple's CoreFoundation.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from bot.builds.hosts.bare import is_bare_host
from bot.builds.hosts.names import host_in
from bot.builds.hosts.noise import MAX_BEFORE, is_noise, is_pointed_out

MAX_PLACES = 300_000
"""Places in a build that are looked at closely: a few seconds, where each is one that counts."""
MAX_KNOWN = 10_000
"""Hosts that are told apart."""

_AUTHORITY_BYTES = 512  # read of what may name a host: names have 253 characters
_READ_BYTES = _AUTHORITY_BYTES + 96  # with the beginning of a path
_AHEAD = 2 * _READ_BYTES + 6  # in UTF-16, with the mark
_BEHIND = 2 * (MAX_BEFORE + len("https"))
_SCHEME = re.compile(rb"(?:https?|(?<![a-z])wss?)\Z", re.IGNORECASE)
_AUTHORITY = re.compile(rb"[^\x00-\x20\x7f/?#\\\"<>`]*")
_MARK = re.compile(rb"://(?<=[SPsp]://)")
_ESCAPED_MARK = re.compile(rb":\\/\\/(?<=[SPsp]:\\/\\/)")
_WIDE_MARK = re.compile(rb":\0/\0/\0(?<=[SPsp]\0:\0/\0/\0)")
_NAME = rb"(?P<name>[a-z0-9-]{1,63}+(?:\.[a-z0-9-]{1,63}+)++(?::\d{1,5}+)?)"


class Form(Enum):
    """What bytes are from, as far as it matters here, with how a whole string is known in it."""

    DEX = re.compile(rb"\0(?P<size>[\x04-\x7f])" + _NAME + rb"(?=\0)")
    BINARY_PLIST = re.compile(rb"(?P<size>[\x54-\x5e]|_\x10[\x04-\xff])" + _NAME)
    XML_PLIST = re.compile(rb"<(?:key|string)>(?P<size>)" + _NAME + rb"</")
    HERMES = re.compile(rb"\0(?P<size>)" + _NAME + rb"(?=\0)")
    OTHER = None  # no words without a scheme are looked for


class _Window(NamedTuple):
    """Some bytes of a stream; what begins from ``start`` to ``end`` is to be found."""

    bytes: bytes
    start: int
    end: int


class Search:
    """What was found in the files of one build, within these bounds."""

    def __init__(self, *, max_places: int = MAX_PLACES, max_known: int = MAX_KNOWN) -> None:
        self._max_places = max_places
        self._max_known = max_known
        self.hosts: set[str] = set()
        """Each in the form of ``host_names``; ``max_known`` at most."""
        self.cut_short = False
        """Whether there was more than is looked at."""
        self._places = 0
        self._read: dict[bytes, str | None] = {}

    def read(self, pieces: Iterable[bytes], form: Form) -> None:
        """Find the hosts in one file, given piece by piece."""
        big_endian = None
        for window in _windows(pieces):
            if big_endian is None:
                big_endian = window.bytes.startswith((b"bplist", b"\xfe\xff"))
            for text in self._urls(window, "utf-16-be" if big_endian else "utf-16-le"):
                self._add_url(text)
            for match in form.value.finditer(window.bytes, max(0, window.start - 1)) if form.value else ():
                if not self._may_look():
                    return
                self._add_word(match["size"], match["name"], form)

    def _may_look(self) -> bool:
        self._places += 1
        self.cut_short = self.cut_short or self._places > self._max_places
        return self._places <= self._max_places

    def _urls(self, window: _Window, wide: str) -> Iterator[bytes]:
        """Give what follows ``://`` in each URL, in UTF-8."""
        data = window.bytes
        for mark in (_MARK, _ESCAPED_MARK):
            for begin, end in self._all(mark, window):
                if _is_read(data[max(0, begin - _BEHIND // 2) : begin]):
                    yield data[end : end + _READ_BYTES]
        for begin, end in self._all(_WIDE_MARK, window):
            if _is_read(data[max(0, begin - _BEHIND) : begin][-2::-2][::-1]):
                first = end - (wide == "utf-16-be")
                text = data[first : first + 2 * _READ_BYTES].decode(wide, "replace")
                yield text.encode("utf-8", "replace")

    def _all(self, mark: re.Pattern[bytes], window: _Window) -> Iterator[tuple[int, int]]:
        for match in mark.finditer(window.bytes, window.start):
            if match.start() >= window.end or not self._may_look():
                return
            yield match.span()

    def _add_url(self, text: bytes) -> None:
        found = _AUTHORITY.match(text)
        authority = found[0] if found else b""
        if not authority or len(authority) >= _AUTHORITY_BYTES:
            return
        if authority not in self._read:
            if len(self._read) >= MAX_KNOWN:
                self._read.clear()
            self._read[authority] = host_in(authority.decode("utf-8", "replace"))
        host = self._read[authority]
        path = text[len(authority) :].replace(b"\\/", b"/")
        if host is not None and not is_noise(host, path.decode("latin-1")):
            self._add(host)

    def _add_word(self, size: bytes, name: bytes, form: Form) -> None:
        if form is Form.DEX and size[0] != len(name):
            return
        if form is Form.BINARY_PLIST:
            length = size[-1] if len(size) > 1 else size[0] & 0x0F
            if length > len(name):
                return
            name = name[:length]  # the mark of what follows may be a digit
        word = name.decode("ascii")
        if is_bare_host(word) and not is_noise(word, ""):
            self._add(word)

    def _add(self, host: str) -> None:
        if len(self.hosts) < self._max_known:
            self.hosts.add(host)
        elif host not in self.hosts:
            self.cut_short = True


def _is_read(before: bytes) -> bool:
    """Tell whether what stands before ``://`` is a scheme that counts, of a URL that is no hint to people."""
    scheme = _SCHEME.search(before[-8:])
    return scheme is not None and not is_pointed_out(before[: -len(scheme[0])])


def _windows(pieces: Iterable[bytes]) -> Iterator[_Window]:
    """Give pieces with what stands before and after each, as what is looked for may lie across borders."""
    held, start = b"", 0
    for piece in pieces:
        held += piece
        end = len(held) - _AHEAD
        if end <= start:
            continue
        yield _Window(held, start, end)
        kept = max(0, end - _BEHIND)
        held, start = held[kept:], end - kept
    yield _Window(held, start, len(held))
