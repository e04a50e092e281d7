"""Slack in: one module a surface, each with ``register(app, desk)``. A listener parses and calls the desk."""

from slack_bolt.async_app import AsyncApp

from bot.features.backlog import listeners as queues
from bot.features.compliance import listeners as breaches
from bot.features.history import listeners as pages
from bot.features.hosts import listeners as hosts
from bot.features.results import listeners as results
from bot.features.submission import (
    listeners,
    mention_listeners,
    modal_listeners,
    share_listeners,
    shortcut_listeners,
)
from bot.features.third_party_apps import listeners as governance
from bot.features.verdicts import listeners as verdicts
from bot.features.zscaler_admin import listeners as administration
from bot.slack.listening import commands, error_handler, log_context
from bot.wiring.services import Services


def register(app: AsyncApp, services: Services) -> None:
    """Register every listener, and what is said when one of them fails."""
    error_handler.register(app)
    log_context.register(app)
    for surface in (
        share_listeners,
        commands,
        listeners,
        administration,
        breaches,
        governance,
        results,
        hosts,
        verdicts,
        queues,
        pages,
        modal_listeners,
        shortcut_listeners,
        mention_listeners,
    ):
        surface.register(app, services)
