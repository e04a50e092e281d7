"""What a build is. It stands apart from the other records, as the process that reads a build needs no more.

That process is started for each build, and every import is part of how long that takes.
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
    """What kind of file a build is; the values are those of OneTrust's ``fileType``."""

    IPA = "ipa"
    APK = "apk"
    AAB = "aab"  # an Android App Bundle

    @property
    def platform(self) -> Platform:
        """The operating system that builds of this kind are for."""
        return Platform.IOS if self is FileType.IPA else Platform.ANDROID


@dataclass(frozen=True, kw_only=True)
class Build:
    """What was read from inside a build."""

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

    @property
    def platform(self) -> Platform:
        """The operating system that it is for."""
        return self.file_type.platform

    @property
    def name(self) -> str:
        """Display name, else bundle name, else bundle identifier."""
        return self.display_name or self.bundle_name or self.bundle_id
