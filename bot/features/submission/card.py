"""A scan's card: all that the reply in its thread shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.scan import ChannelKind, Link, Scan


@dataclass(frozen=True, kw_only=True)
class Card:
    """A scan with what belongs to it; features read their own part with functions such as ``results_of``."""

    scan: Scan
    original: Scan | None = None
    """The scan named by ``scan.original``."""
    original_link: str | None = None
    """Where to read about the original, where everybody who sees this card may."""
    link: Link | None = None
    """The link of the scan's bundle identifier and platform, where one is known."""
    taken_by: tuple[Link, ...] = ()
    """Whose the asked app ID is, for ``Question.APP_ID_TAKEN``."""
    log_url: str | None = None
    """Where the workflow's log is read; ``None`` where that is not configured."""
    done_bytes: int = 0
    total_bytes: int = 0
    """How far the bytes have moved in ``PULLING`` and ``SUBMITTING``; 0 of 0 where not known."""
    scanner_away: bool = False
    """The scanner takes no builds at the moment, so what was just received waits."""
    parts: Mapping[str, Any] = field(default_factory=dict)
    """What other features add, by the name of their ``ReplySection``."""


def open_to(scan: Scan, other: Scan) -> bool:
    """Tell whether all who read a scan's thread may read the other's."""
    return other.channel_kind is ChannelKind.PUBLIC or other.channel == scan.channel
