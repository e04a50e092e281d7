"""The card of a scan: what the reply in its thread shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.scan import ChannelKind, Link, Scan


@dataclass(frozen=True, kw_only=True)
class Card:
    """A scan with its related data; features read their part with functions such as ``results_of``."""

    scan: Scan
    original: Scan | None = None
    """The scan named by ``scan.original``."""
    original_link: str | None = None
    """A link to the original, if everybody who sees this card may read it."""
    link: Link | None = None
    """The link of the scan's bundle identifier and platform."""
    taken_by: tuple[Link, ...] = ()
    """Other links of the requested app ID, for ``Question.APP_ID_TAKEN``."""
    log_url: str | None = None
    """The URL of the workflow's log, if that is configured."""
    done_bytes: int = 0
    total_bytes: int = 0
    """The progress in ``PULLING`` and ``SUBMITTING``; 0 of 0 if not known."""
    scanner_away: bool = False
    """Whether the scanner accepts no builds now, so that new ones wait."""
    parts: Mapping[str, Any] = field(default_factory=dict)
    """The parts of other features, by the name of their ``ReplySection``."""


def open_to(scan: Scan, other: Scan) -> bool:
    """Tell whether all who read a scan's thread may read the other's."""
    return other.channel_kind is ChannelKind.PUBLIC or other.channel == scan.channel
