"""Which part of the running bot is given which: Slack, OneTrust and the database, joined by the domain."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from bot.core.access import Access
from bot.core.circuit_breaker import CircuitBreaker
from bot.core.clock import SteadyClock
from bot.core.ports import Files
from bot.core.rate_limit import RateLimiter, RateLimiters
from bot.core.scan import Scan
from bot.core.scheduler import Job, Scheduler
from bot.features.backfill.service import Backfill
from bot.features.backlog.messages import BacklogMessages
from bot.features.backlog.service import BacklogNotices
from bot.features.backlog.views import queue
from bot.features.compliance.review import ViolationReview
from bot.features.compliance.rules import judge_by
from bot.features.history.compare import Comparisons
from bot.features.history.history import Cards, HistoryService
from bot.features.hosts.categorizer import HostCategorizer
from bot.features.hosts.lookup import UrlLookupService
from bot.features.onetrust_apps.service import OneTrustApps
from bot.features.rescan_requests.messages import RescanRequestMessage
from bot.features.rescan_requests.views import request as request_message
from bot.features.results.fetcher import ResultFetcher
from bot.features.results.messages import result_subject
from bot.features.results.models import ResultStatus
from bot.features.results.poller import Outlook, ResultPoller
from bot.features.results.views import announcement
from bot.features.submission.intake import Intake
from bot.features.submission.messages import reply_subject
from bot.features.submission.pipeline import Pipeline
from bot.features.submission.user_actions import UserActions
from bot.features.submission.views import reply
from bot.features.submission.worker import Worker, queue_job
from bot.features.verdicts.messages import verdict_subject
from bot.features.verdicts.views import verdict_message
from bot.metrics import CountedFiles
from bot.slack.api.conversations import SlackConversations
from bot.slack.api.files import SlackFiles
from bot.slack.api.history_reader import SlackHistory
from bot.slack.api.identity import Identity
from bot.slack.api.users import SlackPeople
from bot.slack.blocks.short_answers import refusal
from bot.slack.messages.living_message import LivingMessages
from bot.slack.messages.rate_limits import NOTICES, POSTS, UPDATES
from bot.slack.messages.rejections import SlackRejections
from bot.slack.messages.subjects import Subject
from bot.wiring import verdicts as second_wiring
from bot.wiring.opened import Opened
from bot.wiring.parts import log_url
from bot.wiring.services import Services

LAST_WORDS_S = 3.0
"""How long replies may still be brought up to date at a stop."""


@dataclass(frozen=True, kw_only=True)
class Wired:
    """What the bot starts, and what listeners call."""

    services: Services
    runner: Worker
    backfill: Backfill
    scheduler: Scheduler
    jobs: tuple[Job, ...]
    """For the scheduler, beside what the runner and the catch-up give it."""


def wire(opened: Opened, stack: AsyncExitStack) -> Wired:
    """Join the parts; the stack stops those that have to be, the runner first."""
    settings, clock, store, client = opened.settings, opened.clock, opened.store, opened.client
    steady = SteadyClock(clock)  # for what is never told, such as the pace of messages
    pace, updates = RateLimiters(clock, POSTS), RateLimiter(clock, UPDATES)
    people = SlackPeople(client, opened.identity, steady)
    stack.push_async_callback(people.close)
    refusals = SlackRejections(client, refusal)
    stack.push_async_callback(refusals.close)
    workspace = SlackConversations(client, opened.identity, steady)
    stack.push_async_callback(workspace.close)
    policy = Access(
        people=people,
        channels=settings.channels,
        users=settings.users,
        admins=settings.admins,
        guests="guests" in settings.admit,
        external="external" in settings.admit,
    )
    breaker = CircuitBreaker(clock)
    opened.metrics.breaker_open = lambda: breaker.is_open

    def outlook(followed: ResultStatus, waiting: int) -> Outlook | None:
        return poller.outlook(followed, waiting) if poller is not None else None

    def unread() -> bool:
        return poller is None or poller.refused

    cards = Cards(
        store=store,
        log_url=log_url(settings.onetrust_log_url),
        permalink=_permalink(opened.identity),
        breaker=breaker,
        outlook=outlook,
        unread=unread,
        second=opened.zscaler is not None,
        scanners=[scanner.profile for scanner in second_wiring.judging(opened)],
    )

    def messages(subject: Subject) -> LivingMessages:
        made = LivingMessages(
            subject=subject,
            client=client,
            bot_user_id=opened.identity.user_id,
            load=cards.card,
            pace=pace,
            updates=updates,
            clock=steady,
        )
        stack.push_async_callback(made.settle, LAST_WORDS_S)
        return made

    mention = settings.mention == "sharer"
    threads = messages(reply_subject(store, reply))
    announcements = messages(result_subject(store, partial(announcement, mention=mention)))
    verdicts = {
        name: messages(verdict_subject(store, name, partial(verdict_message, scanner=name, mention=mention)))
        for name in (scanner.name for scanner in second_wiring.seeing(opened))
    }

    def tell_breach(number: int) -> None:
        threads.changed(number)
        announcements.changed(number)

    # What is recorded wakes the runner, which itself asks the intake.
    def wake() -> None:
        runner.wake()

    def drop(number: int) -> None:
        runner.drop(number)

    intake = Intake(
        store=store,
        workspace=workspace,
        board=RescanRequestMessage(client, request_message, pace, updates),
        announcer=threads,
        refusals=refusals,
        policy=policy,
        clock=clock,
        wake=wake,
        drop=drop,
    )
    categories = second_wiring.categories(opened)
    also: list[Job] = [second_wiring.unheld(opened, wake)]
    if categories is not None:
        looks = HostCategorizer(rows=store.hosts, categories=categories, announcer=threads, clock=clock)
        also.append(queue_job("look-up of hosts", looks.turn))
    governing = second_wiring.governing(opened, policy, wake)
    if governing is not None:
        also.append(queue_job("third-party apps", governing.turn))
    files = SlackFiles(client, api_url=settings.slack_api_url, token=settings.slack_bot_token.reveal())
    for scanner in second_wiring.seeing(opened):
        bad = verdicts[scanner.name].changed
        shown = second_wiring.second(opened, scanner, files, threads, wake, bad=bad)
        stack.push_async_callback(shown.opinions.stop)
        also += shown.jobs
    scheduler = Scheduler(clock)
    runner = Worker(
        store=store,
        pipeline=_pipeline(opened, CountedFiles(files, opened.metrics.pulled), threads, breaker, policy),
        intake=intake,
        announcer=threads,
        clock=clock,
        breaker=breaker,
        concurrency=settings.concurrency,
        scheduler=scheduler,
        also=also,
    )
    stack.push_async_callback(runner.stop)
    stack.push_async_callback(scheduler.stop)
    poller = _poller(opened, threads, policy, wake, announcements.changed)
    return Wired(
        services=Services(
            intake=intake,
            choices=UserActions(store=store, announcer=threads, policy=policy, wake=wake, drop=drop),
            records=HistoryService(store=store, cards=cards, workspace=workspace, access=policy, clock=clock),
            comparisons=Comparisons(
                store=store,
                workspace=workspace,
                access=policy,
                reads=lambda: poller is not None and poller.reads,
                unread=unread,
            ),
            onetrust_apps=OneTrustApps(
                applications=opened.applications,
                store=store,
                workspace=workspace,
                policy=policy,
                clock=steady,
            ),
            reviews=ViolationReview(store=store, refresh=tell_breach, access=policy),
            verdict_retry=second_wiring.verdict_retry(opened, threads, wake),
            policy=policy,
            cards=cards,
            administration=second_wiring.administration(opened, policy, governing),
            urls=UrlLookupService(categories) if categories is not None else None,
            governing=governing,
            verdicts=second_wiring.verdict_inquiry(opened, cards, workspace, policy),
            words=second_wiring.words(opened),
        ),
        runner=runner,
        scheduler=scheduler,
        jobs=tuple(
            each.job
            for each in (_notices(opened, breaker), announcements, *verdicts.values(), poller)
            if each is not None
        ),
        backfill=Backfill(
            alive=store.alive,
            past=SlackHistory(client, opened.identity, workspace.kind_of, clock),
            intake=intake,
            hears=opened.hears,
            clock=clock,
            scheduler=scheduler,
            # Not further back than rows are kept: what was purged would be taken for a new build.
            within_s=3600.0 * min(settings.catch_up_hours, 24 * (settings.retention_days or 36_500)),
        ),
    )


def _notices(opened: Opened, breaker: CircuitBreaker) -> BacklogNotices:
    return BacklogNotices(
        rows=opened.store.notices,
        board=BacklogMessages(opened.client, queue, RateLimiter(opened.clock, NOTICES)),
        clock=opened.clock,
        away_s=lambda: breaker.open_s,
        heard=lambda: breaker.heard,
    )


def _poller(
    opened: Opened,
    threads: LivingMessages,
    policy: Access,
    wake: Callable[[], None],
    ended: Callable[[int], None],
) -> ResultPoller | None:
    settings = opened.settings
    if not settings.onetrust_results_hours:
        return None
    first_s = float(settings.onetrust_results_poll_s)
    return ResultPoller(
        store=opened.store,
        applications=opened.applications,
        fetcher=ResultFetcher(
            store=opened.store,
            applications=opened.applications,
            announcer=threads,
            clock=opened.clock,
            may_create_link=policy.may_create_link,
            wake=wake,
            ended=ended,
            judge=judge_by(opened.rules),
            first_s=first_s,
            within_s=3600.0 * settings.onetrust_results_hours,
        ),
        clock=opened.clock,
        wait_s=opened.budget.wait_s,
        first_s=first_s,
        judged=bool(opened.rules),
    )


def _pipeline(
    opened: Opened, files: Files, threads: LivingMessages, breaker: CircuitBreaker, policy: Access
) -> Pipeline:
    settings = opened.settings
    return Pipeline(
        store=opened.store,
        files=files,
        reader=opened.reader,
        routes=opened.routes,
        announcer=threads,
        clock=opened.clock,
        breaker=breaker,
        work_dir=opened.work_dir,
        may_create_link=policy.may_create_link,
        accepts_aab=settings.accepts_aab,
        holding=second_wiring.holding(opened),
    )


def _permalink(identity: Identity) -> Callable[[Scan], str | None]:
    def permalink(scan: Scan) -> str | None:
        if scan.channel is None or scan.message_ts is None:
            return None
        return identity.permalink(scan.channel, scan.reply_ts or scan.message_ts, scan.thread_ts)

    return permalink
