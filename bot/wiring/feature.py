"""What a feature is: what it brings to the bot, and to ``python -m bot check``."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from slack_bolt.async_app import AsyncApp

from bot.core.scheduler import Job
from bot.slack.listening.command import Command, Topic
from bot.wiring.checks.result import CheckResult, Checkup
from bot.wiring.kit import Kit


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What a feature brings to the running bot."""

    commands: tuple[Command, ...] = ()
    topics: Mapping[str, Topic] = field(default_factory=dict)
    """Pages of help that are no command; in the help before the commands."""
    listeners: tuple[Callable[[AsyncApp], None], ...] = ()
    """Each registers some; called when all features are built."""
    scan_buttons: frozenset[str] = frozenset()
    """Action IDs, without a side scanner's name, whose value is a scan's number."""
    queues: tuple[Job, ...] = ()
    """Jobs that do what is due by the rows: woken and stopped with the worker."""
    jobs: tuple[Job, ...] = ()
    """All other jobs."""
    when_connected: Callable[[AsyncExitStack], None] | None = None
    """Called when Slack is heard; what it puts on the stack is called first at the stop, while Slack is."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One of the bot's features: the constant ``FEATURE`` in its module ``feature``."""

    name: str
    build: Callable[[Kit], Surface]
    """Builds it from the kit, with those built before; what is not set up brings an empty surface."""
    checks: Callable[[Checkup], AsyncIterator[CheckResult]] | None = None
    """Returns its lines of ``python -m bot check``."""
