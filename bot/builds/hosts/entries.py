"""Which entries of a build are searched for hosts, and in which order.

Code and compiled resources come first, so that the least relevant entries are left out of a build that is too
large. Pictures, sounds, fonts, signatures and licence texts are skipped: they name their authors.
"""

import re
from collections.abc import Iterable

from bot.builds.hosts.hermes import is_hermes
from bot.builds.hosts.search import Form
from bot.builds.zip_archive import Entry

_MEDIA = re.compile(
    rb".*\.(?:png|jpe?g|webp|gif|bmp|heic|avif|ico|svgz?|pdf|mp[34]|m4[av]|ogg|wav|aac|flac|caf|mov|avi|webm"
    rb"|ttf|otf|ttc|woff2?|car|gz|zip|br|xz|jar|apk|kotlin_module|kotlin_builtins)",
    re.IGNORECASE | re.DOTALL,
)
_SIGNATURES = re.compile(
    rb"(?:META-INF/|BUNDLE-METADATA/|.*/_CodeSignature/|.*/SC_Info/|.*\.mobileprovision\Z).*", re.DOTALL
)
_LICENCES = re.compile(
    rb"licen[cs]e|notice|copying|copyright|third.?party|acknowledge?ment|credits|changelog|readme",
    re.IGNORECASE | re.DOTALL,
)
"""Searched for in the last part of a name: one expression for the whole takes quadratic time."""
_DEX = re.compile(rb"(?:[^/]+/dex/|.*/)?[^/]+\.dex", re.DOTALL)
_PROGRAM = re.compile(
    rb".*/([^/]+)\.(?:app|appex|framework)/\1|.*\.(?:so|dylib|bundle|jsbundle|hbc)", re.DOTALL
)
_COMPILED = re.compile(
    rb"(?:[^/]+/)?resources\.(?:arsc|pb)|.*\.plist|(?:.*/)?AndroidManifest\.xml", re.DOTALL
)
_PLIST = re.compile(rb".*\.(?:plist|strings)", re.DOTALL)


def searched_entries(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries to search, the most relevant first."""
    ranked = [(_rank(entry.name), entry.name, entry) for entry in entries if _is_searched(entry)]
    return [entry for *_, entry in sorted(ranked)]


def _is_searched(entry: Entry) -> bool:
    name = entry.name
    if not entry.size_bytes or _SIGNATURES.fullmatch(name) or _MEDIA.fullmatch(name):
        return False
    return _PROGRAM.fullmatch(name) is not None or _LICENCES.search(name.rpartition(b"/")[2]) is None


def _rank(name: bytes) -> int:
    for rank, kind in enumerate((_DEX, _COMPILED, _PROGRAM)):
        if kind.fullmatch(name):
            return rank
    return 3


def form_of(name: bytes, head: bytes) -> Form:
    """Return the form of an entry, by its name and first bytes."""
    if head.startswith(b"dex\n"):
        return Form.DEX
    if is_hermes(head):
        return Form.HERMES
    if head.startswith(b"bplist"):
        return Form.BINARY_PLIST
    return Form.XML_PLIST if _PLIST.fullmatch(name) else Form.OTHER
