"""The record of a build, apart from the others: the process that reads a build imports only this one.

It is started for each build, so each import makes every scan slower.
"""

from dataclasses import dataclass
from enum import StrEnum


class Platform(StrEnum):
    """The operating system a build is for."""

    IOS = "ios"  # an .ipa
    ANDROID = "android"  # an .apk or .aab

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title is never wanted here
        """The platform as people write it."""
        return "iOS" if self is Platform.IOS else "Android"


class FileType(StrEnum):
    """The kind of file; the values are those of OneTrust's ``fileType``."""

    IPA = "ipa"
    APK = "apk"
    AAB = "aab"  # an Android App Bundle

    @property
    def platform(self) -> Platform:
        """The platform of builds of this kind."""
        return Platform.IOS if self is FileType.IPA else Platform.ANDROID


@dataclass(frozen=True, kw_only=True)
class Build:
    """What a build's file says about it."""

    file_type: FileType
    bundle_id: str
    """``CFBundleIdentifier`` or the manifest's ``package``."""
    display_name: str | None = None
    """``CFBundleDisplayName`` or the application's label."""
    bundle_name: str | None = None
    """``CFBundleName``; none on Android."""
    version: str | None = None
    """``CFBundleShortVersionString`` or ``versionName``."""
    build_number: str | None = None
    """``CFBundleVersion`` or ``versionCode``."""
    tampering: tuple[str, ...] = ()
    """What in its archive is made to confuse readers other than Android, as short sentences."""

    @property
    def platform(self) -> Platform:
        """The platform of its file type."""
        return self.file_type.platform

    @property
    def name(self) -> str:
        """Display name, else bundle name, else bundle identifier."""
        return self.display_name or self.bundle_name or self.bundle_id
