"""Reading an APK: its manifest, and the label in its resources."""

import struct

from bot.packages.archive import Archive
from bot.packages.chunks import INTEGERS, REFERENCES, Value
from bot.packages.flaws import Flaw, Flawed
from bot.packages.manifest import read_manifest
from bot.packages.resources import Resources
from bot.packages.text import clean, is_bundle_id
from bot.scans.builds import Build, FileType

MANIFEST = b"AndroidManifest.xml"
_RESOURCES = b"resources.arsc"
_MAX_MANIFEST_BYTES = 8 * 1024 * 1024  # Android 10's own framework has 0.2 MB
_MAX_RESOURCES_BYTES = 64 * 1024 * 1024  # Android 10's own framework has 32 MB


def read_apk(archive: Archive) -> Build:
    """Read the APK's package, versions and label.

    An app can do without a label and a version, so references that lead nowhere leave them out.

    Raises:
        Flawed: it is a part of an app, or its manifest can't be read.
    """
    data = archive.read(archive.entries[MANIFEST], limit_bytes=_MAX_MANIFEST_BYTES)
    try:
        manifest = read_manifest(data)
    except (ValueError, struct.error) as error:
        raise Flawed(Flaw.BAD_MANIFEST) from error
    if manifest.split is not None and manifest.split.text:
        raise Flawed(Flaw.SPLIT_APK)
    package = manifest.package.text if manifest.package is not None else None
    if package is None or not is_bundle_id(package):
        raise Flawed(Flaw.BAD_MANIFEST)

    wanted = (manifest.label, manifest.version_name, manifest.version_code, manifest.version_code_major)
    label, version, code, major = _resolved(archive, wanted)
    number = _integer(code)
    if number is not None:
        number |= (_integer(major) or 0) << 32
    return Build(
        file_type=FileType.APK,
        bundle_id=package,
        display_name=clean(_text(label)),
        version=clean(_text(version)),
        build_number=clean(number),
    )


def _resolved(archive: Archive, values: tuple[Value | None, ...]) -> list[Value | None]:
    """Return the values with their references followed, opening the resources only if there are any."""
    resources: Resources | None = None
    if any(value is not None and value.kind in REFERENCES for value in values):
        entry = archive.entries.get(_RESOURCES)
        if entry is not None and entry.size_bytes <= _MAX_RESOURCES_BYTES:
            data = archive.read(entry, limit_bytes=_MAX_RESOURCES_BYTES)
            try:
                resources = Resources(data)
            except (ValueError, struct.error):
                resources = None
    return [_followed(resources, value) for value in values]


def _followed(resources: Resources | None, value: Value | None) -> Value | None:
    if value is None or value.kind not in REFERENCES:
        return value
    try:
        return resources.resolve(value) if resources is not None else None
    except (ValueError, struct.error):
        return None


def _text(value: Value | None) -> str | int | None:
    return value.text if value is not None and value.text is not None else _integer(value)


def _integer(value: Value | None) -> int | None:
    return value.data if value is not None and value.kind in INTEGERS else None
