"""Judging results by the compliance rules, and reviewing violations."""

import logging

from bot.features.compliance import listeners, repository, views
from bot.features.compliance.review import ViolationReview
from bot.features.submission.sections import ReplySection
from bot.slack.messages.living_message import LivingMessages
from bot.wiring.checks import onetrust
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit

logger = logging.getLogger(__name__)

UNREAD = "ONETRUST_RESULTS_HOURS is 0; set it to 24, or unset APPSCAN_RULES"


def build(kit: Kit) -> Surface:
    """Build it."""
    if kit.rules and not kit.settings.onetrust_results_hours:
        logger.warning("results are not read, so that no rule of APPSCAN_RULES is judged: %s", UNREAD)
    replies, announcements = kit.replies, kit.get(LivingMessages)

    def refresh(number: int) -> None:
        replies.changed(number)
        announcements.changed(number)

    reviews = ViolationReview(store=kit.store, refresh=refresh, access=kit.access)
    return Surface(listeners=(lambda app: listeners.register(app, reviews),))


FEATURE = Feature(
    build=build,
    reply_section=lambda _: ReplySection(
        name=views.NAME,
        read=lambda db, scan, _: repository.read(db, scan.number),
        lines=lambda card: [views.violation_line(card)],
        announced=views.violation_blocks,
    ),
    row_hooks=(repository.HOOKS,),
    checks=onetrust.policy,
)
