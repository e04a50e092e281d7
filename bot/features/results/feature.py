"""Reading what OneTrust found, and announcing it."""

from functools import partial

from bot.features.compliance.rules import judge_by
from bot.features.history.history import HistoryService
from bot.features.results import listeners, repository, status_views, views
from bot.features.results.fetcher import ResultFetcher
from bot.features.results.messages import result_subject, results_section
from bot.features.results.poller import ResultPoller
from bot.features.submission.ports import REQUESTS, SCANS
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build it; it offers the announcements and, where results are read, ``ResultPoller``."""
    mention, sections = kit.settings.mention == "sharer", kit.domain.sections
    render = partial(views.announcement, mention=mention, sections=sections)
    announcements = kit.messages(result_subject(kit.store, render))
    kit.provide(announcements)
    jobs = [announcements.job]
    if kit.settings.onetrust_results_hours:
        fetcher = ResultFetcher(
            store=kit.store,
            applications=kit.onetrust.applications,
            announcer=kit.replies,
            clock=kit.clock,
            may_create_link=kit.access.may_create_link,
            wake=partial(kit.wake, SCANS, REQUESTS),
            ended=announcements.changed,
            judge=judge_by(kit.rules),
            first_s=float(kit.settings.onetrust_results_poll_s),
            within_s=3600.0 * kit.settings.onetrust_results_hours,
        )
        poller = ResultPoller(
            store=kit.store,
            fetcher=fetcher,
            clock=kit.clock,
            wait_s=kit.onetrust.budget.wait_s,
            judged=bool(kit.rules),
        )
        kit.provide(poller)
        jobs.append(poller.job)
    actions = kit.domain.actions
    return Surface(
        listeners=(lambda app: listeners.register(app, kit.get(HistoryService).status, kit.store, actions),),
        scan_buttons=frozenset({status_views.ALL_FOUND, status_views.SCAN_ONCE_MORE}),
        jobs=tuple(jobs),
    )


FEATURE = Feature(
    build=build,
    reply_section=lambda context: results_section(
        clock=context.clock, permalink=context.permalink, poller=context.poller
    ),
    row_hooks=(repository.HOOKS,),
)
