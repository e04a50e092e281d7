"""What the stand-in remembers: apps, submissions, and the calls it got. Times are seconds since the epoch."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class App:
    """One app in the list of apps; each new scan makes one, whatever its name."""

    id: str
    name: str
    platform: str


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One build that the webhook took."""

    request_id: str
    at: float
    name: str | None
    """Of the new app; ``None`` for a rescan."""
    app_id: str
    """The app that was asked for, or that was made."""
    is_rescan: bool
    is_known: bool
    """Whether the app was there; a rescan of one that was not fails in the workflow, after the 202."""
    platform: str
    file_name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that has ended."""

    at: float
    point: str
    """``token`` or ``webhook``."""
    status: int | None
    """What was answered; ``None`` where the connection was closed without an answer."""
