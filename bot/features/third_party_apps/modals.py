"""The modal with all that Zscaler knows about a third-party app: permissions, risks and the rest."""

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import Any, Final

from bot.features.third_party_apps import views
from bot.features.third_party_apps.models import AppPermission, AppRisk, ThirdPartyApp
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, section
from bot.slack.blocks.paged_modal import Listing, ModalState, PagedModal

_TEXT: Final = 500
_NAMED: Final = 5
"""Limit on the web addresses that are listed."""


class AppTab(StrEnum):
    """The value is the action ID of the tab's button."""

    PERMISSIONS = "governance_permissions"  # what the app may do
    RISKS = "governance_risks"  # why it may be a risk
    ABOUT = "governance_about"  # everything else


APP: Final = PagedModal(
    name="governance", title="Third-party app", page_size=20, tabs=tuple(AppTab), record_key="look"
)


def governance_modal(app: ThirdPartyApp, state: ModalState) -> Block:
    """Show a page of what is known about an app."""
    tabs: dict[str, str] = {
        AppTab.PERMISSIONS: f"Permissions ({len(app.permissions) + app.permissions_left_out:,})",
        AppTab.RISKS: f"Risks ({len(app.risks) + app.risks_left_out:,})",
        AppTab.ABOUT: "About",
    }
    lines = (views.title(app), views.risk_line(app))
    listing = partial(
        Listing[Any],
        heading=[section("\n".join(line for line in lines if line))],
        tabs=tabs,
        empty="Nothing is known about this.",
    )
    match AppTab(state.tab):
        case AppTab.PERMISSIONS:
            note = _left_out(app.permissions_left_out)
            return APP.render(state, listing(rows=app.permissions, row=_permission, note=note))
        case AppTab.RISKS:
            note = _left_out(app.risks_left_out)
            return APP.render(state, listing(rows=app.risks, row=_risk, note=note))
        case AppTab.ABOUT:
            return APP.render(state, listing(rows=_about(app), row=str))


def _left_out(count: int) -> str:
    return f"{count:,} more are not stored" if count else ""


def _permission(found: AppPermission) -> str:
    told = text.escape(found.description, _TEXT) if found.description else ""
    return "\n".join(line for line in (views.permission(found), told) if line)


def _risk(found: AppRisk) -> str:
    told = text.escape(found.description, _TEXT) if found.description else ""
    evidence = f"Evidence: {text.code(found.evidence, _TEXT)}" if found.evidence else ""
    return "\n".join(line for line in (f"*{views.risk(found)}*", told, evidence) if line)


def _about(app: ThirdPartyApp) -> list[str]:
    """Return everything else that is known, one fact each."""
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
    return [*told, *([market] if (market := views.market_line(app)) else [])]


def _escaped(found: Sequence[str]) -> str:
    return ", ".join(text.escape(each, 40) for each in found)


def _code(outside: str | None) -> str:
    return text.code(outside, 250) if outside else ""
