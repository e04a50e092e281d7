"""What a shared file's name says: a build, nearly a build, or neither.

Names come from outside and are read for their ending alone. What a file really is, its content tells.
"""

from bot.scans.builds import Platform

APP_BUNDLE = (
    "This is an Android App Bundle (`.aab`), which the scan doesn't take. "
    "Make a universal APK of it (`bundletool build-apks --mode=universal`, then unzip the `.apks`) "
    "and share that `.apk`."
)
"""What people read about an ``.aab``, whether its name or its content told."""

APK_SET = (
    "This is an archive with APKs in it (`.apks`, `.xapk`, `.apkm` or a zip around them), which the scan "
    "doesn't take. Share one whole `.apk`, such as a universal APK."
)
"""What people read about a set of APKs, whether its name or its content told."""

NAMELESS = "a file without a name"
"""What a file is called of which Slack tells nothing, not even its name: it may be a build."""

_BUILDS = {".ipa": Platform.IOS, ".apk": Platform.ANDROID}
_NEARLY = {".aab": APP_BUNDLE, ".apks": APK_SET, ".xapk": APK_SET, ".apkm": APK_SET}


def _ending(file_name: str) -> str:
    dot, ending = file_name.strip().lower().rpartition(".")[1:]
    return dot + ending


def platform_of_name(file_name: str) -> Platform | None:
    """Return the platform that the name's ending stands for; ``None`` where it is no build's."""
    return _BUILDS.get(_ending(file_name))


def is_build_name(file_name: str) -> bool:
    """Tell whether the name is a build's: ``.ipa`` or ``.apk``, in capitals or not."""
    return platform_of_name(file_name) is not None


def unsupported_name(file_name: str) -> str | None:
    """Return what is wrong and what to do, where the name is of a kind that is nearly a build."""
    return _NEARLY.get(_ending(file_name))
