"""The hosts that are named in a build, and what Zscaler says of them.

Hosts are written in lower case, internationalised ones in their ASCII form, with a port where it is none of
80 and 443. All of it comes from outside. Times are seconds since the epoch, UTC.

Source: https://help.zscaler.com/zia/url-categories (``POST /urlLookup``)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from bot.core.scan import Scan
from bot.features.submission.card import Card

NAME: Final = "hosts"
"""Of the part of a card."""
LOOKUP: Final = "look-up of hosts"
"""The name of the job."""
MAX_HOSTS: Final = 500
"""Hosts of one build that are kept."""
URL_LIMIT: Final = 1024
"""Characters that a URL has at most, to be looked up."""
BATCH: Final = 100
"""URLs in one look-up."""
UNKNOWN_CATEGORIES: Final = frozenset({"MISCELLANEOUS_OR_UNKNOWN", "UNKNOWN", "NEWLY_REG_DOMAINS", ""})
"""Categories that say that little is known."""


@dataclass(frozen=True, kw_only=True)
class HostsFound:
    """What was found in a build."""

    hosts: tuple[str, ...]
    """Sorted, each once; ``MAX_HOSTS`` at most."""
    left_out: int = 0
    """How many more there are."""
    cut_short: bool = False
    """Whether something in the build was too large to be read whole."""


@dataclass(frozen=True, kw_only=True)
class UrlCategories:
    """What Zscaler says of one URL."""

    url: str
    """As it was asked."""
    categories: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    """Categories with a security alert."""

    @property
    def is_alert(self) -> bool:
        """Whether there is a security alert."""
        return bool(self.alerts)

    @property
    def is_unknown(self) -> bool:
        """Whether its category is not known."""
        return not self.alerts and set(self.categories) <= UNKNOWN_CATEGORIES


class HostsState(StrEnum):
    """How far looking up a build's hosts has come."""

    LOOKING = "looking"  # some are still to be looked up
    KNOWN = "known"  # all were
    NONE = "none"  # the build names no host
    FAILED = "failed"  # it could not be read, or Zscaler said a clear no


@dataclass(frozen=True, kw_only=True)
class ScanHosts:
    """The hosts of one scan's build."""

    scan: int
    state: HostsState
    hosts: tuple[UrlCategories, ...] = ()
    """Sorted by host; categories and alerts are empty until they were looked up."""
    looked_up: int = 0
    """How many of them were."""
    left_out: int = 0
    cut_short: bool = False
    problem: str | None = None
    """The sentence for people: why it waits, or failed."""
    since: float = 0.0
    """When they were found."""
    due_at: float = 0.0
    """When the rest of them is looked up next."""
    tries: int = 0
    """How often that was put off."""

    @property
    def is_whole(self) -> bool:
        """Whether these are all hosts that the build names."""
        return not (self.left_out or self.cut_short)


@dataclass(frozen=True, kw_only=True)
class HostChanges:
    """What is different from the last version of the app."""

    added: tuple[UrlCategories, ...] = ()
    removed: tuple[UrlCategories, ...] = ()
    recategorised: tuple[tuple[UrlCategories, UrlCategories], ...] = ()
    """Before and after."""

    @property
    def nothing(self) -> bool:
        """Whether all is the same."""
        return not (self.added or self.removed or self.recategorised)


@dataclass(frozen=True, kw_only=True)
class HostsPart:
    """What a scan's card shows of its build's hosts."""

    hosts: ScanHosts | None = None
    """``None`` where they are not read."""
    before: Scan | None = None
    """The last scan of the same app before this one whose hosts are known."""
    changes: HostChanges | None = None
    """What is different since that one; ``None`` where there is none."""


def hosts_of(card: Card) -> HostsPart:
    """Return what a card shows of its build's hosts."""
    part: HostsPart = card.parts.get(NAME) or HostsPart()
    return part


class HostReader(Protocol):
    """Reads the hosts that are named in a build."""

    async def hosts(self, path: Path) -> HostsFound:
        """Read them.

        Raises:
            BuildRejected: it can't be read within limits.
        """
        ...


class UrlLookup(Protocol):
    """Tells the categories of URLs."""

    async def look_up(self, urls: Sequence[str]) -> list[UrlCategories]:
        """Return what is said of each, in the order asked; at most ``BATCH``, each within ``URL_LIMIT``.

        Raises:
            TryLater: it may work later.
            Refused: a clear no.
        """
        ...
