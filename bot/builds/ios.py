"""Reading an IPA: the ``Info.plist`` of the app in its folder ``Payload``."""

import plistlib
import re
from collections.abc import Iterable

from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.text import clean, is_bundle_id
from bot.builds.zip_archive import Archive
from bot.core.build import Build, FileType

_APP = re.compile(rb"Payload/[^/]+\.app/Info\.plist")
_MAX_PLIST_BYTES = 1024 * 1024  # real ones have some kilobytes; expat takes a long token's time squared


def app_plists(names: Iterable[bytes]) -> list[bytes]:
    """Return the entries that are an app's ``Info.plist``; those of frameworks and extensions lie deeper."""
    return [name for name in names if _APP.fullmatch(name)]


def read_ipa(archive: Archive, plist: bytes) -> Build:
    """Read the app's identifier, names and versions.

    Raises:
        Flawed: the plist, XML or binary, can't be read or names no bundle identifier.
    """
    return read_plist(archive.read(archive.entries[plist], limit_bytes=_MAX_PLIST_BYTES))


def read_plist(data: bytes) -> Build:
    """Read what an ``Info.plist`` says of its app.

    Raises:
        Flawed: it can't be read, or names no bundle identifier.
        MemoryError: it takes more memory than this process may have.
    """
    try:
        info = plistlib.loads(data)
    except MemoryError:
        raise  # not the plist's form: the parent says what it means
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
