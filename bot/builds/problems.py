"""The reasons to reject a build, each with the message that people read."""

from enum import StrEnum
from typing import Self

from bot.core import file_names
from bot.errors import BuildRejected


class BuildProblem(StrEnum):
    """A reason to reject a build: the value the child sends to the parent, and the message for people."""

    message: str

    def __new__(cls, value: str, message: str = "") -> Self:  # noqa: D102
        problem = str.__new__(cls, value)
        problem._value_ = value
        problem.message = message
        return problem

    EMPTY = "empty", "The file is empty. Export the build again and share the new file."
    WEB_PAGE = (
        "web_page",
        "This is a web page, not a build: probably a sign-in page was saved instead of the file. "
        "Sign in where the build is stored, download it again and share that file.",
    )
    NOT_AN_ARCHIVE = (
        "not_an_archive",
        "This is not an IPA or APK: those are zip archives, and this file is not. "
        "Share the `.ipa` or `.apk` that your build tool wrote.",
    )
    CUT_SHORT = (
        "cut_short",
        "The end of this file is missing or changed: the upload was probably cut off. "
        "Share the build again and let the upload finish.",
    )
    ENCRYPTED = (
        "encrypted",
        "This archive is encrypted or marked as encrypted, so it can't be read. "
        "Share the build without encryption or a password.",
    )
    DAMAGED = (
        "damaged",
        "This archive is damaged: its parts or checksums don't match. "
        "Export the build again and share the new file.",
    )
    AMBIGUOUS = (
        "ambiguous",
        "This archive can be read in two ways: the part that identifies the app is in it twice. "
        "Export the build again and share the new file.",
    )
    TOO_MANY_ENTRIES = (
        "too_many_entries",
        "This archive lists far more files than a real build has, so it was not opened. "
        "Share the `.ipa` or `.apk` that your build tool wrote.",
    )
    TOO_LARGE_INSIDE = (
        "too_large_inside",
        "This archive would expand to far more than a real build does, so it was not opened. "
        "Share the `.ipa` or `.apk` that your build tool wrote.",
    )
    NO_BUILD = (
        "no_build",
        "This zip archive is not a build: it has neither an `AndroidManifest.xml` nor a `Payload` folder "
        "with an app. Share the `.ipa` or `.apk` itself, not zipped and not renamed.",
    )
    SEVERAL_APPS = (
        "several_apps",
        "This archive contains more than one app, so it is unclear which to scan. Share one build per file.",
    )
    APP_BUNDLE = "app_bundle", file_names.APP_BUNDLE
    APK_SET = "apk_set", file_names.APK_SET
    SPLIT_APK = (
        "split_apk",
        "This APK is only a part of an app (a split APK). Share one whole `.apk`, such as a universal APK.",
    )
    BAD_PLIST = (
        "bad_plist",
        "This iOS build's `Info.plist` can't be read or has no valid bundle identifier. "
        "Archive and export the app again in Xcode and share the new `.ipa`.",
    )
    BAD_MANIFEST = (
        "bad_manifest",
        "This Android build's `AndroidManifest.xml` can't be read or has no valid package name. "
        "Build the app again and share the new `.apk`.",
    )
    BAD_BUNDLE = (
        "bad_bundle",
        "This Android App Bundle's `base/manifest/AndroidManifest.xml` is missing, can't be read or has no "
        "valid package name. Build the bundle again and share the new `.aab`.",
    )
    EXHAUSTING = (
        "exhausting",
        "Reading this file took more time or memory than any real build needs, so it was stopped. "
        "Export the build again and share the new file.",
    )
    UNREADABLE = (
        "unreadable",
        "This file could not be read: the reader failed on it. Export the build again and share that. "
        "If that fails too, tell the operator of this bot.",
    )


class BuildProblemError(BuildRejected):
    """The file can't be scanned because of one problem."""

    def __init__(self, problem: BuildProblem) -> None:
        super().__init__(problem.message, detail=f"build rejected: {problem}")
        self.problem = problem
