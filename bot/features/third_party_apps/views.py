"""What is known of a third-party app, in short; and what became of one that was analysed."""

import re
from collections.abc import Sequence
from typing import Final

from bot.errors import UsageError
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
    by_level,
)
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, actions, button, context, section
from bot.slack.blocks.lists import count, listed
from bot.slack.blocks.message import Message, compose

ALL_OF_APP: Final = "governance_all"
"""The button's action; its value is what ``button_value`` makes."""
SHOWN: Final = 5
"""Permissions, and risks, that a message shows."""
EXAMPLE: Final = "/appscan governance 22c49a0d-d21c-4792-aed1-8f163c982546"

_VALUE: Final = re.compile(r"([0-9]{1,15}) ([A-Z0-9]{1,40})")


def answer(told: AppAnswer, channel: str) -> Message:
    """Answer whoever asks in ``channel``: what is known, or that it is analysed."""
    look = told.look
    left = f"{told.remaining:,} of today's questions left" if told.remaining is not None else None
    if look.app is None:
        return compose(
            [
                section(
                    f":information_source: Zscaler does not know {ref(look.ref)} yet, and has taken it for "
                    "analysis. I ask again in a day, and send you a direct message when it is known."
                ),
                context(f"Asked again {text.when(look.due_at)}", left),
            ]
        )
    return compose([*_app(look, look.app, channel), _foot(look, cached=told.cached, left=left)])


def later(ask: AppQuestion) -> Message:
    """Tell somebody how the analysis of the app that they asked for has ended."""
    look = ask.look
    asked = f"{ref(look.ref)}, which you asked about"  # not since when: others may have asked before
    if look.app is not None:
        return compose(
            [
                section(f"Zscaler has analysed {asked}."),
                *_app(look, look.app, ask.channel),
                _foot(look),
            ]
        )
    if look.state is AppLookupState.UNKNOWN:
        told = (
            f"Zscaler was analysing {asked}. Now it says that it knows no such app. Look whether the app ID "
            "or the link is right; where you have both, try the other one."
        )
    else:
        told = (
            f"Zscaler was analysing {asked}, and has not told anything of it since. I ask no more by myself: "
            "`/appscan governance` asks anew."
        )
    return compose([section(f":information_source: {told}")])


def ref(named: AppRef) -> str:
    """Show what an app was asked for by."""
    return text.code(named.value, 300)


def title(app: ThirdPartyApp) -> str:
    """Name an app, its publisher and its platform."""
    publisher = f" by {text.escape(app.publisher, 80)}" if app.publisher else ""
    platform = f" · {text.escape(app.platform, 60)}" if app.platform else ""
    return f"*{text.escape(app.name or app.client_id or '', 100)}*{publisher}{platform}"


def risk_line(app: ThirdPartyApp) -> str:
    """Say how risky an app is; empty where nothing of that is known."""
    bad = app.risk in {Level.CRITICAL, Level.HIGH}
    parts = [
        f"{':warning: ' if bad else ''}*{text.capital(app.risk)} risk*" if app.risk is not None else "",
        f"risk score {app.risk_score:,.1f}" if app.risk_score is not None else "",  # of how many: unpublished
        f"permission level {app.permission_level:,.1f}" if app.permission_level is not None else "",
        {True: "verified by its platform", False: "*not* verified by its platform", None: ""}[
            app.platform_verified
        ],
    ]
    return " · ".join(part for part in parts if part)


def market_line(app: ThirdPartyApp) -> str:
    """Say what its marketplace counts; empty where nothing of that is known."""
    parts = [
        f"{_number(app.stars)} stars" if app.stars is not None else "",
        count(app.downloads, "download") if app.downloads is not None else "",
        count(app.reviews, "review") if app.reviews is not None else "",
    ]
    told = ", ".join(part for part in parts if part)
    return f"*In its marketplace*: {told}" if told else ""


def permissions_line(app: ThirdPartyApp) -> str:
    """Say how many permissions there are, by level."""
    counts = by_level(each.level for each in app.permissions)
    return _counted(len(app.permissions), app.permissions_left_out, "permission", counts)


def risks_line(app: ThirdPartyApp) -> str:
    """Say how many risks there are, by severity."""
    counts = by_level(each.severity for each in app.risks)
    return _counted(len(app.risks), app.risks_left_out, "risk", counts)


def permission(found: AppPermission) -> str:
    """Name a permission, with its service, what it gives access to, and its level."""
    about = [
        text.code(found.scope, 120),
        text.escape(found.service, 60) if found.service else "",
        text.escape(found.access_type, 60) if found.access_type else "",
        found.level.value if found.level else "",
    ]
    return " · ".join(part for part in about if part)


def risk(found: AppRisk) -> str:
    """Name a risk, with its category and severity."""
    about = [
        text.escape(found.name, 100),
        text.escape(found.category, 60) if found.category else "",
        found.severity.value if found.severity else "",
    ]
    return " · ".join(part for part in about if part)


def read_button_value(value: str) -> tuple[int, str]:
    """Read which look a button shows all of, and where it was asked.

    Raises:
        UsageError: the button is not ours.
    """
    read = _VALUE.fullmatch(value)
    if read is None:
        raise UsageError("That button is out of date.", example=EXAMPLE)
    return int(read[1]), read[2]


def _app(look: AppLookup, app: ThirdPartyApp, channel: str) -> list[Block | None]:
    compliance = listed(app.compliance, lambda each: text.escape(each, 40))
    return [
        _lines(title(app), risk_line(app)),
        _lines(permissions_line(app), *(permission(each) for each in app.permissions[:SHOWN])),
        _lines(risks_line(app), *(risk(each) for each in app.risks[:SHOWN])),
        _lines(f"*Compliance*: {compliance}" if compliance else "", market_line(app)),
        actions(button("All that is known", ALL_OF_APP, f"{look.number} {channel}")),
    ]


def _foot(look: AppLookup, *, cached: bool = False, left: str | None = None) -> Block:
    told = text.when(look.answered_at or look.began_at)
    since = f"known since {told}, asked anew after a day" if cached else f"asked {told}"
    return context(f"From Zscaler, for {ref(look.ref)}", since, left)


def _counted(shown: int, left_out: int, what: str, counts: Sequence[tuple[Level, int]]) -> str:
    levels = ", ".join(f"{number:,} {_level(level)}" for level, number in counts)
    more = f", {left_out:,} more" if left_out else ""
    return f"*{count(shown + left_out, what)}*" + (f": {levels}{more}" if levels else "")


def _number(number: float) -> str:
    return f"{number:,.1f}".removesuffix(".0")


def _level(level: Level) -> str:
    return "of no known level" if level is Level.OTHER else level.value


def _lines(*lines: str) -> Block | None:
    said = "\n".join(line for line in lines if line)
    return section(said) if said else None
