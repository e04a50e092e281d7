"""Reading APKs and App Bundles: the manifest, and the resources that it refers to.

Of an App Bundle only the base module is read; its other modules belong to the same app.
Source: https://developer.android.com/guide/app-bundle/app-bundle-format
"""

import struct
from collections.abc import Callable
from typing import Protocol

from bot.builds.android.chunks import INTEGERS, REFERENCES, Value
from bot.builds.android.manifest import Manifest, read_manifest
from bot.builds.android.proto_manifest import read_proto_manifest
from bot.builds.android.proto_resources import ProtoResources
from bot.builds.android.resources import Resources
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.text import clean, is_bundle_id
from bot.builds.zip_archive import Archive
from bot.core.build import Build, FileType

MANIFEST = b"AndroidManifest.xml"
BASE_MANIFEST = b"base/manifest/AndroidManifest.xml"
BUNDLE_CONFIG = b"BundleConfig.pb"

_RESOURCES = b"resources.arsc"
_BASE_RESOURCES = b"base/resources.pb"
_MAX_MANIFEST_BYTES = 8 * 1024 * 1024  # Android 10's own framework has 0.2 MB
_MAX_RESOURCES_BYTES = 64 * 1024 * 1024  # Android 10's own framework has 32 MB


class _Table(Protocol):
    """A resource table."""

    def resolve(self, value: Value) -> Value | None:
        """Follow references to a value; ``None`` if there is none."""


def read_apk(archive: Archive) -> Build:
    """Read an APK's package, versions and label.

    Raises:
        BuildProblemError: it is only a part of an app, or its manifest can't be read.
    """
    data = archive.read(archive.entries[MANIFEST], limit_bytes=_MAX_MANIFEST_BYTES)
    try:
        manifest = read_manifest(data)
    except (ValueError, struct.error) as error:
        raise BuildProblemError(BuildProblem.BAD_MANIFEST) from error
    if _is_split(manifest):
        raise BuildProblemError(BuildProblem.SPLIT_APK)
    build = _build(archive, manifest, FileType.APK, resources=_RESOURCES, parse=Resources)
    if build is None:
        raise BuildProblemError(BuildProblem.BAD_MANIFEST)
    return build


def read_aab(archive: Archive) -> Build:
    """Read an App Bundle's package, versions and label.

    Raises:
        BuildProblemError: its base manifest is missing or can't be read.
    """
    entry = archive.entries.get(BASE_MANIFEST)
    if entry is None:
        raise BuildProblemError(BuildProblem.BAD_BUNDLE)
    data = archive.read(entry, limit_bytes=_MAX_MANIFEST_BYTES)
    try:
        manifest = read_proto_manifest(data)
    except ValueError as error:
        raise BuildProblemError(BuildProblem.BAD_BUNDLE) from error
    build = _build(archive, manifest, FileType.AAB, resources=_BASE_RESOURCES, parse=ProtoResources)
    if build is None or _is_split(manifest):
        raise BuildProblemError(BuildProblem.BAD_BUNDLE)
    return build


def _is_split(manifest: Manifest) -> bool:
    return manifest.split is not None and bool(manifest.split.text)


def _build(
    archive: Archive,
    manifest: Manifest,
    file_type: FileType,
    *,
    resources: bytes,
    parse: Callable[[bytes], _Table],
) -> Build | None:
    """Return the build that a manifest describes; ``None`` if it has no valid package.

    ``resources`` is the entry that ``parse`` reads. Label and version are optional: references that can't be
    resolved leave them out.
    """
    package = manifest.package.text if manifest.package is not None else None
    if package is None or not is_bundle_id(package):
        return None
    values = (manifest.label, manifest.version_name, manifest.version_code, manifest.version_code_major)
    table: _Table | None = None
    if any(value is not None and value.kind in REFERENCES for value in values):
        table = _table(archive, resources, parse)
    label, version, code, major = (_resolved(table, value) for value in values)
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


def _table(archive: Archive, name: bytes, parse: Callable[[bytes], _Table]) -> _Table | None:
    entry = archive.entries.get(name)
    if entry is None or entry.size_bytes > _MAX_RESOURCES_BYTES:
        return None
    data = archive.read(entry, limit_bytes=_MAX_RESOURCES_BYTES)
    try:
        return parse(data)
    except (ValueError, struct.error):
        return None


def _resolved(table: _Table | None, value: Value | None) -> Value | None:
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
