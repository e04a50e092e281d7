"""What the stand-in remembers: apps and submissions. Times are seconds since the epoch."""

from dataclasses import dataclass
from typing import Literal

Route = Literal["webhook", "ftp", "direct"]
"""How a build came: in a webhook's body, named to that of an FTP workflow, or by the Applications API."""


@dataclass(frozen=True, kw_only=True)
class App:
    """One app in the list of apps; each new scan makes one, whatever its name."""

    id: str
    name: str
    platform: str
    at: float = 0.0
    """When it was made."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One build that was taken; it is replaced by a fuller record as its workflow goes on."""

    request_id: str
    """Empty for a build that came by the Applications API, which gives none."""
    at: float
    name: str | None
    """Of the new app; ``None`` for a rescan."""
    app_id: str
    """The app that was asked for, or the ID that the workflow gives to the one it makes."""
    is_rescan: bool
    is_known: bool
    """Whether the app was there; a rescan of one that was not fails in the workflow, after the 202."""
    platform: str
    file_name: str
    size_bytes: int
    sha256: str
    route: Route = "webhook"
    file_path: str | None = None
    """What an FTP workflow was told to fetch."""
    found: bool | None = True
    """Whether the workflow has the file; ``None`` until an FTP workflow has looked for it."""
    scan_id: str | None = None
    """The scan that the workflow made of it."""
