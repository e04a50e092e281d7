"""What features are built from: what the bot has opened, and the services that features offer each other."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.config.settings import Settings
from bot.core.access import Access
from bot.core.circuit_breaker import CircuitBreaker
from bot.core.clock import SteadyClock
from bot.core.ports import BuildReader, Clock
from bot.core.rate_limit import RateLimiter, RateLimiters
from bot.core.scheduler import Scheduler
from bot.core.work_dir import WorkDir
from bot.features.compliance.rules import Rule
from bot.features.results.ports import Applications
from bot.features.submission.card import Card
from bot.features.submission.card_repository import Cards
from bot.features.submission.routes import Routes
from bot.features.submission.sections import ReplySection
from bot.features.submission.worker import Worker
from bot.features.verdicts.side_scanner import SideScanner
from bot.metrics import Metrics
from bot.slack.api.conversations import SlackConversations
from bot.slack.api.files import SlackFiles
from bot.slack.api.identity import Identity
from bot.slack.api.users import SlackPeople
from bot.slack.messages.delivery import POSTS, UPDATES
from bot.slack.messages.living_message import LivingMessages
from bot.slack.messages.subjects import Subject
from bot.storage.database import Database
from bot.wiring.repositories import Repositories
from bot.wiring.zscaler import Zscaler

T = TypeVar("T")

LAST_MESSAGES_S = 3.0
"""How long messages may still be updated at a stop."""


@dataclass(kw_only=True)
class Kit:
    """What features are built from."""

    settings: Settings
    clock: Clock
    database: Database
    store: Repositories
    client: AsyncWebClient
    identity: Identity
    routes: Routes
    reader: BuildReader
    work_dir: WorkDir
    metrics: Metrics
    rules: tuple[Rule, ...]
    """What results are judged by."""
    hears: Callable[[], Awaitable[bool]]
    """Whether what people do in Slack reaches the bot now."""
    applications: Applications
    """Reads OneTrust's list of apps, and results."""
    budget: RateLimiter
    """Of calls that read from OneTrust."""
    zscaler: Zscaler
    sections: Sequence[ReplySection]
    """Of the reply, beside those of the features."""
    side_scanners: tuple[SideScanner, ...]
    """All that are known, also those that are not set up."""
    stack: AsyncExitStack
    """What is put on it is called at the stop, the last first."""

    def __post_init__(self) -> None:
        """Make what all features share."""
        settings, client = self.settings, self.client
        self.steady = SteadyClock(self.clock)  # for what is never shown, such as the pace of messages
        self.posts, self.updates = RateLimiters(self.clock, POSTS), RateLimiter(self.clock, UPDATES)
        people = SlackPeople(client, self.identity, self.steady)
        self.stack.push_async_callback(people.close)
        self.workspace = SlackConversations(client, self.identity, self.steady)
        self.stack.push_async_callback(self.workspace.close)
        self.files = SlackFiles(
            client, api_url=settings.slack_api_url, token=settings.slack_bot_token.reveal()
        )
        self.access = Access(
            people=people,
            channels=settings.channels,
            users=settings.users,
            admins=settings.admins,
            guests="guests" in settings.admit,
            external="external" in settings.admit,
        )
        self.breaker = CircuitBreaker(self.clock)
        self.scheduler = Scheduler(self.clock)
        self._services: dict[tuple[type, str], object] = {}

    def provide(self, service: object, name: str = "") -> None:
        """Offer a service to the features that are built later; ``name`` tells apart those of one type."""
        self._services[type(service), name] = service

    def find(self, kind: type[T], name: str = "") -> T | None:
        """Return a service; ``None`` if its feature is not set up."""
        found = self._services.get((kind, name))
        return found if isinstance(found, kind) else None

    def get(self, kind: type[T], name: str = "") -> T:
        """Return a service that is always there.

        Raises:
            LookupError: the feature that offers it was not built yet.
        """
        found = self.find(kind, name)
        if found is None:
            raise LookupError(f"no feature offers {kind.__name__} {name}".rstrip())
        return found

    @property
    def replies(self) -> LivingMessages[Card]:
        """The replies in threads: the ``Announcer`` of scans."""
        return self.get(LivingMessages, "reply")

    def wake(self) -> None:
        """Tell the worker that there may be something to do."""
        self.get(Worker).wake()

    def messages(self, subject: Subject[Card]) -> LivingMessages[Card]:
        """Return the messages of a subject, which are brought up to date at the stop."""
        made = LivingMessages(
            subject=subject,
            client=self.client,
            bot_user_id=self.identity.user_id,
            load=self.get(Cards).card,
            pace=self.posts,
            updates=self.updates,
            clock=self.steady,
        )
        self.stack.push_async_callback(made.settle, LAST_MESSAGES_S)
        return made
