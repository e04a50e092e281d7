"""What features are built from: what the bot has opened, and the services that features offer each other."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.config.settings import Settings
from bot.core.access import Access
from bot.core.circuit_breaker import CircuitBreaker
from bot.core.clock import SteadyClock
from bot.core.ports import BuildReader, Clock
from bot.core.scan import Scan
from bot.core.scheduler import Scheduler
from bot.core.work_dir import WorkDir
from bot.features.compliance.rules import Rule
from bot.features.rescan_requests.messages import RescanRequestMessage
from bot.features.results.poller import ResultPoller
from bot.features.submission.card import Card
from bot.features.submission.sections import ReplySection
from bot.features.verdicts.hold import Hold
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.features.verdicts.side_scanner import SideScanner
from bot.metrics import CountedFiles, Metrics
from bot.slack.api.conversations import SlackConversations
from bot.slack.api.files import SlackFiles
from bot.slack.api.identity import Identity
from bot.slack.api.users import SlackPeople
from bot.slack.messages.living_message import LivingMessages
from bot.slack.messages.rejections import SlackRejections
from bot.slack.messages.subjects import Subject
from bot.storage.database import Database
from bot.wiring.domain import Posting, ReplyContext, SlackDomain
from bot.wiring.parts import OneTrust
from bot.wiring.zscaler import Zscaler

T = TypeVar("T")


@dataclass(kw_only=True, eq=False, repr=False)
class Kit:
    """What features are built from."""

    settings: Settings
    clock: Clock
    database: Database
    client: AsyncWebClient
    identity: Identity
    onetrust: OneTrust
    reader: BuildReader
    work_dir: WorkDir
    metrics: Metrics
    rules: tuple[Rule, ...]
    """What results are judged by."""
    hears: Callable[[], Awaitable[bool]]
    """Whether what people do in Slack reaches the bot now."""
    zscaler: Zscaler
    sections: Callable[[ReplyContext], Sequence[ReplySection]]
    """Returns all sections of a scan's reply."""
    side_scanners: tuple[SideScanner, ...]
    """All that are known, also those that are not set up."""
    stack: AsyncExitStack
    """What is put on it is called at the stop, the last first."""

    def __post_init__(self) -> None:
        """Make what all features share."""
        settings, client = self.settings, self.client
        self._services: list[object] = []
        self.steady = SteadyClock(self.clock)  # for what is never shown, such as the pace of messages
        people = SlackPeople(client, self.identity, self.steady)
        self.workspace = SlackConversations(client, self.identity, self.steady)
        refusals = SlackRejections(client)
        for each in (people, self.workspace, refusals):
            self.stack.push_async_callback(each.close)
        self.access = Access(
            people=people,
            workspace=self.workspace,
            channels=settings.channels,
            users=settings.users,
            admins=settings.admins,
            guests="guests" in settings.admit,
            external="external" in settings.admit,
        )
        self.files = SlackFiles(
            client, api_url=settings.slack_api_url, token=settings.slack_bot_token.reveal()
        )
        self.breaker, self.scheduler = CircuitBreaker(self.clock), Scheduler(self.clock)
        self.metrics.breaker_open = lambda: self.breaker.is_open
        posting = self._posting = Posting(
            client=client,
            bot_user_id=self.identity.user_id,
            clock=self.steady,
            stack=self.stack,
            settle_s=3.0,
        )
        context = ReplyContext(
            clock=self.clock,
            permalink=self.permalink,
            scanners=self.scanners,
            shows_hosts=settings.zscaler is not None,
            poller=partial(self.find, ResultPoller),
        )
        self.domain = SlackDomain(
            database=self.database,
            clock=self.clock,
            files=CountedFiles(self.files, self.metrics.pulled),
            reader=self.reader,
            routes=self.onetrust.routes,
            work_dir=self.work_dir,
            breaker=self.breaker,
            announce=posting.replies,
            sections=self.sections(context),
            permalink=self.permalink,
            log_url=settings.onetrust_log_url,
            may_create_link=self.access.may_create_link,
            accepts_aab=settings.accepts_aab,
            adjustment=Hold(scanners=tuple(scanner for scanner in self.side_scanners if scanner.sees_builds)),
            workspace=self.workspace,
            board=RescanRequestMessage(client, posting.posts, posting.updates),
            refusals=refusals,
            access=self.access,
            scheduler=self.scheduler,
            concurrency=settings.concurrency,
        )
        self.store, self.wake = self.domain.store, self.domain.wake
        self.replies = self.domain.announcer

    def provide(self, service: object) -> None:
        """Offer a service to the features that are built later, by its type."""
        self._services.append(service)

    def find(self, kind: type[T]) -> T | None:
        """Return a service; ``None`` if its feature is not set up."""
        return next((service for service in self._services if isinstance(service, kind)), None)

    def get(self, kind: type[T]) -> T:
        """Return a service that is always there.

        Raises:
            LookupError: the feature that offers it was not built yet.
        """
        if (found := self.find(kind)) is None:
            raise LookupError(f"no feature offers {kind.__name__}")
        return found

    @property
    def scanners(self) -> list[ScannerProfile]:
        """Side scanners that builds are sent to."""
        return [scanner.profile for scanner in self.side_scanners if scanner.submissions is not None]

    def permalink(self, scan: Scan) -> str | None:
        """Return a link to a scan's thread; ``None`` if it is not in Slack."""
        if scan.channel is None or scan.message_ts is None:
            return None
        return self.identity.permalink(scan.channel, scan.reply_ts or scan.message_ts, scan.thread_ts)

    def messages(self, subject: Subject[Card]) -> LivingMessages[Card]:
        """Return the messages of a subject."""
        return self._posting.messages(subject, self.domain.cards)
