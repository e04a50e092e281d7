"""What the scanner reads from a build: its identifier and version.

It reads the beginning of the archive alone, as it streams by, so what is packed behind that is not seen.
Sources: PKWARE's APPNOTE for local file headers; in AOSP ``ResourceTypes.h`` for an APK's binary manifest,
and ``Resources.proto`` for that of an App Bundle.
"""

import plistlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

HEAD_BYTES = 256 * 1024
"""How much of a build's beginning is looked at."""

_INFO_PLIST = re.compile(r"Payload/[^/]+\.app/Info\.plist")
_UNPACKED_BYTES = 1024 * 1024
_VERSION_NAME = 0x0101021C  # android.R.attr.versionName
_STRING, _UTF8 = 0x03, 0x100


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Who a build says it is; ``None`` for what it does not say in plain text."""

    identifier: str | None = None
    version: str | None = None


def read_manifest(head: bytes) -> Manifest:
    """Read the beginning of an IPA, APK or AAB; of anything else nothing is known."""
    try:
        for name, content in _entries(head):
            if name == "AndroidManifest.xml":
                return _android(content)
            if name == "base/manifest/AndroidManifest.xml":
                return _bundle(content)
            if _INFO_PLIST.fullmatch(name):
                plist = plistlib.loads(content)
                return Manifest(
                    identifier=_text(plist.get("CFBundleIdentifier")),
                    version=_text(plist.get("CFBundleShortVersionString")),
                )
    except Exception:  # noqa: BLE001, S110 - a build may be anything, and none brings the scanner down
        pass
    return Manifest()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _entries(head: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while head[at : at + 4] == b"PK\x03\x04":
        flags, method, packed, _, names, extra = struct.unpack_from("<6xHH8xIIHH", head, at)
        start = at + 30 + names + extra
        if flags & 0x08:  # the sizes come behind the content
            return
        content = head[start : start + packed]
        if method == zlib.DEFLATED:
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, _UNPACKED_BYTES)
        yield head[at + 30 : at + 30 + names].decode(), content
        at = start + packed


def _android(content: bytes) -> Manifest:
    """Read the root element of a compiled ``AndroidManifest.xml``."""
    strings: list[str] = []
    ids: tuple[int, ...] = ()
    at = 8
    while at < len(content):
        kind, header, size = struct.unpack_from("<HHI", content, at)
        if kind == 0x0001:
            strings = _strings(content[at : at + size], header)
        elif kind == 0x0180:
            ids = struct.unpack_from(f"<{(size - header) // 4}I", content, at + header)
        elif kind == 0x0102:
            return _root(content, at + header, strings, ids)
        if size < header:
            break
        at += max(size, 8)
    return Manifest()


def _root(content: bytes, at: int, strings: list[str], ids: tuple[int, ...]) -> Manifest:
    start, size, count = struct.unpack_from("<8xHHH", content, at)
    identifier = version = None
    for index in range(count):
        _, name, _, kind, data = struct.unpack_from("<3I3xBI", content, at + start + index * size)
        if kind != _STRING:
            continue
        if name < len(ids) and ids[name] == _VERSION_NAME:
            version = _text(strings[data])
        elif strings[name] == "package":
            identifier = _text(strings[data])
    return Manifest(identifier=identifier, version=version)


def _bundle(content: bytes) -> Manifest:
    """Read the root element of a manifest in protobuf: ``XmlNode.element``, its ``attribute``s."""
    told = {}
    for attribute in _fields(_fields(content)[1][0]).get(4, []):
        known = _fields(attribute)
        compiled = known.get(6, [b""])[0]  # an ``Item``, here with a ``String``
        for inner in (2, 1):
            compiled = _fields(compiled).get(inner, [b""])[0]
        told[known[2][0].decode()] = (known.get(3, [b""])[0] or compiled).decode()
    return Manifest(identifier=_text(told.get("package")), version=_text(told.get("versionName")))


def _fields(message: bytes) -> dict[int, list[bytes]]:
    """Return the fields of a protobuf message that have a length, by number."""
    found: dict[int, list[bytes]] = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        length, at = _varint(message, at) if key & 7 in {0, 2} else (8 if key & 7 == 1 else 4, at)
        if key & 7 == 0:
            continue
        if key & 7 == 2:
            found.setdefault(key >> 3, []).append(message[at : at + length])
        at += length
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while message[at] & 0x80:
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
        value, shift, at = value | (message[at] & 0x7F) << shift, shift + 7, at + 1
    return value | message[at] << shift, at + 1


def _strings(pool: bytes, header: int) -> list[str]:
    count, _, flags, start = struct.unpack_from("<4I", pool, 8)
    offsets = struct.unpack_from(f"<{count}I", pool, header)
    read = _utf8 if flags & _UTF8 else _utf16
    return [read(pool, start + offset) for offset in offsets]


def _utf8(pool: bytes, at: int) -> str:
    for _ in range(2):  # the length in UTF-16 units, then that in bytes
        length, at = pool[at], at + 1
        if length & 0x80:
            length, at = (length & 0x7F) << 8 | pool[at], at + 1
    return pool[at : at + length].decode("utf-8", "replace")


def _utf16(pool: bytes, at: int) -> str:
    (length,) = struct.unpack_from("<H", pool, at)
    at += 2
    if length & 0x8000:
        length, at = (length & 0x7FFF) << 16 | struct.unpack_from("<H", pool, at)[0], at + 2
    return pool[at : at + 2 * length].decode("utf-16-le", "replace")
