"""What kind of file it is, by its content, and what is in it."""

import re
from typing import BinaryIO

from bot.builds.android.aab import BASE_MANIFEST, BUNDLE_CONFIG, read_aab
from bot.builds.android.apk import MANIFEST, read_apk
from bot.builds.ios import app_plists, read_ipa
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.zip_archive import Archive
from bot.core.build import Build

_NESTED_APK = re.compile(rb"(?:splits/|standalones/)?[^/]+\.apk", re.IGNORECASE)
_XAPK_INDEX = b"manifest.json"
_PACKAGE_NAME = re.compile(rb'"package_name"\s*:')
_MAX_INDEX_BYTES = 1024 * 1024
_NEARLY = re.compile(
    rb"(?:(?:base/manifest/)?androidmanifest\.xml|payload/[^/]+\.app/info\.plist)", re.IGNORECASE
)


def read_build(file: BinaryIO) -> Build:
    """Read the build on a seekable file.

    Raises:
        Flawed: it is none that can be scanned; says which way.
        MemoryError: it takes more memory than this process may have.
    """
    archive = Archive(file)
    plists = app_plists(archive.entries)
    marks = {*plists, *({MANIFEST, BASE_MANIFEST} & archive.entries.keys())}
    if len(marks) > 1:
        raise BuildProblemError(BuildProblem.SEVERAL_APPS)
    if marks and any(_NEARLY.fullmatch(_as_path(name)) for name in archive.entries.keys() - marks):
        raise BuildProblemError(BuildProblem.AMBIGUOUS)
    if plists:
        return read_ipa(archive, plists[0])
    if MANIFEST in archive.entries:
        return read_apk(archive)
    if BASE_MANIFEST in archive.entries or BUNDLE_CONFIG in archive.entries:
        return read_aab(archive)
    raise BuildProblemError(BuildProblem.APK_SET if _is_apk_set(archive) else BuildProblem.NO_BUILD)


def _as_path(name: bytes) -> bytes:
    """Return where an entry would land if it were extracted, as the most forgiving tool does it."""
    parts: list[bytes] = []
    for part in name.partition(b"\0")[0].replace(b"\\", b"/").split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part not in {b"", b"."}:
            parts.append(part.rstrip(b" ."))
    return b"/".join(parts)


def _is_apk_set(archive: Archive) -> bool:
    """Tell whether it is an ``.apks``, ``.xapk`` or ``.apkm``, or a zip around an APK."""
    if b"toc.pb" in archive.entries or any(map(_NESTED_APK.fullmatch, archive.entries)):
        return True
    index = archive.entries.get(_XAPK_INDEX)
    if index is None or index.size_bytes > _MAX_INDEX_BYTES:
        return False
    return _PACKAGE_NAME.search(archive.read(index, limit_bytes=_MAX_INDEX_BYTES)) is not None
