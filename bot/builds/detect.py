"""Detects which kind of build a file is, by its content, and reads it."""

import re
from typing import BinaryIO

from bot.builds.android.reader import AAB, APK, BUNDLE_CONFIG, read_android
from bot.builds.ios import app_plists, read_ipa
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.zip_archive import Archive, Entry
from bot.core.build import Build

_NESTED_APK = re.compile(rb"(?:splits/|standalones/)?[^/]+\.apk", re.IGNORECASE)
_PACKAGE_NAME = re.compile(rb'"package_name"\s*:')
_NOTHING_PACKED = 2  # bytes that deflate makes of none
_MAX_INDEX_BYTES = 1024 * 1024
_MARKER_PATH = re.compile(
    rb"(?:(?:base/manifest/)?androidmanifest\.xml|payload/[^/]+\.app/info\.plist)", re.IGNORECASE
)


def read_build(file: BinaryIO) -> Build:
    """Read the build in a seekable file.

    Raises:
        BuildProblemError: it can't be scanned.
        MemoryError: it takes more memory than this process may have.
    """
    archive = Archive(file)
    plists = app_plists(archive.entries)
    markers = {*plists, *({APK.manifest, AAB.manifest} & archive.entries.keys())}
    if len(markers) > 1:
        raise BuildProblemError(BuildProblem.SEVERAL_APPS)
    others = (entry for name, entry in archive.entries.items() if name not in markers)
    if markers and any(_MARKER_PATH.fullmatch(_path(one.name)) and not _is_folder(one) for one in others):
        raise BuildProblemError(BuildProblem.AMBIGUOUS)
    if plists:
        return read_ipa(archive, plists[0])
    if APK.manifest in archive.entries:
        return read_android(archive, APK)
    if AAB.manifest in archive.entries or BUNDLE_CONFIG in archive.entries:
        return read_android(archive, AAB)
    raise BuildProblemError(BuildProblem.APK_SET if _is_apk_set(archive) else BuildProblem.NO_BUILD)


def _is_folder(entry: Entry) -> bool:
    """Return whether an entry is only a folder: no reader takes it for a file."""
    return entry.name.endswith(b"/") and not entry.size_bytes and entry.packed_bytes <= _NOTHING_PACKED


def _path(name: bytes) -> bytes:
    """Return the path to which the most lenient tool would extract an entry."""
    parts: list[bytes] = []
    for part in name.partition(b"\0")[0].replace(b"\\", b"/").split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part not in {b"", b"."}:
            parts.append(part.rstrip(b" ."))
    return b"/".join(parts)


def _is_apk_set(archive: Archive) -> bool:
    """Return whether it is an ``.apks``, ``.xapk`` or ``.apkm``, or a zip around an APK."""
    if b"toc.pb" in archive.entries or any(map(_NESTED_APK.fullmatch, archive.entries)):
        return True
    index = archive.entries.get(b"manifest.json")
    if index is None or index.size_bytes > _MAX_INDEX_BYTES:
        return False
    return _PACKAGE_NAME.search(archive.read(index, limit_bytes=_MAX_INDEX_BYTES)) is not None
