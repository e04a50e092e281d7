"""What administrators read about Zscaler, and the question before changes are activated."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from bot.features.verdicts.models import Quota
from bot.features.zscaler_admin.models import (
    ActivationStatus,
    CallsLeft,
    CloudOverview,
    Overview,
    Unavailable,
)
from bot.slack.blocks import text
from bot.slack.blocks.elements import actions, button, confirm, context, section
from bot.slack.blocks.lists import count
from bot.slack.blocks.message import Message, compose

ACTIVATE: Final = "zscaler_activate"
SUBMISSIONS_PER_DAY: Final = 100
"""Files that the Sandbox accepts in a day (https://help.zscaler.com/zia/sandbox-submission-api)."""

EFFECT: Final = "This activates all saved changes of all admins, and can't be undone."
_STATES: Final = {
    ActivationStatus.ACTIVE: "all saved changes are active",
    ActivationStatus.PENDING: "saved changes wait to be activated: `/appscan zscaler activate`",
    ActivationStatus.IN_PROGRESS: "saved changes are being activated",
    ActivationStatus.OTHER: "Zscaler reports a status that the bot does not know",
}
_AFTER: Final = {
    ActivationStatus.ACTIVE: "All saved changes are active now.",
    ActivationStatus.PENDING: "Zscaler accepted it and still says that changes wait: it may need a moment.",
    ActivationStatus.IN_PROGRESS: "Zscaler is activating all saved changes.",
    ActivationStatus.OTHER: "Zscaler accepted it, and reports a status that the bot does not know.",
}
_QUOTA_WINDOWS: Final = {
    "SECONDS": " a second",
    "MINUTES": " a minute",
    "HOURS": " an hour",
    "DAYS": " a day",
}
_NOT_SET_UP: Final = "not set up"
_ENDPOINTS: Final = {
    "url_lookup": "URL look-ups",
    "report": "Reports",
    "report_quota": "Quota of reports",
    "status": "Status",
    "activate": "Activating",
}


def overview(found: Overview) -> Message:
    """Show the state of Zscaler's APIs."""
    limits = _calls_left(found.cloud.calls_left) if found.cloud else ""
    return compose(
        [
            section(f"*Zscaler's cloud service API*\n{_cloud(found.cloud)}"),
            section(f"*Calls left, by Zscaler's limits*\n{limits}") if limits else None,
            section(f"*Sandbox Submission API*\n{_sent(found.sandbox)}"),
            section(f"*3rd-Party App Governance API*\n{_governance(found.governance)}"),
        ]
    )


def before_activating(status: ActivationStatus | Unavailable) -> Message:
    """Ask whether to activate saved changes; without a button if none wait, or if it is not possible now."""
    if isinstance(status, Unavailable) and status.blocks_activation:
        seen_at = status.maintenance_at
        problem = section(f":no_entry: Nothing can be activated now. {text.sentence(status.problem)}")
        return compose([problem, context(f"Maintenance seen {text.when(seen_at)}") if seen_at else None])
    if status is ActivationStatus.ACTIVE:
        nothing = "Nothing waits in Zscaler: all saved changes are active already."
        return compose([section(f":white_check_mark: {nothing}")])
    if isinstance(status, Unavailable):
        line = f"It is not known whether saved changes wait in Zscaler. {text.sentence(status.problem)}"
    elif status is ActivationStatus.PENDING:
        line = "Saved changes wait in Zscaler to be activated."
    else:
        line = f"In Zscaler, {_STATES[status]}."
    question = confirm("Activate in Zscaler?", EFFECT, yes="Activate", no="Not now")
    return compose(
        [
            section(f":warning: {line}\n{EFFECT}"),
            actions(button("Activate", ACTIVATE, "all", style="danger", confirm=question)),
            context("The bot's log notes who activates."),
        ]
    )


def activated(status: ActivationStatus) -> Message:
    """Show the status after activating."""
    mark = ":white_check_mark:" if status is ActivationStatus.ACTIVE else ":information_source:"
    return compose([section(f"{mark} {_AFTER[status]}"), context("`/appscan zscaler` shows the state.")])


def _cloud(cloud: CloudOverview | None) -> str:
    if cloud is None:
        return _NOT_SET_UP
    maintenance = (
        f":warning: seen {text.when(cloud.maintenance_at)}, when something was last sent: "
        "Zscaler answered questions and accepted nothing"
        if cloud.maintenance_at is not None
        else "none known"
    )
    status, quotas = cloud.activation, cloud.quotas
    activation = _unknown(status, cloud.login) if isinstance(status, Unavailable) else _STATES[status]
    reports = (
        _unknown(quotas, cloud.login)
        if isinstance(quotas, Unavailable)
        else "; ".join(map(_quota, quotas[:5])) or "Zscaler names none"
    )
    return (
        f"Login: {text.sentence(cloud.login)}\nMaintenance: {maintenance}\n"
        f"Activation: {activation}\nQuota of reports: {reports}"
    )


def _unknown(figure: Unavailable, login: str) -> str:
    """Say why a figure is not known, unless the line about the login says so already."""
    return "not known" if figure.problem in login else text.sentence(f"not known. {figure.problem}")


def _quota(quota: Quota) -> str:
    other = f" ({text.escape(quota.scale.lower(), 20)})" if quota.scale else ""
    window = _QUOTA_WINDOWS.get(quota.scale.upper(), other)
    since = f", since {text.when(quota.started_at)}" if quota.started_at is not None else ""
    return f"{quota.used:,} of {quota.allowed:,}{window} used, {quota.unused:,} left{since}"


def _sent(sent: int | Unavailable | None) -> str:
    if sent is None:
        return _NOT_SET_UP
    if isinstance(sent, Unavailable):
        return text.sentence(f"Set up. How many files were sent is not known. {sent.problem}")
    return f"{count(sent, 'file')} sent in the last 24 hours; Zscaler analyses {SUBMISSIONS_PER_DAY} a day"


def _governance(left: int | Unavailable | None) -> str:
    if left is None:
        return _NOT_SET_UP
    if isinstance(left, Unavailable):
        return text.sentence(f"Set up. {left.problem}")
    return f"{count(left, 'call')} {'was' if left == 1 else 'were'} left when it was last asked"


def _calls_left(calls: Iterable[CallsLeft]) -> str:
    return "\n".join(
        f"{_ENDPOINTS.get(endpoint, text.code(endpoint, 40))}: {_windows(list(limits))}"
        for endpoint, limits in groupby(calls, lambda each: each.endpoint)
    )


def _windows(limits: list[CallsLeft]) -> str:
    shown = (f"{each.left:,} of {each.allowed:,} this {text.escape(each.window, 20)}" for each in limits)
    paused_s = max(each.paused_s for each in limits)
    pause = f", paused for {text.duration(paused_s)} as Zscaler asked" if paused_s > 0 else ""
    return ", ".join(shown) + pause
