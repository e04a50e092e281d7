"""What a shared file's name says: a build, nearly a build, or neither.

Names come from outside and are read for their ending alone. What a file really is, its content tells.
"""

from bot.core.build import FileType

APP_BUNDLE = (
    "This is an Android App Bundle (`.aab`), which the scan doesn't take as this bot is set up. "
    "Make a universal APK of it (`bundletool build-apks --mode=universal`, then unzip the `.apks`) "
    "and share that `.apk`. To have `.aab` scanned as it is, whoever runs the bot can list `direct` in "
    "`ONETRUST_ROUTES`."
)
"""What people read about an ``.aab``, whether its name or its content told."""

APK_SET = (
    "This is an archive with APKs in it (`.apks`, `.xapk`, `.apkm` or a zip around them), which the scan "
    "doesn't take. Share one whole `.apk`, such as a universal APK."
)
"""What people read about a set of APKs, whether its name or its content told."""

NAMELESS = "a file without a name"
"""What a file is called of which Slack tells nothing, not even its name: it may be a build."""

_BUILDS = {f".{file_type}": file_type for file_type in FileType}
_NEARLY = {".apks": APK_SET, ".xapk": APK_SET, ".apkm": APK_SET}


def _ending(file_name: str) -> str:
    dot, ending = file_name.strip().lower().rpartition(".")[1:]
    return dot + ending


def file_type_of_name(file_name: str) -> FileType | None:
    """Return the kind of build that the name's ending stands for; ``None`` where it is no build's."""
    return _BUILDS.get(_ending(file_name))


def is_build_name(file_name: str, *, accepts_aab: bool = False) -> bool:
    """Tell whether the name is a build's: ``.ipa``, ``.apk``, ``.aab`` where accepted, in capitals or not."""
    file_type = file_type_of_name(file_name)
    return file_type is not None and (accepts_aab or file_type is not FileType.AAB)


def unsupported_name(file_name: str, *, accepts_aab: bool = False) -> str | None:
    """Return what is wrong and what to do, where the name is of a kind that is nearly a build."""
    if file_type_of_name(file_name) is FileType.AAB and not accepts_aab:
        return APP_BUNDLE
    return _NEARLY.get(_ending(file_name))
