"""The messages and the modal about a third-party app."""

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import Any, Final

from bot.errors import UsageError
from bot.features.third_party_apps.app_ref import EXAMPLE
from bot.features.third_party_apps.models import (
    AppAnswer,
    AppLookup,
    AppLookupState,
    AppPermission,
    AppQuestion,
    AppRef,
    AppRisk,
    Level,
    ThirdPartyApp,
)
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, actions, button, context, section
from bot.slack.blocks.lists import count, listed
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.paged_modal import Listing, ModalState, PagedModal

ALL_OF_APP: Final = "governance_all"
"""The button's action ID; ``read_button_value`` reads its value."""
SHOWN: Final = 5
"""Maximum number of permissions, and of risks, in a message."""

_TEXT_LIMIT: Final = 500
_URLS_SHOWN: Final = 5
_VALUE: Final = re.compile(r"([0-9]{1,15}) ([A-Z0-9]{1,40})")
_LEVELS: Final = {Level.OTHER: "of no known level"}
_VERIFIED: Final = {True: "verified by its platform", False: "*not* verified by its platform", None: ""}


class AppTab(StrEnum):
    """The value is the action ID of the tab's button."""

    PERMISSIONS = "governance_permissions"
    RISKS = "governance_risks"
    ABOUT = "governance_about"  # everything else


APP: Final = PagedModal(
    name="governance", title="Third-party app", page_size=20, tabs=tuple(AppTab), record_key="look"
)


def answer(given: AppAnswer, channel: str) -> Message:
    """Show what is known about an app, or that it is analysed, to the person who asked in ``channel``."""
    lookup = given.lookup
    left = f"{given.remaining:,} of today's questions left" if given.remaining is not None else None
    if lookup.app is not None:
        return compose([*_app(lookup, lookup.app, channel), _footer(lookup, cached=given.cached, left=left)])
    return compose(
        [
            section(
                f":information_source: Zscaler does not know {_ref(lookup.ref)} yet, and has taken it for "
                "analysis. I ask again in a day, and send you a direct message when it is known."
            ),
            context(f"Asked again {text.when(lookup.due_at)}", left),
        ]
    )


def later(question: AppQuestion) -> Message:
    """Tell a person how the analysis of the app that they asked about has ended."""
    lookup = question.lookup
    asked = f"{_ref(lookup.ref)}, which you asked about"  # not since when: others may have asked before
    if lookup.app is not None:
        blocks = _app(lookup, lookup.app, question.channel)
        return compose([section(f"Zscaler has analysed {asked}."), *blocks, _footer(lookup)])
    if lookup.state is AppLookupState.UNKNOWN:
        end = (
            "Now it says that it knows no such app. Check the app ID or the link; if you have both, try the "
            "other one."
        )
    else:
        end = "There is no answer yet, so I have stopped asking. To start again, use `/appscan governance`."
    return compose([section(f":information_source: Zscaler was analysing {asked}. {end}")])


def governance_modal(app: ThirdPartyApp, state: ModalState) -> Block:
    """Show a page of what is known about an app."""
    listing = partial(
        Listing[Any],
        heading=[_heading(app)],
        tabs={
            AppTab.PERMISSIONS: f"Permissions ({len(app.permissions) + app.permissions_left_out:,})",
            AppTab.RISKS: f"Risks ({len(app.risks) + app.risks_left_out:,})",
            AppTab.ABOUT: "About",
        },
        empty="Nothing is known about this.",
    )
    match AppTab(state.tab):
        case AppTab.PERMISSIONS:
            shown = listing(
                rows=app.permissions, row=_permission_row, note=_left_out(app.permissions_left_out)
            )
        case AppTab.RISKS:
            shown = listing(rows=app.risks, row=_risk_row, note=_left_out(app.risks_left_out))
        case AppTab.ABOUT:
            shown = listing(rows=_about(app), row=str)
    return APP.render(state, shown)


def read_button_value(value: str) -> tuple[int, str]:
    """Return the number of the lookup that a button shows, and the channel of the question.

    Raises:
        UsageError: it is invalid.
    """
    read = _VALUE.fullmatch(value)
    if read is None:
        raise UsageError("That button is out of date.", example=EXAMPLE)
    return int(read[1]), read[2]


def _ref(asked: AppRef) -> str:
    return text.code(asked.value, 300)


def _heading(app: ThirdPartyApp) -> Block:
    publisher = f" by {text.escape(app.publisher, 80)}" if app.publisher else ""
    mark = ":warning: " if app.risk in {Level.CRITICAL, Level.HIGH} else ""
    name = text.escape(app.name or app.client_id or "", 100)
    risk_line = _dotted(
        f"{mark}*{text.capital(app.risk)} risk*" if app.risk is not None else "",
        # The maximum of the score is not published.
        f"risk score {app.risk_score:,.1f}" if app.risk_score is not None else "",
        f"permission level {app.permission_level:,.1f}" if app.permission_level is not None else "",
        _VERIFIED[app.platform_verified],
    )
    return section(_lines(_dotted(f"*{name}*{publisher}", _escaped(app.platform, 60)), risk_line))


def _market_line(app: ThirdPartyApp) -> str:
    numbers = (
        f"{app.stars:,.1f}".removesuffix(".0") + " stars" if app.stars is not None else "",
        count(app.downloads, "download") if app.downloads is not None else "",
        count(app.reviews, "review") if app.reviews is not None else "",
    )
    known = ", ".join(filter(None, numbers))
    return f"*In its marketplace*: {known}" if known else ""


def _permission(found: AppPermission) -> str:
    service, access_type = _escaped(found.service, 60), _escaped(found.access_type, 60)
    return _dotted(text.code(found.scope, 120), service, access_type, found.level)


def _risk(found: AppRisk) -> str:
    return _dotted(text.escape(found.name, 100), _escaped(found.category, 60), found.severity)


def _escaped(outside: str | None, limit: int) -> str:
    return text.escape(outside, limit) if outside else ""


def _lines(*parts: str | None) -> str:
    return "\n".join(filter(None, parts))


def _app(lookup: AppLookup, app: ThirdPartyApp, channel: str) -> list[Block | None]:
    permissions = _counted("permission", [each.level for each in app.permissions], app.permissions_left_out)
    risks = _counted("risk", [each.severity for each in app.risks], app.risks_left_out)
    compliance = listed(app.compliance, lambda each: text.escape(each, 40))
    more = _lines(f"*Compliance*: {compliance}" if compliance else None, _market_line(app))
    return [
        _heading(app),
        section(_lines(permissions, *map(_permission, app.permissions[:SHOWN]))),
        section(_lines(risks, *map(_risk, app.risks[:SHOWN]))),
        section(more) if more else None,
        actions(button("All that is known", ALL_OF_APP, f"{lookup.number} {channel}")),
    ]


def _footer(lookup: AppLookup, *, cached: bool = False, left: str | None = None) -> Block:
    answered = text.when(lookup.answered_at or lookup.began_at)
    since = f"known since {answered}, asked again after a day" if cached else f"asked {answered}"
    return context(f"From Zscaler, for {_ref(lookup.ref)}", since, left)


def _counted(what: str, levels: Sequence[Level | None], left_out: int) -> str:
    """Count all, then those of each level: "*3 risks*: 1 high, 2 low"."""
    of_level = Counter(level or Level.OTHER for level in levels)
    counts = [f"{of_level[each]:,} {_LEVELS.get(each, each)}" for each in Level if of_level[each]]
    more = [f"{left_out:,} more"] if left_out and counts else []
    return f"*{count(len(levels) + left_out, what)}*" + (f": {', '.join(counts + more)}" if counts else "")


def _dotted(*parts: str | None) -> str:
    return " · ".join(filter(None, parts))


def _left_out(count: int) -> str:
    return f"{count:,} more are not stored" if count else ""


def _permission_row(found: AppPermission) -> str:
    return _lines(_permission(found), _escaped(found.description, _TEXT_LIMIT))


def _risk_row(found: AppRisk) -> str:
    evidence = f"Evidence: {text.code(found.evidence, _TEXT_LIMIT)}" if found.evidence else None
    return _lines(f"*{_risk(found)}*", _escaped(found.description, _TEXT_LIMIT), evidence)


def _about(app: ThirdPartyApp) -> list[str]:
    """Return everything else that is known, one fact each."""
    facts = {
        "Categories": _joined(app.categories),
        "Tags": _joined(app.tags),
        "Compliance": _joined(app.compliance),
        "App ID": _code(app.client_id),
        "Website": ", ".join(_code(url) for url in app.website_urls[:_URLS_SHOWN]),
        "Privacy policy": _code(app.privacy_url),
        "Terms of service": _code(app.terms_url),
        "Marketplace": _code(app.marketplace_url),
        "Developer": _code(app.developer_email),
        "Support": _code(app.support_email),
    }
    named = (f"*{name}*: {value}" for name, value in facts.items() if value)
    description = _escaped(app.description, _TEXT_LIMIT)
    return list(filter(None, (description, *named, _market_line(app))))


def _joined(found: Sequence[str]) -> str:
    return ", ".join(text.escape(each, 40) for each in found)


def _code(outside: str | None) -> str:
    return text.code(outside, 250) if outside else ""
