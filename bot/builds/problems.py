"""All that can be wrong with a build, each with the sentence that people read."""

from enum import StrEnum

from bot.core.file_names import APK_SET, APP_BUNDLE
from bot.errors import BuildRejected


class BuildProblem(StrEnum):
    """One thing that is wrong with a build; its value travels from the child to the parent."""

    EMPTY = "empty"  # no bytes
    WEB_PAGE = "web_page"  # HTML
    NOT_AN_ARCHIVE = "not_an_archive"  # no zip
    CUT_SHORT = "cut_short"  # a zip without its end
    ENCRYPTED = "encrypted"  # a zip with a password
    DAMAGED = "damaged"  # a zip whose parts or checksums don't fit
    AMBIGUOUS = "ambiguous"  # a zip that one reader would see another app in than another
    TOO_MANY_ENTRIES = "too_many_entries"  # more than archive.MAX_ENTRIES, or too long a directory
    TOO_LARGE_INSIDE = "too_large_inside"  # claims to expand to more than is sane
    NO_BUILD = "no_build"  # a sound zip that is neither IPA nor APK
    SEVERAL_APPS = "several_apps"  # which one is meant can't be told
    APP_BUNDLE = "app_bundle"  # an .aab where none is taken
    APK_SET = "apk_set"  # an .apks, .xapk or .apkm
    SPLIT_APK = "split_apk"  # one part of an app
    BAD_PLIST = "bad_plist"  # Info.plist can't be read, or names no bundle identifier
    BAD_MANIFEST = "bad_manifest"  # AndroidManifest.xml can't be read, or names no package
    BAD_BUNDLE = "bad_bundle"  # an .aab's manifest is missing, can't be read, or names no package
    IOS_AS_APK = "ios_as_apk"  # an iOS build named .apk
    IOS_AS_AAB = "ios_as_aab"  # an iOS build named .aab
    ANDROID_AS_IPA = "android_as_ipa"  # an APK named .ipa
    APK_AS_AAB = "apk_as_aab"  # an APK named .aab
    AAB_AS_IPA = "aab_as_ipa"  # an App Bundle named .ipa
    AAB_AS_APK = "aab_as_apk"  # an App Bundle named .apk
    EXHAUSTING = "exhausting"  # reading it took too long or too much memory
    UNREADABLE = "unreadable"  # the child stopped, or said what makes no sense


_SENTENCES = {
    BuildProblem.EMPTY: "The file is empty. Export the build again and share the new file.",
    BuildProblem.WEB_PAGE: (
        "This is a web page, not a build: most likely a sign-in page was saved in its place. "
        "Sign in where the build is kept, download it again and share that file."
    ),
    BuildProblem.NOT_AN_ARCHIVE: (
        "This is not a real IPA or APK: both are zip archives, and this file is none. "
        "Share the `.ipa` or `.apk` as your build tool wrote it."
    ),
    BuildProblem.CUT_SHORT: (
        "The end of this file is missing or changed: the upload was probably cut short. "
        "Share the build again and let the upload finish."
    ),
    BuildProblem.ENCRYPTED: (
        "This archive is locked with a password, so nobody can scan what is in it. "
        "Share the build without a password."
    ),
    BuildProblem.DAMAGED: (
        "This archive is damaged: its parts don't fit together or don't match their checksums. "
        "Export the build again and share the new file."
    ),
    BuildProblem.AMBIGUOUS: (
        "This archive can be read in two ways: the part that says which app it is stands in it twice. "
        "Export the build again and share the new file."
    ),
    BuildProblem.TOO_MANY_ENTRIES: (
        "This archive lists far more files than a real build has, so it was not opened. "
        "Share the `.ipa` or `.apk` as your build tool wrote it."
    ),
    BuildProblem.TOO_LARGE_INSIDE: (
        "What is in this archive would expand to far more than a real build does, so it was not opened. "
        "Share the `.ipa` or `.apk` as your build tool wrote it."
    ),
    BuildProblem.NO_BUILD: (
        "This is a zip archive, but no build: it has neither an `AndroidManifest.xml` nor a `Payload` folder "
        "with an app. Share the `.ipa` or `.apk` itself, not a zip around it and not a renamed one."
    ),
    BuildProblem.SEVERAL_APPS: (
        "This archive holds more than one app, so nobody can tell which to scan. Share one build per file."
    ),
    BuildProblem.APP_BUNDLE: APP_BUNDLE,
    BuildProblem.APK_SET: APK_SET,
    BuildProblem.SPLIT_APK: (
        "This APK is only a part of an app (a split APK). Share one whole `.apk`, such as a universal APK."
    ),
    BuildProblem.BAD_PLIST: (
        "This iOS build's `Info.plist` can't be read or has no valid bundle identifier. "
        "Archive and export the app again in Xcode and share the new `.ipa`."
    ),
    BuildProblem.BAD_MANIFEST: (
        "This Android build's `AndroidManifest.xml` can't be read or has no valid package name. "
        "Build the app again and share the new `.apk`."
    ),
    BuildProblem.BAD_BUNDLE: (
        "This Android App Bundle's `base/manifest/AndroidManifest.xml` is missing, can't be read or has no "
        "valid package name. Build the bundle again and share the new `.aab`."
    ),
    BuildProblem.IOS_AS_APK: (
        "The name ends in `.apk`, but inside is an iOS build. "
        "If that is the one you mean, rename it to `.ipa` and share it again; else share the Android build."
    ),
    BuildProblem.ANDROID_AS_IPA: (
        "The name ends in `.ipa`, but inside is an Android build. "
        "If that is the one you mean, rename it to `.apk` and share it again; else share the iOS build."
    ),
    BuildProblem.IOS_AS_AAB: (
        "The name ends in `.aab`, but inside is an iOS build. "
        "If that is the one you mean, rename it to `.ipa` and share it again; else share the Android build."
    ),
    BuildProblem.APK_AS_AAB: (
        "The name ends in `.aab`, but inside is an APK. "
        "If that is the one you mean, rename it to `.apk` and share it again; else share the App Bundle."
    ),
    BuildProblem.AAB_AS_IPA: (
        "The name ends in `.ipa`, but inside is an Android App Bundle. "
        "If that is the one you mean, rename it to `.aab` and share it again; else share the iOS build."
    ),
    BuildProblem.AAB_AS_APK: (
        "The name ends in `.apk`, but inside is an Android App Bundle. "
        "If that is the one you mean, rename it to `.aab` and share it again; else share the APK."
    ),
    BuildProblem.EXHAUSTING: (
        "Reading this file took too long or too much memory, as no real build does, so it was given up. "
        "Export the build again and share the new file."
    ),
    BuildProblem.UNREADABLE: (
        "This file could not be read: the reader stopped at it. Export the build again and share that. "
        "If that fails as well, tell whoever runs this bot."
    ),
}


class BuildProblemError(BuildRejected):
    """The file can't be scanned, because of one flaw."""

    def __init__(self, flaw: BuildProblem) -> None:
        super().__init__(_SENTENCES[flaw], detail=f"build rejected: {flaw.value}")
        self.flaw = flaw
