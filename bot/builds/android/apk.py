"""Reading an APK: its manifest, and the label in its resources."""

import struct

from bot.builds.android.manifest import read_manifest
from bot.builds.android.reader import MAX_MANIFEST_BYTES, android_build
from bot.builds.android.resources import Resources
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.zip_archive import Archive
from bot.core.build import Build, FileType

MANIFEST = b"AndroidManifest.xml"
_RESOURCES = b"resources.arsc"


def read_apk(archive: Archive) -> Build:
    """Read the APK's package, versions and label.

    Raises:
        Flawed: it is a part of an app, or its manifest can't be read.
    """
    data = archive.read(archive.entries[MANIFEST], limit_bytes=MAX_MANIFEST_BYTES)
    try:
        manifest = read_manifest(data)
    except (ValueError, struct.error) as error:
        raise BuildProblemError(BuildProblem.BAD_MANIFEST) from error
    if manifest.split is not None and manifest.split.text:
        raise BuildProblemError(BuildProblem.SPLIT_APK)
    build = android_build(archive, manifest, FileType.APK, resources=_RESOURCES, table=Resources)
    if build is None:
        raise BuildProblemError(BuildProblem.BAD_MANIFEST)
    return build
