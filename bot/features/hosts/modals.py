"""The modal with all hosts of a build."""

from functools import partial
from typing import Final

from bot.core.scan import Scan
from bot.features.hosts.models import HostsState, ScanHosts, UrlCategories
from bot.features.hosts.views import categories, host, spoken
from bot.slack.blocks.elements import Block, section
from bot.slack.blocks.paged_modal import Listing, ModalState, PagedModal, no_rows
from bot.slack.blocks.scan_text import title

HOSTS: Final = PagedModal(
    name="hosts", title="All hosts", page_size=25, search_hint="A host, a category, alert, unknown"
)


def hosts_modal(scan: Scan, hosts: ScanHosts, state: ModalState) -> Block:
    """Show a page of a build's hosts, those with a security alert first."""
    rows = [each for each in hosts.hosts if _matches(state, each)]
    listing = Listing(
        heading=[section(f"{title(scan)}, scan #{scan.number}")],
        rows=sorted(rows, key=lambda each: (not each.is_alert, not each.is_unknown, each.url)),
        row=partial(_row, is_known=hosts.state is HostsState.KNOWN),
        empty=no_rows("host", state),
    )
    return HOSTS.render(state, listing)


def _matches(state: ModalState, of: UrlCategories) -> bool:
    return state.matches(
        *(of.url, *of.categories, *map(spoken, of.categories), *of.alerts, *map(spoken, of.alerts)),
        "security alert" if of.is_alert else None,
        "unknown category" if of.is_unknown else None,
    )


def _row(of: UrlCategories, *, is_known: bool) -> str:
    if not of.categories and not of.alerts and not is_known:
        return f"{host(of.url, 120)} · not looked up yet"
    alert = ":rotating_light: *Security alert* · " if of.is_alert else ""
    return f"{alert}{host(of.url, 120)} · {categories(of)}"
