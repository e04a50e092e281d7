"""What administrators are shown of Zscaler, and the question before changes are activated."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from bot.features.verdicts.models import Quota
from bot.features.zscaler_admin.models import ActivationStatus
from bot.features.zscaler_admin.service import (
    Barred,
    CallsLeft,
    CloudOverview,
    GovernanceOverview,
    Overview,
    SandboxOverview,
    Unknown,
)
from bot.slack.blocks import text
from bot.slack.blocks.elements import actions, button, confirm, context, section
from bot.slack.blocks.message import Message, compose

ACTIVATE: Final = "zscaler_activate"
SUBMISSIONS_A_DAY: Final = 100
"""Files that the Sandbox takes in a day (https://help.zscaler.com/zia/sandbox-submission-api)."""

WIDE: Final = "This activates all saved changes of all admins, and can't be undone."
_STATES: Final = {
    ActivationStatus.ACTIVE: "all saved changes are active",
    ActivationStatus.PENDING: "saved changes wait to be activated: `/appscan zscaler activate`",
    ActivationStatus.IN_PROGRESS: "saved changes are being activated",
    ActivationStatus.OTHER: "Zscaler answers with a word that the bot does not know",
}
_AFTER: Final = {
    ActivationStatus.ACTIVE: "All saved changes are active now.",
    ActivationStatus.PENDING: "Zscaler has taken it and still says that changes wait: it may need a moment.",
    ActivationStatus.IN_PROGRESS: "Zscaler is activating all saved changes.",
    ActivationStatus.OTHER: "Zscaler has taken it, and answers with a word that the bot does not know.",
}
_SPANS: Final = {"SECONDS": " a second", "MINUTES": " a minute", "HOURS": " an hour", "DAYS": " a day"}
"""What Zscaler calls the span of a quota, as it is said."""
_ENDPOINTS: Final = {
    "url_lookup": "URL look-ups",
    "report": "Reports",
    "report_quota": "Quota of reports",
    "status": "Status",
    "activate": "Activating",
}


def overview(found: Overview) -> Message:
    """Tell how Zscaler's APIs stand."""
    return compose(
        [
            section(f"*Zscaler's cloud service API*\n{_cloud(found.cloud)}"),
            section(f"*Calls left, by Zscaler's limits*\n{left}")
            if (left := _calls_left(found.cloud.calls_left if found.cloud else ()))
            else None,
            section(f"*Sandbox Submission API*\n{_sandbox(found.sandbox)}"),
            section(f"*3rd-Party App Governance API*\n{_governance(found.governance)}"),
        ]
    )


def before_activating(status: ActivationStatus | Unknown | Barred) -> Message:
    """Ask whether saved changes are to be activated; without a button where none wait, or none can be."""
    if isinstance(status, Barred):
        met = f"Maintenance seen {text.when(status.maintenance_at)}" if status.maintenance_at else None
        return compose(
            [
                section(f":no_entry: Nothing can be activated now. {text.sentence(status.problem)}"),
                context(met) if met else None,
            ]
        )
    if status is ActivationStatus.ACTIVE:
        return compose(
            [section(":white_check_mark: Nothing waits in Zscaler: all saved changes are active already.")]
        )
    if isinstance(status, Unknown):
        told = f"It is not known whether saved changes wait in Zscaler. {text.sentence(status.problem)}"
    elif status is ActivationStatus.PENDING:
        told = "Saved changes wait in Zscaler to be activated."
    else:
        told = f"In Zscaler, {_STATES[status]}."
    return compose(
        [
            section(f":warning: {told}\n{WIDE}"),
            actions(
                button(
                    "Activate",
                    ACTIVATE,
                    "all",
                    style="danger",
                    confirm=confirm("Activate in Zscaler?", WIDE, yes="Activate", no="Not now"),
                )
            ),
            context("Who activates is noted in the bot's log."),
        ]
    )


def activated(status: ActivationStatus) -> Message:
    """Tell what became of activating."""
    mark = ":white_check_mark:" if status is ActivationStatus.ACTIVE else ":information_source:"
    return compose([section(f"{mark} {_AFTER[status]}"), context("`/appscan zscaler` shows how it stands.")])


def _cloud(cloud: CloudOverview | None) -> str:
    if cloud is None:
        return "not set up"
    maintenance = (
        f":warning: seen {text.when(cloud.maintenance_at)}, when something was last sent: "
        "Zscaler answered questions and took nothing"
        if cloud.maintenance_at is not None
        else "none known"
    )
    lines = [
        f"Login: {text.sentence(cloud.login)}",
        f"Maintenance: {maintenance}",
        f"Activation: {_or_problem(cloud.activation, cloud.login)}",
        f"Quota of reports: {_quotas(cloud.quotas, cloud.login)}",
    ]
    return "\n".join(lines)


def _or_problem(status: ActivationStatus | Unknown, told: str) -> str:
    return _unknown(status, told) if isinstance(status, Unknown) else _STATES[status]


def _unknown(figure: Unknown, told: str) -> str:
    """Say why a figure is not known, where that is not ``told`` already."""
    return "not known" if figure.problem in told else text.sentence(f"not known. {figure.problem}")


def _quotas(quotas: tuple[Quota, ...] | Unknown, told: str) -> str:
    if isinstance(quotas, Unknown):
        return _unknown(quotas, told)
    return "; ".join(_quota(quota) for quota in quotas[:5]) or "Zscaler names none"


def _quota(quota: Quota) -> str:
    span = _SPANS.get(
        quota.scale.upper(), f" ({text.escape(quota.scale.lower(), 20)})" if quota.scale else ""
    )
    since = f", since {text.when(quota.started_at)}" if quota.started_at is not None else ""
    return f"{quota.used:,} of {quota.allowed:,}{span} used, {quota.unused:,} left{since}"


def _sandbox(sandbox: SandboxOverview | None) -> str:
    if sandbox is None:
        return "not set up"
    if isinstance(sandbox.sent, Unknown):
        return text.sentence(f"Set up. How many files were sent is not known. {sandbox.sent.problem}")
    files = "1 file" if sandbox.sent == 1 else f"{sandbox.sent} files"
    return f"{files} sent in the last 24 hours; Zscaler analyses {SUBMISSIONS_A_DAY} a day"


def _governance(governance: GovernanceOverview | None) -> str:
    if governance is None:
        return "not set up"
    if governance.remaining is None:
        return "set up; how many calls are left is known when it has been asked"
    calls = "1 call was" if governance.remaining == 1 else f"{governance.remaining:,} calls were"
    return f"{calls} left when it was last asked"


def _calls_left(calls: Sequence[CallsLeft]) -> str:
    return "\n".join(
        f"{_ENDPOINTS.get(endpoint, text.code(endpoint, 40))}: {_windows(limits)}"
        for endpoint, limits in groupby(calls, lambda each: each.endpoint)
    )


def _windows(limits: Iterable[CallsLeft]) -> str:
    shown, paused_s = [], 0.0
    for each in limits:
        shown.append(f"{each.left:,} of {each.allowed:,} this {text.escape(each.window, 20)}")
        paused_s = max(paused_s, each.paused_s)
    pause = f", paused for {text.duration(paused_s)} as Zscaler asked" if paused_s > 0 else ""
    return ", ".join(shown) + pause
