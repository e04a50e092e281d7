"""Recognises builds by their file names. Only the extension is used; the content decides what a file is."""

from bot.core.build import FileType

APP_BUNDLE = (
    "This is an Android App Bundle (`.aab`), which this bot is not set up to scan. "
    "Make a universal APK of it (`bundletool build-apks --mode=universal`, then unzip the `.apks`) "
    "and share that `.apk`. An admin of this bot can enable `.aab` by listing `direct` in `ONETRUST_ROUTES`."
)
"""The message about an ``.aab``, recognised by its name or its content."""

APK_SET = (
    "This is an archive of APKs (`.apks`, `.xapk`, `.apkm` or a zip of them), which can't be scanned. "
    "Share one whole `.apk`, such as a universal APK."
)
"""The message about a set of APKs, recognised by its name or its content."""

NAMELESS = "a file without a name"
"""The name of a file that Slack says nothing about, not even its name; it may be a build."""

_FILE_TYPES = {f".{file_type}": file_type for file_type in FileType}
_UNSUPPORTED = {".apks": APK_SET, ".xapk": APK_SET, ".apkm": APK_SET}


def _extension(file_name: str) -> str:
    dot, extension = file_name.strip().lower().rpartition(".")[1:]
    return dot + extension


def file_type_of_name(file_name: str) -> FileType | None:
    """Return the file type of the name's extension; ``None`` if it isn't a build's."""
    return _FILE_TYPES.get(_extension(file_name))


def unsupported_name(file_name: str, *, accepts_aab: bool = False) -> str | None:
    """Return the message about a file that is almost a build: what is wrong, and what to do."""
    if file_type_of_name(file_name) is FileType.AAB and not accepts_aab:
        return APP_BUNDLE
    return _UNSUPPORTED.get(_extension(file_name))
