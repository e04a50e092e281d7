"""The hosts in builds, and the categories of URLs."""

from bot.features.history.history import HistoryService
from bot.features.hosts import listeners, repository
from bot.features.hosts.categorizer import HostCategorizer
from bot.features.hosts.lookup import CategoryCache, UrlLookupService
from bot.features.hosts.models import LOOKUP, NAME
from bot.features.hosts.views import host_blocks
from bot.features.submission.sections import ReplySection
from bot.features.submission.worker import queue_job
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build it; without look-ups, the modal still shows hosts that were found earlier."""
    card_for, lookup, rows = kit.get(HistoryService).status, kit.zscaler.categories, kit.store.hosts
    listen = (lambda app: listeners.register(app, card_for),)
    if lookup is None:
        return Surface(listeners=listen)
    categories = CategoryCache(rows=rows, lookup=lookup, clock=kit.clock)
    categorizer = HostCategorizer(rows=rows, categories=categories, announcer=kit.replies, clock=kit.clock)
    return Surface(
        commands=(listeners.urls_command(UrlLookupService(categories)),),
        listeners=listen,
        queues=(queue_job(LOOKUP, categorizer.turn),),
    )


SECTION = ReplySection(
    name=NAME, read=lambda db, scan, _: repository.part(db, scan.number), blocks=host_blocks
)
FEATURE = Feature(
    build=build,
    reply_section=lambda context: SECTION if context.shows_hosts else None,
    row_hooks=(repository.HOOKS,),
)
