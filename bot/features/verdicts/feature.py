"""Verdicts of side scanners on builds."""

from functools import partial

from bot.builds.hosts.finder import HostFinder
from bot.core.scheduler import Job
from bot.features.history.history import HistoryService
from bot.features.submission.card import Card
from bot.features.submission.ports import SCAN_LEFT, SCANS
from bot.features.submission.worker import queue_job
from bot.features.verdicts import listeners, lookup_repository, views
from bot.features.verdicts.hold import HoldRelease
from bot.features.verdicts.lookup import VerdictLookup
from bot.features.verdicts.messages import verdict_subject, verdicts_section
from bot.features.verdicts.outcomes import VerdictOutcomes
from bot.features.verdicts.report_poller import ReportPoller
from bot.features.verdicts.retry import VerdictRetry
from bot.features.verdicts.side_scanner import SideScanner
from bot.features.verdicts.submitter import VerdictSubmitter
from bot.features.verdicts.worker import BUILDS, REPORTS, VerdictWorker
from bot.metrics import CountedFiles
from bot.slack.messages.living_message import LivingMessages
from bot.wiring.checks import zscaler
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build it, with the workers of each side scanner that sees builds."""
    scanners = [scanner for scanner in kit.side_scanners if scanner.sees_builds]
    held = {scanner.name for scanner in scanners if scanner.hold_max_s is not None}
    release = HoldRelease(kit.store, partial(kit.wake, SCANS), holding=held)
    queues = [queue_job("release of held builds", release.turn)]
    announcements = {scanner.name: _announcements(kit, scanner) for scanner in scanners}
    for scanner in scanners:
        queues += _queues(kit, scanner, announcements[scanner.name])
    retry = VerdictRetry(
        store=kit.store,
        announcer=kit.replies,
        clock=kit.clock,
        wake=kit.wake,
        scanners={scanner.name: scanner for scanner in kit.side_scanners},
    )
    lookup = VerdictLookup(
        store=kit.store,
        cards=kit.domain.cards,
        workspace=kit.workspace,
        policy=kit.access,
        scanners=[scanner for scanner in kit.side_scanners if scanner.answers],
        clock=kit.clock,
    )
    command = listeners.verdict_command(lookup, kit.permalink)
    card_for, actions = kit.get(HistoryService).status, kit.domain.actions
    return Surface(
        commands=(command,) if any(scanner.answers for scanner in kit.side_scanners) else (),
        listeners=(lambda app: listeners.register(app, retry, actions, card_for),),
        scan_buttons=frozenset({views.REPORT, views.ASK_AGAIN}),
        queues=tuple(queues),
        jobs=tuple(each.job for each in announcements.values()),
    )


def _announcements(kit: Kit, scanner: SideScanner) -> LivingMessages[Card]:
    mention = kit.settings.mention == "sharer"
    render = partial(views.verdict_message, scanner=scanner.name, mention=mention)
    return kit.messages(verdict_subject(kit.store, scanner.name, render))


def _queues(kit: Kit, scanner: SideScanner, announcements: LivingMessages[Card]) -> tuple[Job, ...]:
    """Return what shows builds to a side scanner and reads its reports."""
    store, clock = kit.store, kit.clock
    wake_scans = partial(kit.wake, SCANS)
    outcomes = VerdictOutcomes(store, scanner.profile, kit.replies, wake_scans, announcements.changed)
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
    row_hooks=(lookup_repository.HOOKS,),
    checks=zscaler.verdicts,
)
