"""Searches streams of bytes for hosts, in any form of text.

The search is for ``://`` after ``http``, ``https``, ``ws`` or ``wss``: in UTF-8, in UTF-16, and with slashes
escaped as in JSON. Strings in compiled code and property lists are recognised by the markers around them, so
that a whole string that is a host name is found without a scheme too. The files' string tables are not used.
Sources: "Dalvik executable format" (``string_data_item``); ``CFBinaryPList.c`` in Apple's CoreFoundation.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from bot.builds.hosts.filters import MAX_BEFORE, is_bare_host, is_ignored, is_reference
from bot.builds.hosts.names import host_in

MAX_CANDIDATES = 300_000
"""Of URLs and words in a build; examining that many real ones takes a few seconds."""
MAX_COLLECTED = 10_000
"""Distinct hosts that are collected."""

_AUTHORITY_BYTES = 512  # names have 253 characters at most
_READ_BYTES = _AUTHORITY_BYTES + 96  # with the start of a path
_AHEAD = 2 * _READ_BYTES + 6  # in UTF-16, with the marker
_BEHIND = 2 * (MAX_BEFORE + len("https"))
_SCHEME = re.compile(rb"(?:https?|(?<![a-z])wss?)\Z", re.IGNORECASE)
_AUTHORITY = re.compile(rb"[^\x00-\x20\x7f/?#\\\"<>`]*")
_MARK = re.compile(rb"://(?<=[SPsp]://)")
_ESCAPED_MARK = re.compile(rb":\\/\\/(?<=[SPsp]:\\/\\/)")
_WIDE_MARK = re.compile(rb":\0/\0/\0(?<=[SPsp]\0:\0/\0/\0)")
_NAME = rb"(?P<name>[a-z0-9-]{1,63}+(?:\.[a-z0-9-]{1,63}+)++(?::\d{1,5}+)?)"


class Form(Enum):
    """The form of a file, with the pattern that a whole string matches in it."""

    DEX = re.compile(rb"\0(?P<size>[\x04-\x7f])" + _NAME + rb"(?=\0)")
    BINARY_PLIST = re.compile(rb"(?P<size>[\x54-\x5e]|_\x10[\x04-\xff])" + _NAME)
    XML_PLIST = re.compile(rb"<(?:key|string)>(?P<size>)" + _NAME + rb"</")
    HERMES = re.compile(rb"\0(?P<size>)" + _NAME + rb"(?=\0)")
    OTHER = None  # only URLs are searched for


class _Window(NamedTuple):
    """Some bytes of a stream; matches that begin from ``start`` to ``end`` count."""

    bytes: bytes
    start: int
    end: int


class Search:
    """Collects the hosts in the files of one build, within limits."""

    def __init__(self, *, max_candidates: int = MAX_CANDIDATES, max_hosts: int = MAX_COLLECTED) -> None:
        self._max_candidates = max_candidates
        self._max_hosts = max_hosts
        self.hosts: set[str] = set()
        """Each in the normal form of ``names``; ``max_hosts`` at most."""
        self.cut_short = False
        """Whether a limit was reached."""
        self._candidates = 0
        self._parsed: dict[bytes, str | None] = {}

    def read(self, pieces: Iterable[bytes], form: Form) -> None:
        """Search one file, given in pieces."""
        big_endian = None
        for window in _windows(pieces):
            if big_endian is None:
                big_endian = window.bytes.startswith((b"bplist", b"\xfe\xff"))
            for text in self._urls(window, "utf-16-be" if big_endian else "utf-16-le"):
                self._add_url(text)
            for match in form.value.finditer(window.bytes, max(0, window.start - 1)) if form.value else ():
                if not self._count_candidate():
                    return
                self._add_word(match["size"], match["name"], form)

    def _count_candidate(self) -> bool:
        self._candidates += 1
        self.cut_short = self.cut_short or self._candidates > self._max_candidates
        return self._candidates <= self._max_candidates

    def _urls(self, window: _Window, wide: str) -> Iterator[bytes]:
        """Yield what follows ``://`` in each URL, in UTF-8."""
        data = window.bytes
        for mark in (_MARK, _ESCAPED_MARK):
            for begin, end in self._all(mark, window):
                if _counts(data[max(0, begin - _BEHIND // 2) : begin]):
                    yield data[end : end + _READ_BYTES]
        for begin, end in self._all(_WIDE_MARK, window):
            if _counts(data[max(0, begin - _BEHIND) : begin][-2::-2][::-1]):
                first = end - (wide == "utf-16-be")
                text = data[first : first + 2 * _READ_BYTES].decode(wide, "replace")
                yield text.encode("utf-8", "replace")

    def _all(self, mark: re.Pattern[bytes], window: _Window) -> Iterator[tuple[int, int]]:
        for match in mark.finditer(window.bytes, window.start):
            if match.start() >= window.end or not self._count_candidate():
                return
            yield match.span()

    def _add_url(self, text: bytes) -> None:
        match = _AUTHORITY.match(text)
        authority = match[0] if match else b""
        if not authority or len(authority) >= _AUTHORITY_BYTES:
            return
        if authority not in self._parsed:
            if len(self._parsed) >= MAX_COLLECTED:
                self._parsed.clear()
            self._parsed[authority] = host_in(authority.decode("utf-8", "replace"))
        host = self._parsed[authority]
        path = text[len(authority) :].replace(b"\\/", b"/")
        if host is not None and not is_ignored(host, path.decode("latin-1")):
            self._add(host)

    def _add_word(self, size: bytes, name: bytes, form: Form) -> None:
        if form is Form.DEX and size[0] != len(name):
            return
        if form is Form.BINARY_PLIST:
            length = size[-1] if len(size) > 1 else size[0] & 0x0F
            if length > len(name):
                return
            name = name[:length]  # the marker of the next string may be a digit
        word = name.decode("ascii")
        if is_bare_host(word) and not is_ignored(word, ""):
            self._add(word)

    def _add(self, host: str) -> None:
        if len(self.hosts) < self._max_hosts:
            self.hosts.add(host)
        elif host not in self.hosts:
            self.cut_short = True


def _counts(before: bytes) -> bool:
    """Return whether ``://`` follows a scheme that counts, and the URL is not a reference for readers."""
    scheme = _SCHEME.search(before[-8:])
    return scheme is not None and not is_reference(before[: -len(scheme[0])])


def _windows(pieces: Iterable[bytes]) -> Iterator[_Window]:
    """Yield pieces with the bytes before and after each, as a match may lie across pieces."""
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
