"""The hosts that a build names, and the categories that Zscaler has for them.

Hosts are lower-case ASCII (IDNA), with a port unless it is 80 or 443. All text comes from outside. Times are
seconds since the epoch, UTC.

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
"""The key in ``Card.parts``."""
LOOKUP: Final = "look-up of hosts"
"""The name of the job."""
MAX_HOSTS: Final = 500
"""Hosts kept per build."""
URL_LIMIT: Final = 1024
"""Maximum length of a URL in a look-up, in characters."""
BATCH: Final = 100
"""Maximum number of URLs in one look-up."""
UNKNOWN_CATEGORIES: Final = frozenset({"MISCELLANEOUS_OR_UNKNOWN", "UNKNOWN", "NEWLY_REG_DOMAINS", ""})
"""Categories that mean that little is known."""


@dataclass(frozen=True, kw_only=True)
class HostsFound:
    """What was found in a build."""

    hosts: tuple[str, ...]
    """Sorted, without duplicates; at most ``MAX_HOSTS``."""
    left_out: int = 0
    """How many more there are."""
    cut_short: bool = False
    """Whether something in the build was too large to be searched completely."""


@dataclass(frozen=True, kw_only=True)
class UrlCategories:
    """Zscaler's categories of one URL."""

    url: str
    """As it was requested."""
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

    @property
    def names(self) -> tuple[str, ...]:
        """All its categories, those with a security alert first."""
        return tuple(dict.fromkeys([*self.alerts, *self.categories]))

    @property
    def urgency(self) -> int:
        """A sort key: security alerts first, then unknown categories."""
        return 0 if self.is_alert else 1 if self.is_unknown else 2


class HostsState(StrEnum):
    """The progress of looking up a build's hosts."""

    LOOKING = "looking"  # some are still to be looked up
    KNOWN = "known"  # all were looked up
    NONE = "none"  # the build names no host
    FAILED = "failed"  # the build could not be read, or Zscaler rejected the look-up


@dataclass(frozen=True, kw_only=True)
class ScanHosts:
    """The hosts of one scan's build."""

    scan: int
    state: HostsState
    hosts: tuple[UrlCategories, ...] = ()
    """Sorted by host; categories and alerts are empty until they are looked up."""
    pending: tuple[str, ...] = ()
    """Those still to be looked up, sorted."""
    left_out: int = 0
    cut_short: bool = False
    problem: str | None = None
    """The sentence for people: why it waits, or failed."""
    since: float = 0.0
    """When they were found."""
    due_at: float = 0.0
    """When the remaining ones are looked up next."""

    @property
    def is_whole(self) -> bool:
        """Whether these are all hosts that the build names."""
        return not (self.left_out or self.cut_short)


@dataclass(frozen=True, kw_only=True)
class HostChanges:
    """The differences between the hosts of two scans of the same app, each part sorted by host."""

    added: tuple[UrlCategories, ...] = ()
    removed: tuple[UrlCategories, ...] = ()
    recategorised: tuple[tuple[UrlCategories, UrlCategories], ...] = ()
    """Before and after."""

    @classmethod
    def between(cls, before: ScanHosts, after: ScanHosts) -> "HostChanges":
        """Compare two scans; the order of categories does not matter.

        If some hosts of one scan were not kept, hosts that only the other names may not be new or gone, so
        those are left out.
        """
        was, now = ({host.url: host for host in hosts.hosts} for hosts in (before, after))
        return cls(
            added=tuple(now[url] for url in sorted(now.keys() - was.keys())) if before.is_whole else (),
            removed=tuple(was[url] for url in sorted(was.keys() - now.keys())) if after.is_whole else (),
            recategorised=tuple(
                (was[url], now[url])
                for url in sorted(was.keys() & now.keys())
                if set(was[url].categories) != set(now[url].categories)
                or set(was[url].alerts) != set(now[url].alerts)
            ),
        )

    @property
    def nothing(self) -> bool:
        """Whether there are no differences."""
        return not (self.added or self.removed or self.recategorised)


@dataclass(frozen=True, kw_only=True)
class HostsPart:
    """What a scan's card shows of its build's hosts."""

    hosts: ScanHosts | None = None
    """``None`` if they were not read."""
    before: Scan | None = None
    """The previous scan of the same app whose hosts are known."""
    changes: HostChanges | None = None
    """The changes since ``before``; ``None`` without one."""


def hosts_of(card: Card) -> HostsPart:
    """Return what a card shows of its build's hosts."""
    part: HostsPart = card.parts.get(NAME) or HostsPart()
    return part


class HostReader(Protocol):
    """Searches builds for hosts."""

    async def hosts(self, path: Path) -> HostsFound:
        """Return the hosts that a build names.

        Raises:
            BuildRejected: it can't be read within limits.
        """


class UrlLookup(Protocol):
    """The service that categorises URLs."""

    async def look_up(self, urls: Sequence[str]) -> list[UrlCategories]:
        """Return categories in the order of ``urls``: at most ``BATCH``, each within ``URL_LIMIT``.

        Raises:
            TryLater: a temporary error.
            Refused: a permanent error.
        """
