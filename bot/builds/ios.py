"""Reading an IPA: the ``Info.plist`` of the app in its ``Payload`` folder, and its localized names.

Sources: "Information Property List" and "Managing Platform-Specific Keys" in Apple's documentation.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from bot.builds.plist.reader import read_properties
from bot.builds.plist.values import IDENTIFIER, Properties
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.text import clean, is_bundle_id
from bot.builds.zip_archive import Archive
from bot.core.build import Build, FileType

_APP_PLIST = re.compile(rb"Payload/[^/]+\.app/Info\.plist")
_LOCALIZED = re.compile(rb"([^/]+)\.lproj/InfoPlist\.strings")
_MAX_PLIST_BYTES = 1024 * 1024  # real ones have some kilobytes
_MAX_LOCALIZED_FILES = 4  # that are read; the first has the name, unless the app is odd
_DEVICES = (
    "",
    "-iphoneos",
    "~iphone",
    "-iphoneos~iphone",
    "~ipad",
    "-iphoneos~ipad",
    "~ipod",
    "-iphoneos~ipod",
)
_LOCTABLE = b"InfoPlist.loctable"


def app_plists(names: Iterable[bytes]) -> list[bytes]:
    """Return the entries that are an app's ``Info.plist``; those of frameworks and extensions are deeper."""
    return [name for name in names if _APP_PLIST.fullmatch(name)]


def read_ipa(archive: Archive, plist: bytes) -> Build:
    """Read the build whose ``Info.plist`` is the entry ``plist``; raises as ``read_plist`` does.

    Names that it lacks are taken from the app's localized ones, in its own language, else in English.
    """
    data = archive.read(archive.entries[plist], limit_bytes=_MAX_PLIST_BYTES)
    folder = plist.removesuffix(b"Info.plist")
    return read_plist(data, lambda region: _localized(archive, folder, region))


def read_plist(data: bytes, localized: Callable[[str], Iterable[Properties]] = lambda _: ()) -> Build:
    """Read an app's ``Info.plist``: XML, binary or old-style.

    ``localized`` returns dictionaries of names, for the app's own language.

    Raises:
        BuildProblemError: it can't be read, or has no valid bundle identifier.
        MemoryError: it takes more memory than this process may have.
    """
    try:
        info = read_properties(data)
    except ValueError as error:
        raise BuildProblemError(BuildProblem.BAD_PLIST) from error
    bundle_id = info.get(IDENTIFIER)
    if not isinstance(bundle_id, str) or not is_bundle_id(bundle_id):
        raise BuildProblemError(BuildProblem.BAD_PLIST)
    display_name = _value(info, "CFBundleDisplayName")
    bundle_name = _value(info, "CFBundleName")
    if display_name is None:
        for names in localized(str(info.get("CFBundleDevelopmentRegion") or "")):
            display_name = display_name or _value(names, "CFBundleDisplayName")
            bundle_name = bundle_name or _value(names, "CFBundleName")
            if display_name is not None:
                break
    return Build(
        file_type=FileType.IPA,
        bundle_id=bundle_id,
        display_name=display_name,
        bundle_name=bundle_name,
        version=_value(info, "CFBundleShortVersionString"),
        build_number=_value(info, "CFBundleVersion"),
    )


def _value(info: Mapping[str, object], key: str) -> str | None:
    """Return the text of a key, else of its forms for some devices."""
    return next(filter(None, (clean(info.get(key + device)) for device in _DEVICES)), None)


def _localized(archive: Archive, folder: bytes, region: str) -> Iterator[Properties]:
    """Yield the localized names, those in the app's own language first; what can't be read is left out."""
    table = archive.entries.get(folder + _LOCTABLE)
    if table is not None:
        by_language = _properties(archive, table.name, depth=2)
        for language in sorted(by_language, key=lambda one: _language_order(one, region)):
            if isinstance(by_language[language], dict):
                yield by_language[language]
    files = {}
    for name in archive.entries:
        match = _LOCALIZED.fullmatch(name[len(folder) :]) if name.startswith(folder) else None
        if match is not None:
            files[match[1].decode(errors="replace")] = name
    ordered = sorted(files, key=lambda one: _language_order(one, region))
    for language in ordered[:_MAX_LOCALIZED_FILES]:
        yield _properties(archive, files[language], depth=1)


def _language_order(language: str, region: str) -> tuple[int, str]:
    bare = language.lower().replace("_", "-")
    if bare == region.lower().replace("_", "-"):
        return 0, bare
    return (
        (1, bare) if bare in {"en", "english", "base"} else (2, bare) if bare.startswith("en-") else (3, bare)
    )


def _properties(archive: Archive, name: bytes, *, depth: int) -> Properties:
    with contextlib.suppress(BuildProblemError, ValueError):
        return read_properties(archive.read(archive.entries[name], limit_bytes=_MAX_PLIST_BYTES), depth=depth)
    return {}
