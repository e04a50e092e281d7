"""The form that shows all hosts of a build, page by page, searched by words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.blocks import text
from bot.blocks.elements import Block, context, section, words
from bot.blocks.hosts import categories, host, spoken
from bot.blocks.modals import kept_in, scan_number
from bot.blocks.pages import (
    SEARCH_LIMIT,
    kept_page,
    last_page,
    place,
    pressed_page,
    read_search,
    search_field,
    turning,
)
from bot.blocks.phrases import title
from bot.scans.hosts import HostsState, ScanHosts, UrlCategories
from bot.scans.models import Scan

HOSTS_FORM: Final = "hosts_form"
PREVIOUS: Final = "hosts_previous"
NEXT: Final = "hosts_next"
TURNS: Final = (PREVIOUS, NEXT)
"""The action IDs of the form's buttons."""
A_PAGE: Final = 25
_SEARCH_BLOCK: Final = "hosts_search_block"
_SEARCH: Final = "hosts_search"


@dataclass(frozen=True, kw_only=True)
class HostsLeaf:
    """Which page of what is open."""

    scan: int
    channel: str
    """Where it was opened: who may see the scan there may leaf through it."""
    page: int = 0
    search: str = ""


def hosts_modal(scan: Scan, hosts: ScanHosts, leaf: HostsLeaf) -> Block:
    """Show a page of a build's hosts, what calls for attention first; a page past the last shows that."""
    rows = [each for each in sorted(hosts.hosts, key=_order) if _matches(leaf, each)]
    last = last_page(len(rows), A_PAGE)
    leaf = replace(leaf, page=min(leaf.page, last))
    shown = rows[leaf.page * A_PAGE : (leaf.page + 1) * A_PAGE]
    is_known = hosts.state is HostsState.KNOWN
    matching = " that match" if leaf.search else ""
    blocks = [
        section(f"{title(scan)}, scan #{scan.number}"),
        search_field(_SEARCH_BLOCK, _SEARCH, "A host, a category, alert, unknown", leaf.search),
        *(section(_row(each, is_known=is_known)) for each in shown),
        *([] if rows else [section(_nothing(leaf))]),
        context(f"{place(leaf.page, A_PAGE, len(rows))}{matching}") if last else None,
        turning(PREVIOUS, NEXT, leaf.page, last),
    ]
    kept = {"scan": leaf.scan, "channel": leaf.channel, "page": leaf.page, "search": leaf.search}
    return {
        "type": "modal",
        "callback_id": HOSTS_FORM,
        "private_metadata": json.dumps(kept),
        "title": words("All hosts"),
        "submit": words("Search"),
        "close": words("Close"),
        "blocks": [block for block in blocks if block is not None],
    }


def read_hosts(view: Mapping[str, Any]) -> HostsLeaf:
    """Read which page is open, with what is typed into the search by now; another search begins at page 0.

    Raises:
        UsageError: the form is not ours.
    """
    kept = kept_in(view)
    page, channel = kept.get("page"), kept.get("channel")
    search = read_search(view, _SEARCH_BLOCK, _SEARCH)
    return HostsLeaf(
        scan=scan_number(kept),
        channel=channel if isinstance(channel, str) else "",
        page=kept_page(page) if search == kept.get("search") else 0,
        search=search,
    )


def turned(leaf: HostsLeaf, value: str) -> HostsLeaf:
    """Return what a press of one of ``TURNS`` opens."""
    return replace(leaf, page=pressed_page(value))


def _order(of: UrlCategories) -> tuple[bool, bool, str]:
    return not of.is_alert, not of.is_unknown, of.url


def _matches(leaf: HostsLeaf, of: UrlCategories) -> bool:
    said = "\n".join(
        [
            *(of.url, *of.categories, *map(spoken, of.categories), *of.alerts, *map(spoken, of.alerts)),
            "security alert" if of.is_alert else "",
            "unknown category" if of.is_unknown else "",
        ]
    ).casefold()
    return all(word in said for word in leaf.search.casefold().split())


def _row(of: UrlCategories, *, is_known: bool) -> str:
    if not of.categories and not of.alerts and not is_known:
        return f"{host(of.url, 120)} · not looked up yet"
    alert = ":rotating_light: *Security alert* · " if of.is_alert else ""
    return f"{alert}{host(of.url, 120)} · {categories(of)}"


def _nothing(leaf: HostsLeaf) -> str:
    if not leaf.search:
        return "No host was found."
    return f"No host matches {text.code(leaf.search, SEARCH_LIMIT)}. Clear the search to see all."
