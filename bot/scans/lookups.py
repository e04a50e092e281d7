"""The records of looking things up: what is asked of the history, by whom, and the pages that answer."""

from dataclasses import dataclass

from bot.scans.models import Platform, Scan, State


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for in the history; every part that is set must hold."""

    words: tuple[str, ...] = ()
    """Each begins a word of the name, bundle identifier, file name or version, or is a whole request ID."""
    app: str | None = None
    """An app ID or a bundle identifier, whole."""
    platform: Platform | None = None
    states: frozenset[State] = frozenset()
    by: str | None = None
    """User ID of who shared or asked."""
    channel: str | None = None
    since: float | None = None
    """At or after, seconds since the epoch."""
    until: float | None = None
    """Before, seconds since the epoch."""


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who is asking to see scans, and what they may see."""

    user: str
    channels: frozenset[str] = frozenset()
    """Private channels and group messages that they are in; of an outsider, the public channels too."""
    member: bool = True
    """False for an outsider, who sees no public channel but those in ``channels``."""


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Where a page of the history begins."""

    number: int
    older: bool
    """True for the scans before ``number``, false for those after it."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the history, newest first."""

    text: str
    """The filters as typed."""
    scans: tuple[Scan, ...]
    has_newer: bool
    has_older: bool


@dataclass(frozen=True, kw_only=True)
class AppRow:
    """One app in the list of known apps."""

    bundle_id: str
    platform: Platform
    name: str | None
    version: str | None
    """Of its newest scan that this viewer may see."""
    app_id: str | None
    scans: int
    """How many were submitted."""
