"""The modal with everything that Zscaler knows about a third-party app."""

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import Any, Final

from bot.features.third_party_apps import views
from bot.features.third_party_apps.models import AppPermission, AppRisk, ThirdPartyApp
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block
from bot.slack.blocks.paged_modal import Listing, ModalState, PagedModal

_TEXT_LIMIT: Final = 500
_URLS_SHOWN: Final = 5


class AppTab(StrEnum):
    """The value is the action ID of the tab's button."""

    PERMISSIONS = "governance_permissions"
    RISKS = "governance_risks"
    ABOUT = "governance_about"  # everything else


APP: Final = PagedModal(
    name="governance", title="Third-party app", page_size=20, tabs=tuple(AppTab), record_key="look"
)


def governance_modal(app: ThirdPartyApp, state: ModalState) -> Block:
    """Show a page of what is known about an app."""
    listing = partial(
        Listing[Any],
        heading=[views.heading(app)],
        tabs={
            AppTab.PERMISSIONS: f"Permissions ({len(app.permissions) + app.permissions_left_out:,})",
            AppTab.RISKS: f"Risks ({len(app.risks) + app.risks_left_out:,})",
            AppTab.ABOUT: "About",
        },
        empty="Nothing is known about this.",
    )
    match AppTab(state.tab):
        case AppTab.PERMISSIONS:
            shown = listing(rows=app.permissions, row=_permission, note=_left_out(app.permissions_left_out))
        case AppTab.RISKS:
            shown = listing(rows=app.risks, row=_risk, note=_left_out(app.risks_left_out))
        case AppTab.ABOUT:
            shown = listing(rows=_about(app), row=str)
    return APP.render(state, shown)


def _left_out(count: int) -> str:
    return f"{count:,} more are not stored" if count else ""


def _permission(found: AppPermission) -> str:
    return views.lines(views.permission(found), views.escaped(found.description, _TEXT_LIMIT))


def _risk(found: AppRisk) -> str:
    evidence = f"Evidence: {text.code(found.evidence, _TEXT_LIMIT)}" if found.evidence else None
    return views.lines(f"*{views.risk(found)}*", views.escaped(found.description, _TEXT_LIMIT), evidence)


def _about(app: ThirdPartyApp) -> list[str]:
    """Return everything else that is known, one fact each."""
    facts = {
        "Categories": _escaped(app.categories),
        "Tags": _escaped(app.tags),
        "Compliance": _escaped(app.compliance),
        "App ID": _code(app.client_id),
        "Website": ", ".join(_code(url) for url in app.website_urls[:_URLS_SHOWN]),
        "Privacy policy": _code(app.privacy_url),
        "Terms of service": _code(app.terms_url),
        "Marketplace": _code(app.marketplace_url),
        "Developer": _code(app.developer_email),
        "Support": _code(app.support_email),
    }
    named = (f"*{name}*: {value}" for name, value in facts.items() if value)
    description = views.escaped(app.description, _TEXT_LIMIT)
    return list(filter(None, (description, *named, views.market_line(app))))


def _escaped(found: Sequence[str]) -> str:
    return ", ".join(text.escape(each, 40) for each in found)


def _code(outside: str | None) -> str:
    return text.code(outside, 250) if outside else ""
