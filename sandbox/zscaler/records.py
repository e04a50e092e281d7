"""What the stand-in remembers of what came. Times are seconds since the epoch."""

from dataclasses import dataclass
from typing import Literal

Way = Literal["submit", "discan"]
"""How a file came: for the Sandbox, or for an instant verdict alone."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """One request for a token or a session."""

    at: float
    way: Literal["oauth", "session"]
    accepted: bool


@dataclass(frozen=True, kw_only=True)
class Logout:
    """One session that was ended by its client."""

    at: float
    activated: bool
    """Whether that activated changes which somebody had saved."""


@dataclass(frozen=True, kw_only=True)
class Activation:
    """One call that activated what was saved, whether that was something or not."""

    at: float
    before: str
    """The status before it."""


@dataclass(frozen=True, kw_only=True)
class LookUp:
    """One call that asked for categories, and got them."""

    at: float
    urls: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReportCall:
    """One call that asked for a report and counted on the quota."""

    at: float
    md5: str
    """In small letters."""
    details: str
    """``summary`` or ``full``."""
    told: str
    """The status that the report told."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One file that was taken."""

    at: float
    way: Way
    md5: str
    sha1: str
    sha256: str
    size_bytes: int
    force: bool
    file_type: str
    """``apk``, or ``Unknown`` where no rule of the Sandbox's covers it."""
    analysed: bool
    """Whether it went to the Sandbox."""


@dataclass(frozen=True, kw_only=True)
class GovernanceCall:
    """One call that asked for an app and counted on the limit."""

    at: float
    app_id: str | None
    url: str | None
    status: int
    """What was answered."""
