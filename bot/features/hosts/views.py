"""Where a build talks to, in its reply: how many hosts, which kinds, which to look at, and what is new.

Hosts come from builds and categories from Zscaler: hosts are shown in code style, so that Slack makes no
link of one that nobody should open.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeVar

from bot.core.scan import Scan
from bot.features.hosts.models import HostChanges, HostsState, ScanHosts, UrlCategories, hosts_of
from bot.features.submission.card import Card
from bot.slack.blocks import text
from bot.slack.blocks.chart import ranked
from bot.slack.blocks.elements import Block, button, context, section
from bot.slack.blocks.lists import count

ALL_HOSTS: Final = "scan_all_hosts"  # opens hosts_modals.hosts_modal
NAMED: Final = 5
"""How many hosts of each kind are named; the rest is counted."""
_CATEGORIES: Final = 6
_OF_ONE: Final = 3
"""How many categories of one host are named."""

_ACRONYMS: Final = frozenset(
    {"ai", "api", "cdn", "dns", "ftp", "http", "https", "ip", "lgbt", "ml", "p2p", "sms", "ssl", "tls", "tv"}
    | {"url", "vpn", "voip"}
)
"""Words of categories that stay in capitals."""

T = TypeVar("T")


def host_blocks(card: Card, told: Collection[str] = ()) -> list[Block]:
    """Tell where a scan's build talks to; nothing where its hosts are not read.

    ``told`` are problems that the message names already, and that are not said again.
    """
    hosts = hosts_of(card).hosts
    if hosts is None:
        return []
    lines = _lines(hosts, told)
    if not hosts.hosts:
        return [context("\n".join(lines))]
    all_hosts = button("All hosts", ALL_HOSTS, str(card.scan.number))
    return [section("\n".join(lines), accessory=all_hosts), *_changed(card)]


def host(url: str, limit: int = 60) -> str:
    """Show a host or a URL in code style; of a long host the end is shown, as that tells whose it is."""
    end = len(url.split("/", 1)[0])
    return text.code(f"…{url[end - limit + 1 :]}" if end > limit else url, limit)


def spoken(category: str, limit: int = 30) -> str:
    """Say a category in words: "CLOUD_STORAGE" is "Cloud storage", "AI_ML_APPS" is "AI ML apps"."""
    words = category.replace("_", " ").lower().split()
    told = " ".join(word.upper() if word in _ACRONYMS else word for word in words)
    return text.escape(text.capital(told), limit)


def categories(of: UrlCategories) -> str:
    """Say which categories a URL has: "Cloud storage, Internet services"."""
    names = list(dict.fromkeys([*of.alerts, *of.categories]))
    if not names:
        return "unknown category"
    told = [spoken(name) for name in names[:_OF_ONE]]
    return ", ".join([*told, f"{len(names) - _OF_ONE:,} more"] if len(names) > _OF_ONE else told)


def _lines(hosts: ScanHosts, told: Collection[str]) -> list[str]:
    named = count(len(hosts.hosts) + hosts.left_out, "host")
    match hosts.state:
        case HostsState.NONE:
            return [f"No host is named in this build.{_partly(hosts)}"]
        case HostsState.FAILED:
            found = f"*Names {named}.* " if hosts.hosts else ""
            why = ", for the same reason." if _is_told(hosts, told) else f": {_problem(hosts)}"
            return [f"{found}:warning: Zscaler's word on where it talks to is missing{why}"]
        case HostsState.LOOKING if _is_told(hosts, told):
            return [f"*Names {named}.* What they are is asked again by itself, too."]
        case HostsState.LOOKING:
            return [f"*Names {named}.* {_later(hosts) or 'Zscaler is asked what they are.'}"]
        case HostsState.KNOWN:
            return [f"*Talks to {named}*: {_by_category(hosts)}.{_partly(hosts)}", *_to_look_at(hosts.hosts)]


def _is_told(hosts: ScanHosts, told: Collection[str]) -> bool:
    return hosts.problem in told


def _later(hosts: ScanHosts) -> str:
    """Say why the hosts are not known yet, and that nobody has to do anything for it."""
    problem = _problem(hosts)
    return f"{problem} It is asked again by itself." if problem and "by itself" not in problem else problem


def _problem(hosts: ScanHosts) -> str:
    return text.sentence(hosts.problem, 400) if hosts.problem else ""


def _partly(hosts: ScanHosts) -> str:
    left_out = f" {hosts.left_out:,} of them are not kept." if hosts.left_out else ""
    return left_out + (" Not all of the build could be searched." if hosts.cut_short else "")


def _by_category(hosts: ScanHosts) -> str:
    """Count hosts by their first category: each once."""
    known = [each for each in hosts.hosts if not each.is_unknown]
    counts = ranked(Counter(spoken((*each.alerts, *each.categories)[0]) for each in known))
    parts = [f"{number:,} {name}" for name, number in counts[:_CATEGORIES]]
    if rest := sum(number for _, number in counts[_CATEGORIES:]):
        parts.append(f"{rest:,} in other categories")
    if unknown := len(hosts.hosts) - len(known):
        parts.append(f"{unknown:,} of unknown category")
    return ", ".join(parts)


def _to_look_at(hosts: Sequence[UrlCategories]) -> list[str]:
    alerts = [each for each in hosts if each.is_alert]
    unknown = [each for each in hosts if each.is_unknown]
    lines = []
    if alerts:
        lines.append(f":rotating_light: *Security alert*: {_listed(alerts, _with_alerts)}")
    if unknown:
        lines.append(f"Unknown category: {_listed(unknown, lambda each: host(each.url))}")
    return lines


def _with_alerts(alert: UrlCategories) -> str:
    told = ", ".join(spoken(name) for name in alert.alerts[:_OF_ONE])
    return f"{host(alert.url)} ({told})"


def _listed(items: Sequence[T], name: Callable[[T], str]) -> str:
    named = ", ".join(name(item) for item in items[:NAMED])
    return f"{named} and {len(items) - NAMED:,} more" if len(items) > NAMED else named


def _changed(card: Card) -> list[Block]:
    part = hosts_of(card)
    changes, before = part.changes, part.before
    if changes is None or before is None or changes.nothing:
        return []
    return [context(f"{'; '.join(_changes(changes, _since(card.scan, before)))}.")]


def _changes(changes: HostChanges, since: str) -> list[str]:
    parts = []
    if changes.added:
        new = sorted(changes.added, key=lambda each: (not each.is_alert, not each.is_unknown, each.url))
        parts.append(f"*{count(len(new), 'new host')}* {since}: {_listed(new, lambda each: host(each.url))}")
    if changes.recategorised:
        told = _listed(changes.recategorised, _moved)
        where = "" if parts else f" {since}"
        parts.append(f"{count(len(changes.recategorised), 'host')} in another category{where}: {told}")
    if changes.removed:
        gone = _listed(changes.removed, lambda each: host(each.url))
        where = "" if parts else f" {since}"
        parts.append(f"{count(len(changes.removed), 'host')} gone{where}: {gone}")
    return parts


def _moved(pair: tuple[UrlCategories, UrlCategories]) -> str:
    before, after = pair
    return f"{host(after.url, 40)} ({_first(before)} → {_first(after)})"


def _first(of: UrlCategories) -> str:
    names = (*of.alerts, *of.categories)
    return spoken(names[0]) if names else "unknown category"


def _since(scan: Scan, before: Scan) -> str:
    """Say since which build: its version, or its number where that tells them apart no better."""
    if before.version and before.version != scan.version:
        return f"since {text.code(before.version, 40)}"
    return f"since scan #{before.number}"
