"""A build's hosts in its reply (how many, of which categories, security alerts, changes), and all of them.

Hosts come from builds and categories from Zscaler. Hosts are shown in code style, so that Slack makes no
links of them.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

from bot.core.scan import Scan
from bot.features.hosts.models import HostChanges, HostsState, ScanHosts, UrlCategories, hosts_of
from bot.features.submission.card import Card
from bot.slack.blocks import text
from bot.slack.blocks.chart import ranked
from bot.slack.blocks.elements import Block, button, context, section
from bot.slack.blocks.lists import count, listed
from bot.slack.blocks.paged_modal import Listing, ModalState, PagedModal, no_rows
from bot.slack.blocks.scan_text import title

ALL_HOSTS: Final = "scan_all_hosts"  # opens hosts_modal
HOSTS: Final = PagedModal(
    name="hosts", title="All hosts", page_size=25, search_hint="A host, a category, alert, unknown"
)
NAMED: Final = 5
"""How many hosts of each kind are named; the others are counted."""
_CATEGORIES: Final = 6
_OF_ONE: Final = 3
"""How many categories of one host are named."""
_UNKNOWN: Final = "unknown category"
_ALERT: Final = ":rotating_light: *Security alert*"

_ACRONYMS: Final = frozenset(
    {"ai", "api", "cdn", "dns", "ftp", "http", "https", "ip", "lgbt", "ml", "p2p", "sms", "ssl", "tls", "tv"}
    | {"url", "vpn", "voip"}
)


def host_blocks(card: Card, shown: Collection[str] = ()) -> list[Block]:
    """Show the hosts of a scan's build, if they were read; problems already ``shown`` are not repeated."""
    hosts = hosts_of(card).hosts
    if hosts is None:
        return []
    lines = "\n".join(_lines(hosts, is_shown=hosts.problem in shown))
    if not hosts.hosts:
        return [context(lines)]
    return [section(lines, accessory=button("All hosts", ALL_HOSTS, str(card.scan.number))), *_changed(card)]


def host(url: str, limit: int = 60) -> str:
    """Show a host or URL in code style; a long host is cut at its start, as its end says whose it is."""
    end = len(url.split("/", 1)[0])
    return text.code(f"…{url[end - limit + 1 :]}" if end > limit else url, limit)


def spoken(category: str, limit: int = 30) -> str:
    """Show a category in words: "CLOUD_STORAGE" is "Cloud storage", "AI_ML_APPS" is "AI ML apps"."""
    words = category.replace("_", " ").lower().split()
    shown = " ".join(word.upper() if word in _ACRONYMS else word for word in words)
    return text.escape(text.capital(shown), limit)


def labelled(of: UrlCategories, limit: int) -> str:
    """Show a URL with its categories: "`a.example` · Cloud storage, Internet services"."""
    names = [spoken(name) for name in of.names[:_OF_ONE]] or [_UNKNOWN]
    if len(of.names) > _OF_ONE:
        names.append(f"{len(of.names) - _OF_ONE:,} more")
    return f"{f'{_ALERT} · ' if of.is_alert else ''}{host(of.url, limit)} · {', '.join(names)}"


def hosts_modal(scan: Scan, hosts: ScanHosts, state: ModalState) -> Block:
    """Show a page of a build's hosts, those with a security alert first."""
    rows = [each for each in hosts.hosts if _matches(state, each)]
    listing = Listing(
        heading=[section(f"{title(scan)}, scan #{scan.number}")],
        rows=sorted(rows, key=lambda each: (each.urgency, each.url)),
        row=partial(_row, is_known=hosts.state is HostsState.KNOWN),
        empty=no_rows("host", state),
    )
    return HOSTS.render(state, listing)


def _matches(state: ModalState, of: UrlCategories) -> bool:
    kind = "security alert" if of.is_alert else _UNKNOWN if of.is_unknown else None
    return state.matches(of.url, *of.names, *map(spoken, of.names), kind)


def _row(of: UrlCategories, *, is_known: bool) -> str:
    if of.names or is_known:
        return labelled(of, 120)
    return f"{host(of.url, 120)} · not looked up yet"


def _lines(hosts: ScanHosts, *, is_shown: bool) -> list[str]:
    named = count(len(hosts.hosts) + hosts.left_out, "host")
    problem = text.sentence(hosts.problem, 400) if hosts.problem else ""
    match hosts.state:
        case HostsState.NONE:
            return [f"No host is named in this build.{_incomplete(hosts)}"]
        case HostsState.FAILED:
            found = f"*Names {named}.* " if hosts.hosts else ""
            why = ", for the same reason." if is_shown else f": {problem}"
            return [f"{found}:warning: Zscaler's categories of its hosts are missing{why}"]
        case HostsState.LOOKING if is_shown:
            return [f"*Names {named}.* They are looked up again automatically, too."]
        case HostsState.LOOKING:
            again = "" if "automatically" in problem else " They are looked up again automatically."
            return [f"*Names {named}.* {problem + again if problem else 'Zscaler is looking them up.'}"]
        case HostsState.KNOWN:
            summary = f"*Talks to {named}*: {_by_category(hosts)}.{_incomplete(hosts)}"
            return [summary, *_noteworthy(hosts.hosts)]


def _incomplete(hosts: ScanHosts) -> str:
    left_out = f" {hosts.left_out:,} of them are not kept." if hosts.left_out else ""
    return left_out + (" Not all of the build could be searched." if hosts.cut_short else "")


def _by_category(hosts: ScanHosts) -> str:
    """Count hosts by their first category."""
    known = [each for each in hosts.hosts if not each.is_unknown]
    counts = ranked(Counter(_first(each) for each in known))
    parts = [f"{number:,} {name}" for name, number in counts[:_CATEGORIES]]
    if rest := sum(number for _, number in counts[_CATEGORIES:]):
        parts.append(f"{rest:,} in other categories")
    if unknown := len(hosts.hosts) - len(known):
        parts.append(f"{unknown:,} of {_UNKNOWN}")
    return ", ".join(parts)


def _noteworthy(hosts: Sequence[UrlCategories]) -> list[str]:
    alerts = listed([each for each in hosts if each.is_alert], _with_alerts, NAMED)
    unknown = _hosts([each for each in hosts if each.is_unknown])
    lines = {_ALERT: alerts, "Unknown category": unknown}
    return [f"{what}: {named}" for what, named in lines.items() if named]


def _with_alerts(of: UrlCategories) -> str:
    return f"{host(of.url)} ({', '.join(spoken(name) for name in of.alerts[:_OF_ONE])})"


def _hosts(hosts: Sequence[UrlCategories]) -> str:
    return listed(hosts, lambda each: host(each.url), NAMED)


def _changed(card: Card) -> list[Block]:
    part = hosts_of(card)
    if part.changes is None or part.before is None or part.changes.nothing:
        return []
    return [context(f"{'; '.join(_changes(part.changes, _since(card.scan, part.before)))}.")]


def _changes(changes: HostChanges, since: str) -> list[str]:
    added = sorted(changes.added, key=lambda each: (each.urgency, each.url))
    moved, removed = changes.recategorised, changes.removed
    parts = [
        (f"*{count(len(added), 'new host')}*", _hosts(added)),
        (f"{count(len(moved), 'host')} in another category", listed(moved, _moved, NAMED)),
        (f"{count(len(removed), 'host')} gone", _hosts(removed)),
    ]
    (what, names), *others = [part for part in parts if part[1]]
    return [f"{what} {since}: {names}", *(f"{what}: {names}" for what, names in others)]


def _moved(pair: tuple[UrlCategories, UrlCategories]) -> str:
    before, after = pair
    return f"{host(after.url, 40)} ({_first(before)} → {_first(after)})"


def _first(of: UrlCategories) -> str:
    return spoken(of.names[0]) if of.names else _UNKNOWN


def _since(scan: Scan, before: Scan) -> str:
    """Name the previous build by its version, or by its number if the version is the same."""
    if before.version and before.version != scan.version:
        return f"since {text.code(before.version, 40)}"
    return f"since scan #{before.number}"
