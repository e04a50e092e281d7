"""The form that shows all hosts of a build, page by page, searched by words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.blocks import text
from bot.blocks.elements import Block, actions, button, context, section, words
from bot.blocks.hosts import categories, host, spoken
from bot.blocks.modals import kept_in, scan_number, typed_in
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
_SEARCH_LIMIT: Final = 100
_FURTHEST: Final = 10_000


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
    last = max(0, (len(rows) - 1) // A_PAGE)
    leaf = replace(leaf, page=min(leaf.page, last))
    shown = rows[leaf.page * A_PAGE : (leaf.page + 1) * A_PAGE]
    is_known = hosts.state is HostsState.KNOWN
    blocks = [
        section(f"{title(scan)}, scan #{scan.number}"),
        _search(leaf),
        *(section(_row(each, is_known=is_known)) for each in shown),
        *([] if rows else [section(_nothing(leaf))]),
        context(_place(leaf, len(rows))) if len(rows) > A_PAGE else None,
        actions(
            button("Previous", PREVIOUS, str(leaf.page - 1)) if leaf.page else None,
            button("Next", NEXT, str(leaf.page + 1)) if leaf.page < last else None,
        ),
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
    search = text.plain(typed_in(view, _SEARCH_BLOCK, _SEARCH), _SEARCH_LIMIT)
    return HostsLeaf(
        scan=scan_number(kept),
        channel=channel if isinstance(channel, str) else "",
        page=_page(page) if search == kept.get("search") else 0,
        search=search,
    )


def turned(leaf: HostsLeaf, value: str) -> HostsLeaf:
    """Return what a press of one of ``TURNS`` opens."""
    known = value.isascii() and value.isdigit() and len(value) < 8
    return replace(leaf, page=_page(int(value)) if known else 0)


def _page(number: object) -> int:
    return min(number, _FURTHEST) if type(number) is int and number > 0 else 0


def _search(leaf: HostsLeaf) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": _SEARCH,
        "max_length": _SEARCH_LIMIT,
        "placeholder": words("A host, a category, alert, unknown"),
    }
    if leaf.search:
        element["initial_value"] = leaf.search
    return {
        "type": "input",
        "block_id": _SEARCH_BLOCK,
        "optional": True,
        "label": words("Search"),
        "element": element,
    }


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
    return f"No host matches {text.code(leaf.search, _SEARCH_LIMIT)}. Clear the search to see all."


def _place(leaf: HostsLeaf, total: int) -> str:
    first = leaf.page * A_PAGE + 1
    matching = " that match" if leaf.search else ""
    return f"{first:,} to {min(first + A_PAGE - 1, total):,} of {total:,}{matching}"
