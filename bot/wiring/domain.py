"""The domain, joined on its ports; the bot, ``python -m bot scan`` and the tests' bench are built with it."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cached_property, partial
from urllib.parse import quote

from slack_sdk.web.async_client import AsyncWebClient

from bot.core.access import Access
from bot.core.circuit_breaker import CircuitBreaker
from bot.core.ports import Announcer, BuildReader, Clock, Files, Refusals, Workspace
from bot.core.rate_limit import RateLimiter, RateLimiters
from bot.core.scan import Scan
from bot.core.scheduler import Scheduler
from bot.core.work_dir import WorkDir
from bot.features.rescan_requests.models import Board
from bot.features.results.poller import ResultPoller
from bot.features.submission.card import Card
from bot.features.submission.card_repository import Cards
from bot.features.submission.decision import Adjustment
from bot.features.submission.intake import Intake
from bot.features.submission.messages import reply_subject
from bot.features.submission.pipeline import Pipeline
from bot.features.submission.routes import Routes
from bot.features.submission.sections import ReplySection
from bot.features.submission.user_actions import UserActions
from bot.features.submission.views import reply
from bot.features.submission.worker import Worker
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.slack.messages.delivery import POSTS, UPDATES
from bot.slack.messages.living_message import LivingMessages
from bot.slack.messages.subjects import Subject
from bot.storage.database import Database
from bot.wiring.repositories import Repositories


@dataclass(frozen=True, kw_only=True)
class ReplyContext:
    """What the sections of replies are made from."""

    clock: Clock
    permalink: Callable[[Scan], str | None]
    scanners: Sequence[ScannerProfile]
    """Side scanners whose verdicts are shown."""
    shows_hosts: bool
    poller: Callable[[], ResultPoller | None] | None = None
    """Returns ``None`` if results are not read from OneTrust; without it, that is not known."""


@dataclass(kw_only=True, eq=False, repr=False)
class Domain:
    """Takes builds to OneTrust; each part is made when it is first used."""

    database: Database
    clock: Clock
    files: Files
    reader: BuildReader
    routes: Routes
    work_dir: WorkDir
    breaker: CircuitBreaker
    announce: Callable[["Domain"], Announcer]
    """Makes the announcer of scans."""
    sections: Sequence[ReplySection]
    permalink: Callable[[Scan], str | None]
    log_url: str | None
    """The address of a request's log, with ``{request_id}`` in it."""
    may_create_link: Callable[[Scan], bool]
    accepts_aab: bool = False
    adjustment: Adjustment | None = None

    @cached_property
    def store(self) -> Repositories:
        """All rows."""
        return Repositories(self.database, self.clock)

    def log_url_of(self, request_id: str) -> str | None:
        """Return the address of a request's log."""
        return self.log_url.replace("{request_id}", quote(request_id, safe="")) if self.log_url else None

    @cached_property
    def cards(self) -> Cards:
        """What the messages about a scan show."""
        return Cards(
            database=self.database,
            sections=self.sections,
            log_url=self.log_url_of,
            permalink=self.permalink,
            breaker=self.breaker,
        )

    @cached_property
    def announcer(self) -> Announcer:
        """Shows changes of scans."""
        return self.announce(self)

    @cached_property
    def pipeline(self) -> Pipeline:
        """Processes one scan."""
        return Pipeline(
            store=self.store,
            files=self.files,
            reader=self.reader,
            routes=self.routes,
            announcer=self.announcer,
            clock=self.clock,
            breaker=self.breaker,
            work_dir=self.work_dir,
            may_create_link=self.may_create_link,
            accepts_aab=self.accepts_aab,
            adjustment=self.adjustment,
        )


@dataclass(kw_only=True, eq=False, repr=False)
class SlackDomain(Domain):
    """The same, with what takes in builds and requests from Slack."""

    workspace: Workspace
    board: Board
    refusals: Refusals
    access: Access
    scheduler: Scheduler
    concurrency: int

    def wake(self, *reasons: str) -> None:
        """Poll the queues that these reasons concern now, or all of them."""
        self.worker.wake(*reasons)

    def drop(self, number: int) -> None:
        """Stop processing a scan that was cancelled."""
        self.worker.drop(number)

    @cached_property
    def intake(self) -> Intake:
        """Records shared and requested builds."""
        return Intake(
            store=self.store,
            workspace=self.workspace,
            board=self.board,
            announcer=self.announcer,
            refusals=self.refusals,
            access=self.access,
            clock=self.clock,
            wake=self.wake,
            drop=self.drop,
        )

    @cached_property
    def actions(self) -> UserActions:
        """Carries out what people ask for a scan."""
        return UserActions(
            store=self.store, announcer=self.announcer, access=self.access, wake=self.wake, drop=self.drop
        )

    @cached_property
    def worker(self) -> Worker:
        """Processes what is due."""
        return Worker(
            store=self.store,
            pipeline=self.pipeline,
            intake=self.intake,
            announcer=self.announcer,
            clock=self.clock,
            breaker=self.breaker,
            concurrency=self.concurrency,
            scheduler=self.scheduler,
        )


@dataclass(kw_only=True, eq=False, repr=False)
class Posting:
    """Posts and updates the messages about scans, at the pace that Slack allows."""

    client: AsyncWebClient
    bot_user_id: str
    clock: Clock
    stack: AsyncExitStack
    """Its end updates the messages a last time."""
    settle_s: float
    """How long that may take."""
    posts: RateLimiters = field(init=False)
    updates: RateLimiter = field(init=False)

    def __post_init__(self) -> None:
        """Start the rate limits, which all messages share."""
        self.posts, self.updates = RateLimiters(self.clock, POSTS), RateLimiter(self.clock, UPDATES)

    def messages(self, subject: Subject[Card], cards: Cards) -> LivingMessages[Card]:
        """Return the messages of a subject."""
        made = LivingMessages(
            subject=subject,
            client=self.client,
            bot_user_id=self.bot_user_id,
            load=cards.card,
            pace=self.posts,
            updates=self.updates,
            clock=self.clock,
        )
        self.stack.push_async_callback(made.settle, self.settle_s)
        return made

    def replies(self, domain: Domain) -> LivingMessages[Card]:
        """Return the replies in scans' threads, which announce what happens to scans."""
        render = partial(reply, sections=domain.sections)
        return self.messages(reply_subject(domain.store, render), domain.cards)
