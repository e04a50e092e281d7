"""Sample Android App Bundles, made from nothing, in the forms that ``aapt2`` gives their parts.

The same arguments always give the same bytes; ``write_aab`` streams padding as ``write_apk`` does.
Sources: "The Android App Bundle format", ``Resources.proto`` and ``Configuration.proto`` in AOSP, and
"Encoding" of Protocol Buffers.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from sandbox.builds import make_dex, write_entries

_ANDROID = "http://schemas.android.com/apk/res/android"
_LABEL, _VERSION_CODE, _VERSION_NAME, _VERSION_CODE_MAJOR = 0x01010001, 0x0101021B, 0x0101021C, 0x01010576
_APP_NAME, _APP_VERSION = 0x7F010000, 0x7F010001  # resource IDs: package 7f, type 01, entries 0 and 1


def make_aab(**about: Any) -> bytes:
    """Return an App Bundle as bytes; takes what ``write_aab`` takes."""
    archive = io.BytesIO()
    write_aab(archive, **about)
    return archive.getvalue()


def write_aab(
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
    split: str | None = None,
    features: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
    padding_bytes: int = 0,
    seed: int = 0,
) -> None:
    """Write an App Bundle: its configuration, and a base module with manifest, code and resources.

    ``label_in_resources`` and ``version_in_resources`` put a reference into the manifest and the text into
    ``resources.pb``, the label also in other languages (``translations``, by two-letter code). ``features``
    are further modules, by name, with a label of their own. ``files`` are further entries.
    """
    attributes = b""
    if version_code is not None:
        attributes += attribute("versionCode", integer(version_code), _VERSION_CODE)
    if version_name is not None:
        version = reference(_APP_VERSION) if version_in_resources else string(version_name)
        attributes += attribute("versionName", version, _VERSION_NAME)
    if version_code_major is not None:
        attributes += attribute("versionCodeMajor", integer(version_code_major), _VERSION_CODE_MAJOR)
    if split is not None:
        attributes += attribute("split", split)
    attributes += attribute("package", package)
    application = b""
    if label is not None:
        named = reference(_APP_NAME) if label_in_resources else string(label)
        application = attribute("label", named, _LABEL)
    names = {"": label or "" if label_in_resources else ""} | dict(translations or {})
    entries = {
        "BundleConfig.pb": field(1, field(2, "1.17.2")),
        "base/manifest/AndroidManifest.xml": manifest(attributes, application),
        "base/dex/classes.dex": make_dex(),
        "base/resources.pb": resources(package, names, version_name or ""),
    }
    for feature, its_label in (features or {}).items():
        entries[f"{feature}/manifest/AndroidManifest.xml"] = manifest(
            attribute("split", feature) + attribute("package", package),
            attribute("label", string(its_label), _LABEL),
        )
    entries |= files or {}
    write_entries(path, entries, "base/assets/padding.bin", padding_bytes, seed)


def field(number: int, value: bytes | str | int) -> bytes:
    """Return a field: a number as varint, what else there is with its length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def string(text: str) -> bytes:
    """Return an ``Item`` that is a string."""
    return field(2, field(1, text))


def reference(resource_id: int) -> bytes:
    """Return an ``Item`` that is a reference to a resource."""
    return field(1, field(2, resource_id))


def integer(value: int) -> bytes:
    """Return an ``Item`` that is a decimal number."""
    return field(7, field(6, value))


def attribute(name: str, value: bytes | str, resource_id: int = 0) -> bytes:
    """Return an element's attribute: as it is written, or Android's own with the item it was compiled to."""
    if isinstance(value, str):
        return field(4, field(2, name) + field(3, value))
    return field(4, field(1, _ANDROID) + field(2, name) + field(5, resource_id) + field(6, value))


def element(name: str, content: bytes = b"") -> bytes:
    """Return an ``XmlNode`` that is an element; ``content`` are its attributes and children."""
    return field(1, field(3, name) + content)


def manifest(attributes: bytes, application: bytes) -> bytes:
    """Return a manifest with these attributes, and those of its application."""
    android = field(1, field(1, "android") + field(2, _ANDROID))
    children = field(5, element("uses-sdk")) + field(5, element("application", application))
    return element("manifest", android + attributes + children)


def entry(number: int, name: str, values: Mapping[str, bytes]) -> bytes:
    """Return a resource with an ``Item`` for each language, the default's being empty."""
    content = field(1, field(1, number) if number else b"") + field(2, name)
    for language, item in sorted(values.items(), reverse=True):  # the default comes last, to be looked for
        config = field(3, language) if language else b""
        content += field(6, field(1, config) + field(2, field(4, item)))
    return field(3, content)


def table(package: str, entries: bytes) -> bytes:
    """Return a resource table with these strings."""
    kind = field(1, field(1, 1)) + field(2, "string") + entries
    return field(2, field(1, field(1, 0x7F)) + field(2, package) + field(3, kind))


def resources(package: str, names: Mapping[str, str], version: str) -> bytes:
    """Return a resource table with the strings ``app_name``, by language, and ``app_version``."""
    texts = {language: string(text) for language, text in names.items()}
    return table(package, entry(0, "app_name", texts) + entry(1, "app_version", {"": string(version)}))
