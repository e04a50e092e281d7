"""Notices of how many builds of a channel wait."""

from bot.core.rate_limit import RateLimiter
from bot.features.backlog import listeners
from bot.features.backlog.messages import BacklogMessages
from bot.features.backlog.service import BacklogNotices
from bot.features.backlog.views import queue
from bot.slack.messages.delivery import NOTICES
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build the feature."""
    notices = BacklogNotices(
        rows=kit.store.notices,
        board=BacklogMessages(kit.client, queue, RateLimiter(kit.clock, NOTICES)),
        clock=kit.clock,
        breaker=kit.breaker,
    )
    cancel_waiting = kit.domain.actions.cancel_waiting
    return Surface(listeners=(lambda app: listeners.register(app, cancel_waiting),), jobs=(notices.job,))


FEATURE = Feature(build=build)
