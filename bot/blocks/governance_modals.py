"""The form that shows all that is known of a third-party app: a tab for each kind, page by page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, Final

from bot.blocks import governance, text
from bot.blocks.elements import Block, actions, button, context, section, words
from bot.blocks.modals import kept_in
from bot.blocks.pages import kept_page, last_page, place, pressed_page, turning
from bot.errors import UsageError
from bot.scans.governance import AppPermission, AppRisk, ThirdPartyApp

GOVERNANCE_FORM: Final = "governance_form"
A_PAGE: Final = 20
_TEXT: Final = 500
_NAMED: Final = 5
"""Web addresses that are named."""


class Tab(StrEnum):
    """What is shown; the value is the action ID of its button."""

    PERMISSIONS = "governance_permissions"  # what the app may do
    RISKS = "governance_risks"  # what speaks against it
    ABOUT = "governance_about"  # all else


PREVIOUS: Final = "governance_previous"
NEXT: Final = "governance_next"
TURNS: Final = (*Tab, PREVIOUS, NEXT)
"""The action IDs of the form's buttons."""


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """Which page of what is open."""

    look: int
    channel: str
    """Where the app was asked for: who may use the bot there may leaf through it."""
    tab: Tab = Tab.PERMISSIONS
    page: int = 0


def governance_modal(app: ThirdPartyApp, leaf: Leaf) -> Block:
    """Show a page of what is known of an app; a page that is not there shows the last one."""
    rows = _rows(app, leaf.tab)
    last = last_page(len(rows), A_PAGE)
    leaf = replace(leaf, page=min(leaf.page, last))
    shown = rows[leaf.page * A_PAGE : (leaf.page + 1) * A_PAGE]
    tabs = {
        Tab.PERMISSIONS: f"Permissions ({len(app.permissions) + app.permissions_left_out:,})",
        Tab.RISKS: f"Risks ({len(app.risks) + app.risks_left_out:,})",
        Tab.ABOUT: "About",
    }
    where = place(leaf.page, A_PAGE, len(rows))
    left_out = {Tab.PERMISSIONS: app.permissions_left_out, Tab.RISKS: app.risks_left_out}.get(leaf.tab, 0)
    more = f"{left_out:,} more are not kept here" if left_out else ""
    blocks = [
        section("\n".join(line for line in (governance.title(app), governance.risk_line(app)) if line)),
        actions(*(_tab(label, tab, leaf) for tab, label in tabs.items())),
        *(section(row()) for row in shown),
        *([] if rows else [section("Nothing is known of that.")]),
        context(where, more) if where or more else None,
        turning(PREVIOUS, NEXT, leaf.page, last),
    ]
    return {
        "type": "modal",
        "callback_id": GOVERNANCE_FORM,
        "private_metadata": json.dumps(
            {"look": leaf.look, "channel": leaf.channel, "tab": leaf.tab.value, "page": leaf.page}
        ),
        "title": words("Third-party app"),
        "close": words("Close"),
        "blocks": [block for block in blocks if block is not None],
    }


def read_leaf(view: Mapping[str, Any]) -> Leaf:
    """Read which page is open.

    Raises:
        UsageError: the form is not ours.
    """
    kept = kept_in(view)
    look, channel, tab, page = (kept.get(name) for name in ("look", "channel", "tab", "page"))
    if type(look) is not int or not isinstance(channel, str) or tab not in list(Tab):
        raise UsageError("That form is out of date.", example=governance.EXAMPLE)
    return Leaf(look=look, channel=channel, tab=Tab(tab), page=kept_page(page))


def turned(leaf: Leaf, action_id: str, value: str) -> Leaf:
    """Return what a press of one of ``TURNS`` opens."""
    if action_id in list(Tab):
        return replace(leaf, tab=Tab(action_id), page=0)
    return replace(leaf, page=pressed_page(value))


def _tab(label: str, tab: Tab, leaf: Leaf) -> Block:
    return button(label, tab.value, tab.value, style="primary" if tab is leaf.tab else None)


def _rows(app: ThirdPartyApp, tab: Tab) -> Sequence[partial[str]]:
    """Return what a tab shows, each yet to be put in words."""
    if tab is Tab.PERMISSIONS:
        return [partial(_permission, each) for each in app.permissions]
    if tab is Tab.RISKS:
        return [partial(_risk, each) for each in app.risks]
    return [partial(str, line) for line in _about(app)]


def _permission(found: AppPermission) -> str:
    told = text.escape(found.description, _TEXT) if found.description else ""
    return "\n".join(line for line in (governance.permission(found), told) if line)


def _risk(found: AppRisk) -> str:
    told = text.escape(found.description, _TEXT) if found.description else ""
    evidence = f"Evidence: {text.code(found.evidence, _TEXT)}" if found.evidence else ""
    return "\n".join(line for line in (f"*{governance.risk(found)}*", told, evidence) if line)


def _about(app: ThirdPartyApp) -> list[str]:
    """Say all else that is known, a fact each."""
    facts = (
        ("", text.escape(app.description, _TEXT) if app.description else ""),
        ("Categories", _escaped(app.categories)),
        ("Tags", _escaped(app.tags)),
        ("Compliance", _escaped(app.compliance)),
        ("App ID", _code(app.client_id)),
        ("Website", ", ".join(_code(url) for url in app.website_urls[:_NAMED])),
        ("Privacy policy", _code(app.privacy_url)),
        ("Terms of service", _code(app.terms_url)),
        ("Marketplace", _code(app.marketplace_url)),
        ("Developer", _code(app.developer_email)),
        ("Support", _code(app.support_email)),
    )
    told = [f"*{name}*: {value}" if name else value for name, value in facts if value]
    return [*told, *([market] if (market := governance.market_line(app)) else [])]


def _escaped(found: Sequence[str]) -> str:
    return ", ".join(text.escape(each, 40) for each in found)


def _code(outside: str | None) -> str:
    return text.code(outside, 250) if outside else ""
