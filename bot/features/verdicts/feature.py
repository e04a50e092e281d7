"""Verdicts of side scanners on builds."""

from collections.abc import Callable
from functools import partial

from bot.builds.hosts.finder import HostFinder
from bot.core.scheduler import Job
from bot.features.history.history import HistoryService
from bot.features.submission.ports import SCAN_LEFT, SCANS
from bot.features.submission.worker import queue_job
from bot.features.verdicts import listeners, transition_repository, views
from bot.features.verdicts.lookup import VerdictLookup
from bot.features.verdicts.messages import verdict_subject, verdicts_section
from bot.features.verdicts.outcomes import VerdictOutcomes
from bot.features.verdicts.report_poller import ReportPoller
from bot.features.verdicts.retry import VerdictRetry
from bot.features.verdicts.side_scanner import SideScanner
from bot.features.verdicts.submitter import VerdictSubmitter
from bot.features.verdicts.worker import BUILDS, REPORTS, VerdictWorker
from bot.metrics import CountedFiles
from bot.wiring.checks import zscaler
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build it, with the workers of each side scanner that sees builds."""
    card_for, actions = kit.get(HistoryService).status, kit.domain.actions
    mention, jobs = kit.settings.mention == "sharer", [_release_job(kit)]
    queues: list[Job] = []
    for scanner in kit.side_scanners:
        if scanner.sees_builds:
            render = partial(views.verdict_message, scanner=scanner.name, mention=mention)
            announcements = kit.messages(verdict_subject(kit.store, scanner.name, render))
            jobs.append(announcements.job)
            queues += _queues(kit, scanner, announcements.changed)
    retry = VerdictRetry(
        store=kit.store,
        announcer=kit.replies,
        clock=kit.clock,
        wake=kit.wake,
        scanners={scanner.name: scanner for scanner in kit.side_scanners},
    )
    lookup = VerdictLookup(
        store=kit.store,
        card_for=card_for,
        access=kit.access,
        scanners=[scanner for scanner in kit.side_scanners if scanner.submissions or scanner.reports],
        clock=kit.clock,
    )
    return Surface(
        commands=(listeners.verdict_command(lookup, kit.permalink),) if lookup.scanners else (),
        listeners=(lambda app: listeners.register(app, retry, actions, card_for),),
        scan_buttons=frozenset({views.REPORT, views.ASK_AGAIN}),
        queues=tuple(queues),
        jobs=tuple(jobs),
    )


def _release_job(kit: Kit) -> Job:
    """Return the job that releases, once, what an earlier process held for scanners that hold nothing now."""
    sees = [scanner for scanner in kit.side_scanners if scanner.sees_builds]
    holding = {scanner.name for scanner in sees if scanner.hold_max_s is not None}

    async def release() -> None:
        await kit.store.verdicts.release_all(other_than=holding)
        kit.wake(SCANS)

    return Job(name="release of held builds", run=release, interval_s=None)


def _queues(kit: Kit, scanner: SideScanner, bad: Callable[[int], None]) -> tuple[Job, ...]:
    """Return the jobs that send builds to a side scanner and read its reports; ``bad`` announces."""
    store, clock = kit.store, kit.clock
    outcomes = VerdictOutcomes(store, scanner.profile, kit.replies, partial(kit.wake, SCANS), bad)
    cloud = kit.zscaler.cloud if scanner.reads_hosts else None
    worker = VerdictWorker(
        store=store,
        scanner=scanner,
        files=CountedFiles(kit.files, partial(kit.metrics.pulled_for, scanner.name)),
        work_dir=kit.work_dir,
        outcomes=outcomes,
        clock=clock,
        wake=kit.wake,
        sending=VerdictSubmitter(store=store, scanner=scanner, outcomes=outcomes, clock=clock),
        hosts=HostFinder(environment=kit.settings.interpreter) if scanner.reads_hosts else None,
        ask=cloud.activation.status if cloud is not None else None,
    )
    kit.stack.push_async_callback(worker.stop)
    reports = ReportPoller(store=store, scanner=scanner, outcomes=outcomes, clock=clock)
    return (
        queue_job(BUILDS.format(scanner.name), worker.turn, SCAN_LEFT),
        queue_job(REPORTS.format(scanner.name), reports.turn),
    )


FEATURE = Feature(
    build=build,
    reply_section=lambda context: verdicts_section(context.scanners, context.permalink),
    row_hooks=(transition_repository.HOOKS,),
    checks=zscaler.verdicts,
)
