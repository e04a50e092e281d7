"""Slack in: one module a surface, each with ``register(app, desk)``. A listener parses and calls the desk."""

from slack_bolt.async_app import AsyncApp

from bot.listeners import (
    actions,
    administration,
    breaches,
    commands,
    failures,
    files,
    governance,
    hosts,
    mentions,
    opinions,
    pages,
    press,
    queues,
    results,
    shortcuts,
    views,
)
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register every listener, and what is said when one of them fails."""
    failures.register(app)
    press.register(app)
    for surface in (
        files,
        commands,
        actions,
        administration,
        breaches,
        governance,
        results,
        hosts,
        opinions,
        queues,
        pages,
        views,
        shortcuts,
        mentions,
    ):
        surface.register(app, desk)
