"""What a feature is: what it brings to the bot, to other commands and to ``python -m bot check``."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from slack_bolt.async_app import AsyncApp

from bot.core.scheduler import Job
from bot.features.submission.sections import ReplySection
from bot.slack.listening import commands, error_handler, log_context
from bot.slack.listening.command import Command, Topic
from bot.slack.listening.commands import Admit
from bot.storage.connection import RowHooks
from bot.wiring.checks import CheckResult, Checkup
from bot.wiring.domain import ReplyContext
from bot.wiring.kit import Kit


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What a feature brings to the running bot."""

    commands: tuple[Command, ...] = ()
    topics: Mapping[str, Topic] = field(default_factory=dict)
    """Pages of help that are not commands; listed before the commands."""
    listeners: tuple[Callable[[AsyncApp], None], ...] = ()
    """Each registers some; called when all features are built."""
    scan_buttons: frozenset[str] = frozenset()
    """Action IDs, without a side scanner's name, whose value is a scan's number."""
    queues: tuple[Job, ...] = ()
    """Jobs that poll queues of rows: woken and stopped with the worker."""
    jobs: tuple[Job, ...] = ()
    """All other jobs."""
    when_connected: Callable[[AsyncExitStack], None] | None = None
    """Called once events arrive from Slack; what it puts on the stack runs first at a stop, while they do."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One of the bot's features: the constant ``FEATURE`` in its module ``feature``."""

    build: Callable[[Kit], Surface]
    """Builds it from the kit; a feature that is not set up brings an empty surface."""
    reply_section: Callable[[ReplyContext], ReplySection | None] | None = None
    """Returns its section of a scan's reply, if it shows one."""
    row_hooks: tuple[RowHooks, ...] = ()
    """What it does in the transactions of others: a scan's move, a decision, results, a purge, ``forget``."""
    checks: Callable[[Checkup], AsyncIterator[CheckResult]] | None = None
    """Returns its lines of ``python -m bot check``."""


def register(app: AsyncApp, surfaces: Sequence[Surface], admit: Admit) -> None:
    """Register the listeners of all features with Slack's app."""
    error_handler.register(app)
    log_context.register(app, {button for surface in surfaces for button in surface.scan_buttons})
    topics: dict[str, Topic] = {}
    for surface in surfaces:
        for listen in surface.listeners:
            listen(app)
        topics |= surface.topics
        topics |= {command.word: command.topic for command in surface.commands}
    commands.register(app, [command for surface in surfaces for command in surface.commands], topics, admit)
    error_handler.register_absent(app)
