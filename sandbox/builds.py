"""Sample builds, made from nothing: IPAs for plistlib, APKs for Debian's ``aapt dump badging``.

The same arguments always give the same bytes. Padding is random (by ``seed``) and stored, so that a build
has at least the size asked for; ``write_apk`` and ``write_ipa`` stream it, with flat memory at any size.
Sources: ``ResourceTypes.h`` in AOSP for the binary files, Android's "Dalvik executable format" for
``classes.dex``, Apple's "Information Property List" for ``Info.plist``.
"""

import hashlib
import io
import plistlib
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import IO, Any

_NONE = 0xFFFFFFFF
_REFERENCE, _STRING, _INTEGER = 0x01, 0x03, 0x10
_ANDROID = "http://schemas.android.com/apk/res/android"
_APP_NAME, _APP_VERSION = 0x7F010000, 0x7F010001  # resource IDs: package 7f, type 01, entries 0 and 1
_ATTRIBUTES = {
    "label": 0x01010001,
    "name": 0x01010003,
    "minSdkVersion": 0x0101020C,
    "versionCode": 0x0101021B,
    "versionName": 0x0101021C,
    "targetSdkVersion": 0x01010270,
    "versionCodeMajor": 0x01010576,
}
_Attribute = tuple[str, int, int | str]  # name, type, value
_Element = tuple[str, list[_Attribute], "list[_Element]"]  # name, attributes, the elements in it


def make_apk(**about: Any) -> bytes:
    """Return an APK as bytes; takes what ``write_apk`` takes."""
    archive = io.BytesIO()
    write_apk(archive, **about)
    return archive.getvalue()


def write_apk(
    path: Path | IO[bytes],
    *,
    package: str,
    version_name: str | None = None,
    version_code: int | None = 1,
    version_code_major: int | None = None,
    label: str | None = None,
    translations: Mapping[str, str] | None = None,
    label_in_resources: bool = False,
    version_in_resources: bool = False,
    launcher_label: str | None = None,
    split: str | None = None,
    utf16: bool = False,
    nameless: bool = False,
    strings: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
    padding_bytes: int = 0,
    seed: int = 0,
) -> None:
    """Write an APK: a binary manifest, ``classes.dex`` and ``resources.arsc``.

    ``label_in_resources`` and ``version_in_resources`` put a reference into the manifest and the text into
    ``resources.arsc``, the label also in other languages (``translations``, by two-letter code). ``utf16``
    chooses the strings' encoding. ``nameless`` leaves Android's own attribute names empty, as obfuscators
    do. ``launcher_label`` adds an activity with that label which a launcher shows, behind one that none does.
    ``split`` makes it one part of an app. ``strings`` are in its code; ``files`` are further entries.
    """
    root: list[_Attribute] = []
    application: list[_Attribute] = []
    if label is not None:
        application.append(
            ("label", _REFERENCE, _APP_NAME) if label_in_resources else ("label", _STRING, label)
        )
    if version_code is not None:
        root.append(("versionCode", _INTEGER, version_code))
    if version_name is not None:
        root.append(
            ("versionName", _REFERENCE, _APP_VERSION)
            if version_in_resources
            else ("versionName", _STRING, version_name)
        )
    if version_code_major is not None:
        root.append(("versionCodeMajor", _INTEGER, version_code_major))
    if split is not None:
        root.append(("split", _STRING, split))
    root.append(("package", _STRING, package))
    sdk: list[_Attribute] = [("minSdkVersion", _INTEGER, 24), ("targetSdkVersion", _INTEGER, 35)]
    activities = [] if launcher_label is None else _activities(launcher_label)
    whole: _Element = ("manifest", root, [("uses-sdk", sdk, []), ("application", application, activities)])
    entries = {
        "AndroidManifest.xml": _manifest(whole, utf16=utf16, nameless=nameless),
        "classes.dex": make_dex(strings),
    }
    texts = {"": [label or "" if label_in_resources else "", version_name or ""]}
    texts |= {language: [text] for language, text in (translations or {}).items()}
    entries["resources.arsc"] = _resources(package, texts, utf16=utf16)
    entries |= files or {}
    write_entries(path, entries, "assets/padding.bin", padding_bytes, seed)


def make_ipa(**about: Any) -> bytes:
    """Return an IPA as bytes; takes what ``write_ipa`` takes."""
    archive = io.BytesIO()
    write_ipa(archive, **about)
    return archive.getvalue()


def write_ipa(
    path: Path | IO[bytes],
    *,
    bundle_id: str,
    name: str | None = None,
    display_name: str | None = None,
    version: str | None = "1.0",
    build_number: str | None = "1",
    binary: bool = True,
    frameworks: Sequence[str] = (),
    info: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes] | None = None,
    padding_bytes: int = 0,
    seed: int = 0,
) -> None:
    """Write an IPA: one app with its ``Info.plist``, and a plist for each of its frameworks.

    ``binary`` chooses the plists' form, else XML. ``info`` is set into the app's plist as it is; ``files``
    are further entries.
    """
    folder = f"Payload/{name or 'App'}.app/"
    known: dict[str, Any] = {
        "CFBundleIdentifier": bundle_id,
        "CFBundleName": name,
        "CFBundleDisplayName": display_name,
        "CFBundleShortVersionString": version,
        "CFBundleVersion": build_number,
        "CFBundleExecutable": name or "App",
        "CFBundlePackageType": "APPL",
        "CFBundleSupportedPlatforms": ["iPhoneOS"],
        "MinimumOSVersion": "16.0",
    }
    plist = {key: value for key, value in known.items() if value is not None} | dict(info or {})
    entries = {"Payload/": b"", folder: b"", folder + "PkgInfo": b"APPL????"}
    for framework in frameworks:
        its = {"CFBundleIdentifier": f"org.example.{framework}", "CFBundleName": framework}
        entries[f"{folder}Frameworks/{framework}.framework/Info.plist"] = _plist(its, binary=binary)
    entries[folder + "Info.plist"] = _plist(plist, binary=binary)
    entries[folder + (name or "App")] = b"\xcf\xfa\xed\xfe" + bytes(28)  # the head of a 64-bit Mach-O
    entries |= files or {}
    write_entries(path, entries, folder + "Assets.car", padding_bytes, seed)


def make_zip(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of these entries, which is no build unless they make it one."""
    archive = io.BytesIO()
    write_entries(archive, files, "", 0, 0)
    return archive.getvalue()


def _plist(values: Mapping[str, Any], *, binary: bool) -> bytes:
    return plistlib.dumps(values, fmt=plistlib.FMT_BINARY if binary else plistlib.FMT_XML)


def write_entries(
    target: Path | IO[bytes], entries: Mapping[str, bytes], padding: str, padding_bytes: int, seed: int
) -> None:
    """Write a zip archive of these entries, and one of ``padding_bytes`` random bytes under that name."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in entries.items():
            archive.writestr(_entry(name, zipfile.ZIP_DEFLATED), content)
        if padding_bytes:
            chance = random.Random(seed)  # noqa: S311 - filler that doesn't compress, not a secret
            with archive.open(_entry(padding, zipfile.ZIP_STORED), "w", force_zip64=True) as entry:
                for left in range(padding_bytes, 0, -_CHUNK_BYTES):
                    entry.write(chance.randbytes(min(left, _CHUNK_BYTES)))


_CHUNK_BYTES = 1024 * 1024


def _entry(name: str, method: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, wherever this runs
    entry.compress_type = method
    entry.external_attr = (0o40755 if name.endswith("/") else 0o100644) << 16
    return entry


def _chunk(kind: int, header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<HHI", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body


def _string_pool(strings: Sequence[str], *, utf16: bool) -> bytes:
    offsets, texts = [], b""
    for text in strings:
        offsets.append(len(texts))
        units = len(text.encode("utf-16-le")) // 2
        if utf16:
            texts += _long_length(units) + text.encode("utf-16-le") + b"\0\0"
        else:
            content = _modified_utf8(text)
            texts += _short_length(units) + _short_length(len(content)) + content + b"\0"
    texts += bytes(-len(texts) % 4)
    flags = 0 if utf16 else 0x100
    header = struct.pack("<5I", len(strings), 0, flags, 28 + 4 * len(strings), 0)
    return _chunk(0x0001, header, struct.pack(f"<{len(offsets)}I", *offsets) + texts)


def _modified_utf8(text: str) -> bytes:
    """Return UTF-8 as aapt2 writes it: what is beyond the basic plane as two surrogates."""
    units = text.encode("utf-16-le")
    pairs = (chr(units[at] | units[at + 1] << 8) for at in range(0, len(units), 2))
    return "".join(pairs).encode("utf-8", "surrogatepass")


def _short_length(length: int) -> bytes:
    return bytes([length]) if length < 0x80 else bytes([0x80 | length >> 8, length & 0xFF])


def _long_length(length: int) -> bytes:
    if length < 0x8000:
        return struct.pack("<H", length)
    return struct.pack("<HH", 0x8000 | length >> 16, length & 0xFFFF)


def _activities(launcher_label: str) -> list[_Element]:
    def activity(label: str, category: str) -> _Element:
        action: _Element = ("action", [("name", _STRING, "android.intent.action.MAIN")], [])
        shown: _Element = ("category", [("name", _STRING, f"android.intent.category.{category}")], [])
        return "activity", [("label", _STRING, label)], [("intent-filter", [], [action, shown])]

    return [activity("Settings", "DEFAULT"), activity(launcher_label, "LAUNCHER")]


def _manifest(root: _Element, *, utf16: bool, nameless: bool) -> bytes:
    """Return a compiled XML document."""
    strings = ["" if nameless else name for name in _ATTRIBUTES]  # first, as the resource map counts along
    places = {name: index for index, name in enumerate(_ATTRIBUTES)}

    def place(text: str) -> int:
        if text not in places:
            places[text] = len(strings)
            strings.append(text)
        return places[text]

    def string(text: str) -> int:
        """Return the place of a value, never that of an attribute's name."""
        if text in _ATTRIBUTES or text not in strings:
            strings.append(text)
            return len(strings) - 1
        return strings.index(text)

    def whole(name: str, attributes: list[_Attribute], inside: list[_Element]) -> bytes:
        body = struct.pack("<2I6H", _NONE, place(name), 20, 20, len(attributes), 0, 0, 0)
        for attribute, kind, value in sorted(attributes, key=lambda a: _ATTRIBUTES.get(a[0], _NONE)):
            namespace = place(_ANDROID) if attribute in _ATTRIBUTES else _NONE
            data = string(value) if isinstance(value, str) else value
            raw = data if kind == _STRING else _NONE
            body += struct.pack("<3IHBBI", namespace, place(attribute), raw, 8, 0, kind, data)
        end = struct.pack("<2I", _NONE, place(name))
        return (
            _chunk(0x0102, _NODE, body) + b"".join(whole(*one) for one in inside) + _chunk(0x0103, _NODE, end)
        )

    namespace = struct.pack("<2I", place("android"), place(_ANDROID))
    nodes = _chunk(0x0100, _NODE, namespace) + whole(*root) + _chunk(0x0101, _NODE, namespace)
    ids = _chunk(0x0180, b"", struct.pack(f"<{len(_ATTRIBUTES)}I", *_ATTRIBUTES.values()))
    return _chunk(0x0003, b"", _string_pool(strings, utf16=utf16) + ids + nodes)


_NODE = struct.pack("<2I", 1, _NONE)  # line number, comment


def _resources(package: str, texts: Mapping[str, Sequence[str]], *, utf16: bool) -> bytes:
    """Return a resource table with the strings ``app_name`` and ``app_version``, by language."""
    keys = ("app_name", "app_version")
    values = list(dict.fromkeys(text for language in texts.values() for text in language))
    types = _chunk(0x0202, struct.pack("<4BI", 1, 0, 0, 0, len(keys)), struct.pack("<2I", 4, 4))
    for language, its in sorted(texts.items(), reverse=True):  # the default comes last, to be looked for
        config = struct.pack("<I4x2s54x", 64, language.encode("ascii"))
        entries = b"".join(
            struct.pack("<2HIHBBI", 8, 0, key, 8, 0, _STRING, values.index(text))
            for key, text in enumerate(its)
        )
        offsets = [16 * key if key < len(its) else _NONE for key in range(len(keys))]
        header = struct.pack("<4B2I", 1, 0, 0, 0, len(keys), 20 + 64 + 4 * len(keys)) + config
        types += _chunk(0x0201, header, struct.pack("<2I", *offsets) + entries)
    type_names = _string_pool(["string"], utf16=True)
    name = package.encode("utf-16-le")[:254].ljust(256, b"\0")
    header = struct.pack("<I", 0x7F) + name + struct.pack("<5I", 288, 1, 288 + len(type_names), len(keys), 0)
    body = type_names + _string_pool(keys, utf16=utf16) + types
    return _chunk(
        0x0002, struct.pack("<I", 1), _string_pool(values, utf16=utf16) + _chunk(0x0200, header, body)
    )


def _leb128(number: int) -> bytes:
    if number < 0x80:
        return bytes([number])
    return bytes([number & 0x7F | 0x80]) + _leb128(number >> 7)


def make_dex(strings: Sequence[str] = ()) -> bytes:
    """Return a ``classes.dex`` without classes: a header, its strings in their order, and its map."""
    ordered = sorted(set(strings), key=lambda text: text.encode("utf-16-be"))
    items = [_leb128(len(text.encode("utf-16-le")) // 2) + _modified_utf8(text) + b"\0" for text in ordered]
    data_at = 0x70 + 4 * len(items)
    places = [data_at + before for before in accumulate(map(len, items), initial=0)][: len(items)]
    data = b"".join(items)
    data += bytes(-len(data) % 4)
    map_at = data_at + len(data)
    parts = [(0x0000, 1, 0), (0x1000, 1, map_at)]
    if items:
        parts[1:1] = [(0x0001, len(items), 0x70), (0x2002, len(items), data_at)]
    body_map = struct.pack("<I", len(parts)) + b"".join(struct.pack("<H2xII", *part) for part in parts)
    fields = [0] * 20
    fields[0], fields[1], fields[2], fields[5] = map_at + len(body_map), 0x70, 0x12345678, map_at
    fields[6], fields[7] = len(items), 0x70 if items else 0
    fields[18], fields[19] = len(data) + len(body_map), data_at
    body = struct.pack(f"<{len(places)}I", *places) + data + body_map
    signed = struct.pack("<20I", *fields) + body
    summed = hashlib.sha1(signed, usedforsecurity=False).digest() + signed
    return b"dex\n035\0" + struct.pack("<I", zlib.adler32(summed)) + summed
