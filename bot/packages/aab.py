"""Reading an Android App Bundle: the manifest and the label of its base module.

What its other modules hold is a part of the same app, and nothing of it is told.
Source: https://developer.android.com/guide/app-bundle/app-bundle-format
"""

from bot.packages.android import MAX_MANIFEST_BYTES, android_build
from bot.packages.archive import Archive
from bot.packages.flaws import Flaw, Flawed
from bot.packages.proto_manifest import read_proto_manifest
from bot.packages.proto_resources import ProtoResources
from bot.scans.builds import Build, FileType

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
        raise Flawed(Flaw.BAD_BUNDLE)
    data = archive.read(entry, limit_bytes=MAX_MANIFEST_BYTES)
    try:
        manifest = read_proto_manifest(data)
    except ValueError as error:
        raise Flawed(Flaw.BAD_BUNDLE) from error
    build = android_build(archive, manifest, FileType.AAB, resources=_RESOURCES, table=ProtoResources)
    if build is None or (manifest.split is not None and manifest.split.text):
        raise Flawed(Flaw.BAD_BUNDLE)
    return build
