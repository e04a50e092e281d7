"""Registers the listeners of all features with Slack's app."""

from collections.abc import Sequence

from slack_bolt.async_app import AsyncApp

from bot.slack.listening import absent, commands, error_handler, log_context, mentions
from bot.slack.listening.command import Topic
from bot.slack.listening.commands import Admit
from bot.wiring.feature import Surface


def register(app: AsyncApp, surfaces: Sequence[Surface], admit: Admit) -> None:
    """Register every listener, and what is said when one of them fails."""
    error_handler.register(app)
    log_context.register(app, {button for surface in surfaces for button in surface.scan_buttons})
    for surface in surfaces:
        for listen in surface.listeners:
            listen(app)
    topics: dict[str, Topic] = {}
    for surface in surfaces:
        topics |= surface.topics
        topics |= {command.word: command.topic for command in surface.commands}
    commands.register(app, [command for surface in surfaces for command in surface.commands], topics, admit)
    mentions.register(app, topics, admit)
    absent.register(app)
