"""The hosts in builds, and the categories of URLs."""

from dataclasses import replace

from bot.features.history.history import HistoryService
from bot.features.hosts import listeners
from bot.features.hosts.categorizer import HostCategorizer
from bot.features.hosts.lookup import CategoryCache, UrlLookupService
from bot.features.submission.worker import queue_job
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build it; without look-ups, the modal still shows hosts that were found earlier."""
    card_for = kit.get(HistoryService).status
    surface = Surface(listeners=(lambda app: listeners.register(app, card_for),))
    if kit.zscaler.categories is None:
        return surface
    categories = CategoryCache(rows=kit.store.hosts, lookup=kit.zscaler.categories, clock=kit.clock)
    categorizer = HostCategorizer(
        rows=kit.store.hosts, categories=categories, announcer=kit.replies, clock=kit.clock
    )
    return replace(
        surface,
        commands=(listeners.urls_command(UrlLookupService(categories)),),
        queues=(queue_job("look-up of hosts", categorizer.turn),),
    )


FEATURE = Feature(name="hosts", build=build)
