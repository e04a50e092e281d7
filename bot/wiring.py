"""Which part of the running bot is given which: Slack, OneTrust and the database, joined by the domain."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from bot import second_wiring
from bot.blocks.message import Message
from bot.blocks.notice import refusal
from bot.blocks.opinion import verdict_message
from bot.blocks.queue import queue
from bot.blocks.reply import reply
from bot.blocks.results import announcement
from bot.blocks.waiting import request as request_message
from bot.metrics import CountedFiles
from bot.opened import Opened
from bot.parts import log_url
from bot.scans.acknowledging import Acknowledging
from bot.scans.breaker import Breaker
from bot.scans.catalogue import Catalogue
from bot.scans.catchup import CatchUp
from bot.scans.choices import Choices
from bot.scans.clock import SteadyClock
from bot.scans.desk import Desk
from bot.scans.follow import Follower, Outlook
from bot.scans.host_looks import HostLooks
from bot.scans.inquiries import Inquiries
from bot.scans.intake import Intake
from bot.scans.looks import Looks
from bot.scans.models import Scan
from bot.scans.notices import Notices
from bot.scans.pipeline import Pipeline
from bot.scans.policy import Policy
from bot.scans.ports import Files
from bot.scans.records import Cards, Records
from bot.scans.results import Followed
from bot.scans.rules import judge_by
from bot.scans.runner import Runner, Turn
from bot.scans.url_inquiry import UrlInquiry
from bot.slack import subjects
from bot.slack.announcements import Announcements
from bot.slack.board import SlackBoard
from bot.slack.files import SlackFiles
from bot.slack.identity import Identity
from bot.slack.missed import SlackPast
from bot.slack.notices import SlackNotices
from bot.slack.pace import NOTICES_BURST, NOTICES_EVERY_S, ChannelPace, UpdatePace
from bot.slack.people import SlackPeople
from bot.slack.refusals import SlackRefusals
from bot.slack.subjects import Subject
from bot.slack.threads import Threads
from bot.slack.workspace import SlackWorkspace

LAST_WORDS_S = 3.0
"""How long replies may still be brought up to date at a stop."""


@dataclass(frozen=True, kw_only=True)
class Wired:
    """What the bot starts, and what listeners call."""

    desk: Desk
    runner: Runner
    notices: Notices
    announcements: Announcements
    verdicts: dict[str, Announcements]
    """Of bad verdicts, by the name of the side scanner."""
    catch_up: CatchUp
    follower: Follower | None
    """``None`` where the settings let no results be read."""


def wire(opened: Opened, stack: AsyncExitStack) -> Wired:
    """Join the parts; the stack stops those that have to be, the runner first."""
    settings, clock, store, client = opened.settings, opened.clock, opened.store, opened.client
    steady = SteadyClock(clock)  # for what is never told, such as the pace of messages
    pace, updates = ChannelPace(steady), UpdatePace(steady)
    people = SlackPeople(client, opened.identity, steady)
    stack.push_async_callback(people.close)
    refusals = SlackRefusals(client, refusal)
    stack.push_async_callback(refusals.close)
    workspace = SlackWorkspace(client, opened.identity, steady)
    stack.push_async_callback(workspace.close)
    policy = Policy(
        people=people,
        channels=settings.channels,
        users=settings.users,
        admins=settings.admins,
        guests="guests" in settings.admit,
        external="external" in settings.admit,
    )
    breaker = Breaker(clock)
    opened.metrics.breaker_open = lambda: breaker.is_open

    def outlook(followed: Followed, waiting: int) -> Outlook | None:
        return follower.outlook(followed, waiting) if follower is not None else None

    def unread() -> bool:
        return follower is None or follower.refused

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
    threads = Threads(
        client=client,
        bot_user_id=opened.identity.user_id,
        store=store,
        card=cards.card,
        render=reply,
        pace=pace,
        updates=updates,
        clock=steady,
    )
    stack.push_async_callback(threads.settle, LAST_WORDS_S)

    def telling(subject: Subject, render: Callable[..., Message]) -> Announcements:
        made = Announcements(
            client=client,
            bot_user_id=opened.identity.user_id,
            store=store,
            subject=subject,
            card=cards.card,
            render=partial(render, mention=settings.mention == "sharer"),
            pace=pace,
            updates=updates,
            clock=steady,
        )
        stack.push_async_callback(made.settle, LAST_WORDS_S)
        return made

    announcements = telling(subjects.results(store), announcement)
    verdicts = {
        scanner.name: telling(
            subjects.verdicts(store, scanner.name), partial(verdict_message, scanner=scanner.name)
        )
        for scanner in second_wiring.seeing(opened)
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
        board=SlackBoard(client, request_message, pace, updates),
        announcer=threads,
        refusals=refusals,
        policy=policy,
        clock=clock,
        wake=wake,
        drop=drop,
    )
    categories = second_wiring.categories(opened)
    also: list[Turn] = [second_wiring.unheld(opened, wake).turn]
    if categories is not None:
        looks = HostLooks(rows=store.hosts, categories=categories, announcer=threads, clock=clock)
        also.append(looks.turn)
    governing = second_wiring.governing(opened, policy, wake)
    if governing is not None:
        also.append(governing.turn)
    files = SlackFiles(client, api_url=settings.slack_api_url, token=settings.slack_bot_token.reveal())
    for scanner in second_wiring.seeing(opened):
        bad = verdicts[scanner.name].announce
        shown = second_wiring.second(opened, scanner, files, threads, wake, bad=bad)
        stack.push_async_callback(shown.opinions.stop)
        also += shown.turns
    runner = Runner(
        store=store,
        pipeline=_pipeline(opened, CountedFiles(files, opened.metrics.pulled), threads, breaker, policy),
        intake=intake,
        announcer=threads,
        clock=clock,
        breaker=breaker,
        concurrency=settings.concurrency,
        also=also,
    )
    stack.push_async_callback(runner.stop)
    follower = _follower(opened, threads, policy, wake, announcements.announce)
    return Wired(
        desk=Desk(
            intake=intake,
            choices=Choices(store=store, announcer=threads, policy=policy, wake=wake, drop=drop),
            records=Records(store=store, cards=cards, workspace=workspace, policy=policy, clock=clock),
            inquiries=Inquiries(
                store=store,
                workspace=workspace,
                policy=policy,
                reads=lambda: follower is not None and follower.reads,
                unread=unread,
            ),
            catalogue=Catalogue(
                applications=opened.applications,
                store=store,
                workspace=workspace,
                policy=policy,
                clock=steady,
            ),
            acknowledging=Acknowledging(store=store, tell=tell_breach, policy=policy),
            asking_again=second_wiring.asking_again(opened, threads, wake),
            policy=policy,
            cards=cards,
            administration=second_wiring.administration(opened, policy, governing),
            urls=UrlInquiry(categories) if categories is not None else None,
            governing=governing,
            verdicts=second_wiring.verdict_inquiry(opened, cards, workspace, policy),
            words=second_wiring.words(opened),
        ),
        runner=runner,
        notices=Notices(
            rows=store.notices,
            board=SlackNotices(
                client, queue, UpdatePace(steady, burst=NOTICES_BURST, every_s=NOTICES_EVERY_S)
            ),
            clock=clock,
            away_s=lambda: breaker.open_s,
            heard=lambda: breaker.heard,
        ),
        announcements=announcements,
        verdicts=verdicts,
        follower=follower,
        catch_up=CatchUp(
            alive=store.alive,
            past=SlackPast(client, opened.identity, workspace.kind_of, clock),
            intake=intake,
            hears=opened.hears,
            clock=clock,
            # Not further back than rows are kept: what was purged would be taken for a new build.
            within_s=3600.0 * min(settings.catch_up_hours, 24 * (settings.retention_days or 36_500)),
        ),
    )


def _follower(
    opened: Opened,
    threads: Threads,
    policy: Policy,
    wake: Callable[[], None],
    ended: Callable[[int], None],
) -> Follower | None:
    settings = opened.settings
    if not settings.onetrust_results_hours:
        return None
    first_s = float(settings.onetrust_results_poll_s)
    return Follower(
        store=opened.store,
        applications=opened.applications,
        looks=Looks(
            store=opened.store,
            applications=opened.applications,
            announcer=threads,
            clock=opened.clock,
            teaches=policy.teaches,
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


def _pipeline(opened: Opened, files: Files, threads: Threads, breaker: Breaker, policy: Policy) -> Pipeline:
    settings = opened.settings
    return Pipeline(
        store=opened.store,
        files=files,
        reader=opened.reader,
        routes=opened.routes,
        announcer=threads,
        clock=opened.clock,
        breaker=breaker,
        workroom=opened.workroom,
        teaches=policy.teaches,
        accepts_aab=settings.accepts_aab,
        holding=second_wiring.holding(opened),
    )


def _permalink(identity: Identity) -> Callable[[Scan], str | None]:
    def permalink(scan: Scan) -> str | None:
        if scan.channel is None or scan.message_ts is None:
            return None
        return identity.permalink(scan.channel, scan.reply_ts or scan.message_ts, scan.thread_ts)

    return permalink
