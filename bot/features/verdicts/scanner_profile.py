"""What is known of a side scanner without calling it: its names, its limits and its sentences."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.core.build import FileType

UNNAMED: Final = "zscaler"
"""The scanner of messages and buttons that name none; they were posted when there was only this one."""


@dataclass(frozen=True, kw_only=True)
class ScannerProfile:
    """A side scanner's names, limits and sentences.

    Sentences may hold what ``fill`` replaces, such as ``{vendor}``.
    """

    name: str
    """In rows, action IDs and metrics: lower-case letters, digits and underscores."""
    vendor: str
    """Such as ``Zscaler``."""
    product: str
    """Such as ``Sandbox``; at most 17 characters, because it is part of a modal's title."""
    rejection: Callable[[FileType | None, int | None], str | None]
    """Returns why a build of this type and size in bytes is not accepted; ``None`` if it is."""
    daily_limit: int | None = None
    """Submissions in 24 hours; ``None`` if there is no limit."""
    not_covered: str = "{Short} does not analyse this type of file."
    no_reports: str = "It was sent to {short}, but its verdict can't be read here."
    """Shown for a build that was submitted where no report can be read."""
    missing_login: str = "it is not set up"
    """Part of a sentence: why no report can be read."""
    not_set_up: str = "{service} is no longer set up here, so it can't be asked again."

    @property
    def title(self) -> str:
        """Return the label of its lines: "Zscaler Sandbox"."""
        return f"{self.vendor} {self.product}"

    @property
    def service(self) -> str:
        """Return its name in a sentence: "Zscaler's Sandbox"."""
        return f"{self.vendor}'s {self.product}"

    @property
    def verdict(self) -> str:
        """Return what builds are held for: "Zscaler's verdict"."""
        return f"{self.vendor}'s verdict"

    def accepts(self, file_type: FileType | None, size_bytes: int | None) -> bool:
        """Return whether a build of this type and size is accepted."""
        return self.rejection(file_type, size_bytes) is None

    def fill(self, sentence: str) -> str:
        """Put the names and limits into a sentence."""
        return sentence.format(
            vendor=self.vendor,
            service=self.service,
            short=f"the {self.product}",
            Short=f"The {self.product}",
            limit=self.daily_limit,
            missing_login=self.missing_login,
        )
