"""Reading an IPA: the ``Info.plist`` of the app in its ``Payload`` folder."""

import plistlib
import re
from collections.abc import Iterable

from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.text import clean, is_bundle_id
from bot.builds.zip_archive import Archive
from bot.core.build import Build, FileType

_APP_PLIST = re.compile(rb"Payload/[^/]+\.app/Info\.plist")
_MAX_PLIST_BYTES = 1024 * 1024  # real ones have some kilobytes; expat's time is quadratic in a token's length


def app_plists(names: Iterable[bytes]) -> list[bytes]:
    """Return the entries that are an app's ``Info.plist``; those of frameworks and extensions are deeper."""
    return [name for name in names if _APP_PLIST.fullmatch(name)]


def read_ipa(archive: Archive, plist: bytes) -> Build:
    """Read the build whose ``Info.plist`` is the entry ``plist``; raises as ``read_plist`` does."""
    return read_plist(archive.read(archive.entries[plist], limit_bytes=_MAX_PLIST_BYTES))


def read_plist(data: bytes) -> Build:
    """Read an app's ``Info.plist``, XML or binary.

    Raises:
        BuildProblemError: it can't be read, or has no valid bundle identifier.
        MemoryError: it takes more memory than this process may have.
    """
    try:
        info = plistlib.loads(data)
    except MemoryError:
        raise  # reported as EXHAUSTING
    except Exception as error:  # whatever a hostile plist makes plistlib and expat raise
        raise BuildProblemError(BuildProblem.BAD_PLIST) from error
    bundle_id = info.get("CFBundleIdentifier") if isinstance(info, dict) else None
    if not isinstance(bundle_id, str) or not is_bundle_id(bundle_id):
        raise BuildProblemError(BuildProblem.BAD_PLIST)
    return Build(
        file_type=FileType.IPA,
        bundle_id=bundle_id,
        display_name=clean(info.get("CFBundleDisplayName")),
        bundle_name=clean(info.get("CFBundleName")),
        version=clean(info.get("CFBundleShortVersionString")),
        build_number=clean(info.get("CFBundleVersion")),
    )
