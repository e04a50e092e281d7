"""What an Android build's manifest and resources tell, in whichever of their two forms they are read."""

import struct
from collections.abc import Callable
from typing import Protocol

from bot.builds.android.chunks import INTEGERS, REFERENCES, Value
from bot.builds.android.manifest import Manifest
from bot.builds.text import clean, is_bundle_id
from bot.builds.zip_archive import Archive
from bot.core.build import Build, FileType

MAX_MANIFEST_BYTES = 8 * 1024 * 1024
"""Android 10's own framework has 0.2 MB."""

_MAX_RESOURCES_BYTES = 64 * 1024 * 1024  # Android 10's own framework has 32 MB


class Table(Protocol):
    """A resource table."""

    def resolve(self, value: Value) -> Value | None:
        """Follow references until there is a value; ``None`` where they lead nowhere."""


def android_build(
    archive: Archive,
    manifest: Manifest,
    file_type: FileType,
    *,
    resources: bytes,
    table: Callable[[bytes], Table],
) -> Build | None:
    """Return what a manifest tells; ``None`` where it names no valid package.

    ``resources`` is the entry that ``table`` reads. An app can do without a label and a version, so
    references that lead nowhere leave them out.
    """
    package = manifest.package.text if manifest.package is not None else None
    if package is None or not is_bundle_id(package):
        return None
    wanted = (manifest.label, manifest.version_name, manifest.version_code, manifest.version_code_major)
    opened: Table | None = None
    if any(value is not None and value.kind in REFERENCES for value in wanted):
        opened = _opened(archive, resources, table)
    label, version, code, major = (_followed(opened, value) for value in wanted)
    number = _integer(code)
    if number is not None:
        number |= (_integer(major) or 0) << 32
    return Build(
        file_type=file_type,
        bundle_id=package,
        display_name=clean(_text(label)),
        version=clean(_text(version)),
        build_number=clean(number),
    )


def _opened(archive: Archive, name: bytes, table: Callable[[bytes], Table]) -> Table | None:
    entry = archive.entries.get(name)
    if entry is None or entry.size_bytes > _MAX_RESOURCES_BYTES:
        return None
    data = archive.read(entry, limit_bytes=_MAX_RESOURCES_BYTES)
    try:
        return table(data)
    except (ValueError, struct.error):
        return None


def _followed(table: Table | None, value: Value | None) -> Value | None:
    if value is None or value.kind not in REFERENCES:
        return value
    try:
        return table.resolve(value) if table is not None else None
    except (ValueError, struct.error):
        return None


def _text(value: Value | None) -> str | int | None:
    return value.text if value is not None and value.text is not None else _integer(value)


def _integer(value: Value | None) -> int | None:
    return value.data if value is not None and value.kind in INTEGERS else None
