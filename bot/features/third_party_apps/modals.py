"""The modal with everything that Zscaler knows about a third-party app."""

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import Any, Final

from bot.features.third_party_apps import views
from bot.features.third_party_apps.models import AppPermission, AppRisk, ThirdPartyApp
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, section
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
        heading=[section("\n".join(filter(None, (views.title(app), views.risk_line(app)))))],
        tabs={
            AppTab.PERMISSIONS: f"Permissions ({len(app.permissions) + app.permissions_left_out:,})",
            AppTab.RISKS: f"Risks ({len(app.risks) + app.risks_left_out:,})",
            AppTab.ABOUT: "About",
        },
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
    return "\n".join(filter(None, (views.permission(found), _text(found.description))))


def _risk(found: AppRisk) -> str:
    evidence = f"Evidence: {text.code(found.evidence, _TEXT_LIMIT)}" if found.evidence else ""
    return "\n".join(filter(None, (f"*{views.risk(found)}*", _text(found.description), evidence)))


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
    return list(filter(None, (_text(app.description), *named, views.market_line(app))))


def _text(outside: str | None) -> str:
    return text.escape(outside, _TEXT_LIMIT) if outside else ""


def _escaped(found: Sequence[str]) -> str:
    return ", ".join(text.escape(each, 40) for each in found)


def _code(outside: str | None) -> str:
    return text.code(outside, 250) if outside else ""
