"""Reading an Android App Bundle: the manifest and the label of its base module.

What its other modules hold is a part of the same app, and nothing of it is told.
Source: https://developer.android.com/guide/app-bundle/app-bundle-format
"""

from bot.builds.android.proto_manifest import read_proto_manifest
from bot.builds.android.proto_resources import ProtoResources
from bot.builds.android.reader import MAX_MANIFEST_BYTES, android_build
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.zip_archive import Archive
from bot.core.build import Build, FileType

BASE_MANIFEST = b"base/manifest/AndroidManifest.xml"
BUNDLE_CONFIG = b"BundleConfig.pb"
_RESOURCES = b"base/resources.pb"


def read_aab(archive: Archive) -> Build:
    """Read the bundle's package, versions and label.

    Raises:
        Flawed: its base manifest is missing or can't be read.
    """
    entry = archive.entries.get(BASE_MANIFEST)
    if entry is None:
        raise BuildProblemError(BuildProblem.BAD_BUNDLE)
    data = archive.read(entry, limit_bytes=MAX_MANIFEST_BYTES)
    try:
        manifest = read_proto_manifest(data)
    except ValueError as error:
        raise BuildProblemError(BuildProblem.BAD_BUNDLE) from error
    build = android_build(archive, manifest, FileType.AAB, resources=_RESOURCES, table=ProtoResources)
    if build is None or (manifest.split is not None and manifest.split.text):
        raise BuildProblemError(BuildProblem.BAD_BUNDLE)
    return build
