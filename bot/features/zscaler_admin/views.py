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
    sent, left = found.sandbox, found.governance
    sandbox = "not set up" if sent is None else _sent(sent)
    governance = "not set up" if left is None else _governance(left)
    return compose(
        [
            section(f"*Zscaler's cloud service API*\n{_cloud(found.cloud)}"),
            section(f"*Calls left, by Zscaler's limits*\n{limits}") if limits else None,
            section(f"*Sandbox Submission API*\n{sandbox}"),
            section(f"*3rd-Party App Governance API*\n{governance}"),
        ]
    )


def before_activating(status: ActivationStatus | Unavailable) -> Message:
    """Ask whether to activate saved changes; without a button if none wait, or if it is not possible now."""
    if isinstance(status, Unavailable) and status.blocks_activation:
        seen = f"Maintenance seen {text.when(status.maintenance_at)}" if status.maintenance_at else None
        return compose(
            [
                section(f":no_entry: Nothing can be activated now. {text.sentence(status.problem)}"),
                context(seen) if seen else None,
            ]
        )
    if status is ActivationStatus.ACTIVE:
        return compose(
            [section(":white_check_mark: Nothing waits in Zscaler: all saved changes are active already.")]
        )
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
        return "not set up"
    maintenance = (
        f":warning: seen {text.when(cloud.maintenance_at)}, when something was last sent: "
        "Zscaler answered questions and accepted nothing"
        if cloud.maintenance_at is not None
        else "none known"
    )
    status, quotas = cloud.activation, cloud.quotas
    activation = _unknown(status, cloud.login) if isinstance(status, Unavailable) else _STATES[status]
    reports = _unknown(quotas, cloud.login) if isinstance(quotas, Unavailable) else _quotas(quotas)
    return (
        f"Login: {text.sentence(cloud.login)}\nMaintenance: {maintenance}\n"
        f"Activation: {activation}\nQuota of reports: {reports}"
    )


def _unknown(figure: Unavailable, login: str) -> str:
    """Say why a figure is not known, unless the line about the login says so already."""
    return "not known" if figure.problem in login else text.sentence(f"not known. {figure.problem}")


def _quotas(quotas: tuple[Quota, ...]) -> str:
    return "; ".join(_quota(quota) for quota in quotas[:5]) or "Zscaler names none"


def _quota(quota: Quota) -> str:
    other = f" ({text.escape(quota.scale.lower(), 20)})" if quota.scale else ""
    window = _QUOTA_WINDOWS.get(quota.scale.upper(), other)
    since = f", since {text.when(quota.started_at)}" if quota.started_at is not None else ""
    return f"{quota.used:,} of {quota.allowed:,}{window} used, {quota.unused:,} left{since}"


def _sent(sent: int | Unavailable) -> str:
    if isinstance(sent, Unavailable):
        return text.sentence(f"Set up. How many files were sent is not known. {sent.problem}")
    return f"{count(sent, 'file')} sent in the last 24 hours; Zscaler analyses {SUBMISSIONS_PER_DAY} a day"


def _governance(left: int | Unavailable) -> str:
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
