"""Reading APKs and App Bundles: the manifest, and the resources that it refers to.

Of an App Bundle only the base module is read; its other modules belong to the same app.
Source: https://developer.android.com/guide/app-bundle/app-bundle-format
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from bot.builds.android.chunks import INTEGERS, REFERENCES, Value
from bot.builds.android.manifest import Manifest, read_manifest
from bot.builds.android.proto_manifest import read_proto_manifest
from bot.builds.android.proto_resources import ProtoResources
from bot.builds.android.resources import Resources
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.text import clean, is_bundle_id
from bot.builds.zip_archive import APK_MANIFEST, Archive, Entry
from bot.core.build import Build, FileType

BUNDLE_CONFIG = b"BundleConfig.pb"

_MAX_MANIFEST_BYTES = 8 * 1024 * 1024  # Android 10's own framework has 0.2 MB
_MAX_RESOURCES_BYTES = 64 * 1024 * 1024  # Android 10's own framework has 32 MB

_Table = Resources | ProtoResources


@dataclass(frozen=True, kw_only=True)
class _Format:
    """The entries of an APK or App Bundle, how they are read, and the problems of its manifest."""

    file_type: FileType
    manifest: bytes
    read_manifest: Callable[[bytes], Manifest]
    resources: bytes
    read_resources: Callable[[bytes], _Table]
    invalid: BuildProblem
    split: BuildProblem


APK = _Format(
    file_type=FileType.APK,
    manifest=APK_MANIFEST,
    read_manifest=read_manifest,
    resources=b"resources.arsc",
    read_resources=Resources,
    invalid=BuildProblem.BAD_MANIFEST,
    split=BuildProblem.SPLIT_APK,
)
AAB = _Format(
    file_type=FileType.AAB,
    manifest=b"base/manifest/AndroidManifest.xml",
    read_manifest=read_proto_manifest,
    resources=b"base/resources.pb",
    read_resources=ProtoResources,
    invalid=BuildProblem.BAD_BUNDLE,
    split=BuildProblem.BAD_BUNDLE,
)


def read_android(archive: Archive, form: _Format) -> Build:
    """Read the package, versions and label of an APK or App Bundle.

    Label and version are optional: references that can't be resolved leave them out.

    Raises:
        BuildProblemError: it is only a part of an app, or its manifest is missing or can't be read.
    """
    entry = archive.entries.get(form.manifest)
    if entry is None:
        raise BuildProblemError(form.invalid)
    manifest = _manifest(archive, entry, form)
    if manifest.split is not None and manifest.split.text:
        raise BuildProblemError(form.split)
    package = manifest.package.text if manifest.package is not None else None
    if package is None or not is_bundle_id(package):
        raise BuildProblemError(form.invalid)
    values = (manifest.label, manifest.version_name, manifest.version_code, manifest.version_code_major)
    table: _Table | None = None
    if any(value is not None and value.kind in REFERENCES for value in values):
        table = _table(archive, form)
    label, version, code, major = (_resolved(table, value) for value in values)
    number = _integer(code)
    if number is not None:
        number |= (_integer(major) or 0) << 32
    return Build(
        file_type=form.file_type,
        bundle_id=package,
        display_name=clean(_text(label)),
        version=clean(_text(version)),
        build_number=clean(number),
        tampering=(*archive.tampering, *manifest.oddities),
    )


def _manifest(archive: Archive, entry: Entry, form: _Format) -> Manifest:
    try:
        return form.read_manifest(archive.read(entry, limit_bytes=_MAX_MANIFEST_BYTES))
    except (BuildProblemError, ValueError, struct.error) as error:
        if archive.is_marked_encrypted:
            raise BuildProblemError(BuildProblem.ENCRYPTED) from error
        if isinstance(error, BuildProblemError):
            raise
        raise BuildProblemError(form.invalid) from error


def _table(archive: Archive, form: _Format) -> _Table | None:
    entry = archive.entries.get(form.resources)
    if entry is None or entry.size_bytes > _MAX_RESOURCES_BYTES:
        return None
    data = archive.read(entry, limit_bytes=_MAX_RESOURCES_BYTES)
    try:
        return form.read_resources(data)
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
    """Return a value for people: without characters that were broken."""
    return (
        value.text.replace("\ufffd", "") if value is not None and value.text is not None else _integer(value)
    )


def _integer(value: Value | None) -> int | None:
    return value.data if value is not None and value.kind in INTEGERS else None
