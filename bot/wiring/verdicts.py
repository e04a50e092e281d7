"""Joins the side scanners, and what else asks Zscaler: beside all that concerns OneTrust."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bot.builds.hosts.finder import HostFinder
from bot.core.access import Access
from bot.core.ports import Announcer, Files, Workspace
from bot.core.scheduler import Job
from bot.features.history.history import Cards
from bot.features.hosts.category_cache import CategoryCache
from bot.features.submission.worker import queue_job
from bot.features.third_party_apps import views
from bot.features.third_party_apps.direct_messages import SlackAppAnswers
from bot.features.third_party_apps.service import ThirdPartyApps
from bot.features.verdicts.hold import Hold, HoldRelease
from bot.features.verdicts.lookup import VerdictLookup
from bot.features.verdicts.outcomes import VerdictOutcomes
from bot.features.verdicts.report_poller import ReportPoller
from bot.features.verdicts.retry import VerdictRetry
from bot.features.verdicts.side_scanner import SideScanner
from bot.features.verdicts.submitter import VerdictSubmitter
from bot.features.verdicts.worker import VerdictWorker
from bot.features.zscaler_admin.service import CloudApis, ZscalerAdmin
from bot.metrics import CountedFiles
from bot.scanners.zscaler.sandbox import PROFILE
from bot.wiring.opened import Opened


@dataclass(frozen=True, kw_only=True)
class VerdictParts:
    """What shows builds to one side scanner."""

    worker: VerdictWorker
    """To be stopped."""
    jobs: tuple[Job, ...]
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


def holding(opened: Opened) -> Hold | None:
    """Return how side scanners bear on what a build becomes; ``None`` if none sees builds."""
    scanners = seeing(opened)
    return Hold(scanners=scanners) if scanners else None


def unheld(opened: Opened, wake: Callable[[], None]) -> Job:
    """Return what releases builds that were held before the settings changed."""
    held = {scanner.name for scanner in seeing(opened) if scanner.hold_max_s is not None}
    return queue_job("release of held builds", HoldRelease(opened.store, wake, holding=held).turn)


def second(
    opened: Opened,
    scanner: SideScanner,
    files: Files,
    announcer: Announcer,
    wake: Callable[[], None],
    *,
    bad: Callable[[int], None],
) -> VerdictParts:
    """Return what shows builds to a side scanner; ``bad`` gets scans whose verdict is to be announced."""
    store, clock, zscaler = opened.store, opened.clock, opened.zscaler
    outcomes = VerdictOutcomes(store, scanner.profile, announcer, wake, bad)
    reads_hosts = _reads_hosts(opened, scanner)
    activation = zscaler.activation if reads_hosts and zscaler is not None else None
    worker = VerdictWorker(
        store=store,
        scanner=scanner,
        files=CountedFiles(files, partial(opened.metrics.pulled_for, scanner.name)),
        work_dir=opened.work_dir,
        outcomes=outcomes,
        clock=clock,
        wake=wake,
        sending=VerdictSubmitter(store=store, scanner=scanner, outcomes=outcomes, clock=clock),
        hosts=HostFinder(environment=opened.settings.interpreter) if reads_hosts else None,
        ask=activation.status if activation is not None else None,
    )
    reporter = ReportPoller(store=store, scanner=scanner, outcomes=outcomes, clock=clock)
    jobs = (
        queue_job(f"builds for {scanner.name}", worker.turn),
        queue_job(f"reports of {scanner.name}", reporter.turn),
    )
    return VerdictParts(worker=worker, jobs=jobs)


def verdict_retry(opened: Opened, announcer: Announcer, wake: Callable[[], None]) -> VerdictRetry:
    """Return what asks side scanners again."""
    return VerdictRetry(
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


def governing(opened: Opened, policy: Access, wake: Callable[[], None]) -> ThirdPartyApps | None:
    """Return what asks about third-party apps."""
    if opened.zscaler is None or opened.zscaler.governance is None:
        return None
    return ThirdPartyApps(
        api=opened.zscaler.governance,
        looks=opened.store.governance,
        teller=SlackAppAnswers(opened.client, views.later),
        policy=policy,
        clock=opened.clock,
        wake=wake,
    )


def categories(opened: Opened) -> CategoryCache | None:
    """Return what looks URLs up."""
    if opened.zscaler is None or opened.zscaler.categories is None:
        return None
    return CategoryCache(rows=opened.store.hosts, lookup=opened.zscaler.categories, clock=opened.clock)


def verdict_inquiry(
    opened: Opened, cards: Cards, workspace: Workspace, policy: Access
) -> VerdictLookup | None:
    """Return what answers questions about verdicts."""
    scanners = _asked(opened)
    if not scanners:
        return None
    return VerdictLookup(
        store=opened.store,
        cards=cards,
        workspace=workspace,
        policy=policy,
        scanners=scanners,
        clock=opened.clock,
    )


def administration(opened: Opened, policy: Access, governing: ThirdPartyApps | None) -> ZscalerAdmin | None:
    """Return what administrators see and do of Zscaler."""
    zscaler, settings = opened.zscaler, opened.settings.zscaler
    if zscaler is None or settings is None:
        return None
    cloud = None
    if zscaler.cloud is not None and zscaler.activation is not None and zscaler.reports is not None:
        cloud = CloudApis(state=zscaler.cloud, activation=zscaler.activation, reports=zscaler.reports)
    return ZscalerAdmin(
        policy=policy,
        clock=opened.clock,
        cloud=cloud,
        sent_since=partial(opened.store.verdicts.sent_since, PROFILE.name) if settings.sandbox else None,
        governance=(lambda: governing.remaining) if governing is not None else None,
    )
