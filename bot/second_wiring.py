"""Joins what asks Zscaler: beside all that concerns OneTrust, and only where it is set up."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.blocks import governance
from bot.core.scheduler import Job
from bot.opened import Opened
from bot.packages.hosts import PackageHosts
from bot.scans.administration import Administration, CloudApis
from bot.scans.asking_again import AskingAgain
from bot.scans.breaker import Breaker
from bot.scans.categories import Categories
from bot.scans.governing import Governing
from bot.scans.holding import Holding, Unheld
from bot.scans.opinion_outcomes import OpinionOutcomes
from bot.scans.policy import Policy
from bot.scans.ports import Announcer, Files, Workspace
from bot.scans.records import Cards
from bot.scans.reporting import Reporter
from bot.scans.runner import queue_job
from bot.scans.second import SecondOpinion
from bot.scans.sending import Sending
from bot.scans.sending import logger as sending_logger
from bot.scans.verdict_inquiry import VerdictInquiry
from bot.slack.governance import SlackTeller
from bot.zscaler_parts import Zscaler


@dataclass(frozen=True, kw_only=True)
class Second:
    """What shows builds to Zscaler."""

    opinions: SecondOpinion
    """To be stopped."""
    jobs: tuple[Job, ...]
    """For the runner."""


def holding(opened: Opened) -> Holding | None:
    """Return how Zscaler bears on what a build becomes; ``None`` where no build is shown to it."""
    settings = opened.settings.zscaler
    if settings is None or not _sees_builds(opened.zscaler):
        return None
    return Holding(hold_max_s=settings.hold_max_s)


def unheld(opened: Opened, wake: Callable[[], None]) -> tuple[Job, ...]:
    """Return what lets builds go on that were held before the settings changed."""
    held = holding(opened)
    if held is not None and held.hold_max_s is not None:
        return ()
    return (queue_job("release of held builds", Unheld(opened.store, wake).turn),)


def second(
    opened: Opened,
    files: Files,
    announcer: Announcer,
    wake: Callable[[], None],
    *,
    bad: Callable[[int], None],
) -> Second | None:
    """Return what shows builds to Zscaler; ``bad`` is told of each scan whose verdict is to be announced."""
    settings, zscaler, store, clock = opened.settings, opened.zscaler, opened.store, opened.clock
    if settings.zscaler is None or zscaler is None or not _sees_builds(zscaler):
        return None
    first_s = float(settings.zscaler.report_first_s)
    outcomes = OpinionOutcomes(store, announcer, wake, bad)
    sending = Sending(
        store=store,
        outcomes=outcomes,
        clock=clock,
        breaker=Breaker(clock, "Zscaler's Sandbox", log=sending_logger),
        sandbox=zscaler.sandbox,
        reads=zscaler.reports is not None,
        first_s=first_s,
    )
    opinions = SecondOpinion(
        store=store,
        files=files,
        workroom=opened.workroom,
        outcomes=outcomes,
        clock=clock,
        wake=wake,
        sending=sending,
        hosts=PackageHosts(environment=settings.interpreter) if zscaler.categories is not None else None,
        ask=zscaler.activation.status if zscaler.activation is not None else None,
    )
    reporter = Reporter(store=store, reports=zscaler.reports, outcomes=outcomes, clock=clock, first_s=first_s)
    jobs = (queue_job("builds for Zscaler", opinions.turn), queue_job("Zscaler's reports", reporter.turn))
    return Second(opinions=opinions, jobs=jobs)


def asking_again(opened: Opened, announcer: Announcer, wake: Callable[[], None]) -> AskingAgain:
    """Return what has Zscaler asked again; it says so where there is none any more."""
    zscaler = opened.zscaler
    return AskingAgain(
        store=opened.store,
        announcer=announcer,
        clock=opened.clock,
        wake=wake,
        sends=zscaler is not None and zscaler.sandbox is not None,
        reads=zscaler is not None and zscaler.reports is not None,
    )


def _sees_builds(zscaler: Zscaler | None) -> bool:
    """Tell whether builds are shown to Zscaler: for a verdict, or for where they talk to."""
    return zscaler is not None and (zscaler.sandbox is not None or zscaler.categories is not None)


def words(opened: Opened) -> frozenset[str]:
    """Return the words of ``/appscan`` that are there as Zscaler is set up."""
    if opened.zscaler is None:
        return frozenset()
    there = {
        "governance": opened.zscaler.governance is not None,
        "urls": opened.zscaler.categories is not None,
        "verdict": opened.zscaler.sandbox is not None or opened.zscaler.reports is not None,
        "zscaler": True,
    }
    return frozenset(word for word, is_there in there.items() if is_there)


def governing(opened: Opened, policy: Policy, wake: Callable[[], None]) -> Governing | None:
    """Return what asks about third-party apps."""
    if opened.zscaler is None or opened.zscaler.governance is None:
        return None
    return Governing(
        api=opened.zscaler.governance,
        looks=opened.store.governance,
        teller=SlackTeller(opened.client, governance.later),
        policy=policy,
        clock=opened.clock,
        wake=wake,
    )


def categories(opened: Opened) -> Categories | None:
    """Return what looks URLs up."""
    if opened.zscaler is None or opened.zscaler.categories is None:
        return None
    return Categories(rows=opened.store.hosts, lookup=opened.zscaler.categories, clock=opened.clock)


def verdict_inquiry(
    opened: Opened, cards: Cards, workspace: Workspace, policy: Policy
) -> VerdictInquiry | None:
    """Return what answers questions about verdicts."""
    if opened.zscaler is None:
        return None
    return VerdictInquiry(
        store=opened.store,
        cards=cards,
        workspace=workspace,
        policy=policy,
        reports=opened.zscaler.reports,
        clock=opened.clock,
        sends=opened.zscaler.sandbox is not None,
    )


def administration(opened: Opened, policy: Policy, governing: Governing | None) -> Administration | None:
    """Return what administrators see and do of Zscaler."""
    zscaler, settings = opened.zscaler, opened.settings.zscaler
    if zscaler is None or settings is None:
        return None
    cloud = None
    if zscaler.cloud is not None and zscaler.activation is not None and zscaler.reports is not None:
        cloud = CloudApis(state=zscaler.cloud, activation=zscaler.activation, reports=zscaler.reports)
    return Administration(
        policy=policy,
        clock=opened.clock,
        cloud=cloud,
        sent_since=opened.store.opinions.sent_since if settings.sandbox is not None else None,
        governance=(lambda: governing.remaining) if governing is not None else None,
    )
