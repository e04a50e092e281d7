"""Joins the side scanners, and what else asks Zscaler: beside all that concerns OneTrust."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bot.blocks import governance
from bot.features.verdicts.side_scanner import SideScanner
from bot.metrics import CountedFiles
from bot.opened import Opened
from bot.packages.hosts import PackageHosts
from bot.scans.administration import Administration, CloudApis
from bot.scans.asking_again import AskingAgain
from bot.scans.categories import Categories
from bot.scans.governing import Governing
from bot.scans.holding import Holding, Unheld
from bot.scans.opinion_outcomes import OpinionOutcomes
from bot.scans.policy import Policy
from bot.scans.ports import Announcer, Files, Workspace
from bot.scans.records import Cards
from bot.scans.reporting import Reporter
from bot.scans.runner import Turn
from bot.scans.second import SecondOpinion
from bot.scans.sending import Sending
from bot.scans.verdict_inquiry import VerdictInquiry
from bot.slack.governance import SlackTeller
from bot.zscaler.sandbox import PROFILE


@dataclass(frozen=True, kw_only=True)
class Second:
    """What shows builds to one side scanner."""

    opinions: SecondOpinion
    """To be stopped."""
    turns: tuple[Turn, ...]
    """For the runner."""


def seeing(opened: Opened) -> tuple[SideScanner, ...]:
    """Return the side scanners that see builds: for a verdict, or for where they talk to."""
    return tuple(
        scanner
        for scanner in opened.side_scanners
        if scanner.submissions is not None or _reads_hosts(opened, scanner)
    )


def _reads_hosts(opened: Opened, scanner: SideScanner) -> bool:
    has_categories = opened.zscaler is not None and opened.zscaler.categories is not None
    return has_categories and scanner.profile is PROFILE


def judging(opened: Opened) -> tuple[SideScanner, ...]:
    """Return the side scanners that builds are submitted to."""
    return tuple(scanner for scanner in opened.side_scanners if scanner.submissions is not None)


def holding(opened: Opened) -> Holding | None:
    """Return how side scanners bear on what a build becomes; ``None`` if none sees builds."""
    scanners = seeing(opened)
    return Holding(scanners=scanners) if scanners else None


def unheld(opened: Opened, wake: Callable[[], None]) -> Unheld:
    """Return what releases builds that were held before the settings changed."""
    held = {scanner.name for scanner in seeing(opened) if scanner.hold_max_s is not None}
    return Unheld(opened.store, wake, holding=held)


def second(
    opened: Opened,
    scanner: SideScanner,
    files: Files,
    announcer: Announcer,
    wake: Callable[[], None],
    *,
    bad: Callable[[int], None],
) -> Second:
    """Return what shows builds to a side scanner; ``bad`` gets scans whose verdict is to be announced."""
    store, clock, zscaler = opened.store, opened.clock, opened.zscaler
    outcomes = OpinionOutcomes(store, scanner.profile, announcer, wake, bad)
    reads_hosts = _reads_hosts(opened, scanner)
    activation = zscaler.activation if reads_hosts and zscaler is not None else None
    opinions = SecondOpinion(
        store=store,
        scanner=scanner,
        files=CountedFiles(files, partial(opened.metrics.pulled_for, scanner.name)),
        workroom=opened.workroom,
        outcomes=outcomes,
        clock=clock,
        wake=wake,
        sending=Sending(store=store, scanner=scanner, outcomes=outcomes, clock=clock),
        hosts=PackageHosts(environment=opened.settings.interpreter) if reads_hosts else None,
        ask=activation.status if activation is not None else None,
    )
    reporter = Reporter(store=store, scanner=scanner, outcomes=outcomes, clock=clock)
    return Second(opinions=opinions, turns=(opinions.turn, reporter.turn))


def asking_again(opened: Opened, announcer: Announcer, wake: Callable[[], None]) -> AskingAgain:
    """Return what asks side scanners again."""
    return AskingAgain(
        store=opened.store,
        announcer=announcer,
        clock=opened.clock,
        wake=wake,
        scanners={scanner.name: scanner for scanner in opened.side_scanners},
    )


def _asked(opened: Opened) -> tuple[SideScanner, ...]:
    """Return the side scanners that people can ask about a file or a scan."""
    return tuple(
        scanner
        for scanner in opened.side_scanners
        if scanner.submissions is not None or scanner.reports is not None
    )


def words(opened: Opened) -> frozenset[str]:
    """Return the optional commands of ``/appscan`` whose API is set up."""
    zscaler = opened.zscaler
    there = {
        "governance": zscaler is not None and zscaler.governance is not None,
        "urls": zscaler is not None and zscaler.categories is not None,
        "verdict": bool(_asked(opened)),
        "zscaler": zscaler is not None,
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
    scanners = _asked(opened)
    if not scanners:
        return None
    return VerdictInquiry(
        store=opened.store,
        cards=cards,
        workspace=workspace,
        policy=policy,
        scanners=scanners,
        clock=opened.clock,
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
        sent_since=partial(opened.store.opinions.sent_since, PROFILE.name) if settings.sandbox else None,
        governance=(lambda: governing.remaining) if governing is not None else None,
    )
