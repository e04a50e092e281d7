"""Searching scans, apps and SDKs, and changing links."""

from bot.features.history.compare import Comparisons
from bot.features.history.history import HistoryService
from bot.features.history.listeners import HistoryCommands
from bot.features.onetrust_apps.service import OneTrustApps
from bot.features.results.poller import ResultPoller
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build it; it offers ``HistoryService`` and ``HistoryCommands``."""
    poller = kit.find(ResultPoller)
    history = HistoryService(
        store=kit.store,
        cards=kit.domain.cards,
        access=kit.access,
        clock=kit.clock,
        scanners=kit.scanners,
    )
    comparisons = Comparisons(
        store=kit.store,
        access=kit.access,
        reads=lambda: poller is not None and poller.reads,
        unread=lambda: poller is None or poller.refused,
    )
    commands = HistoryCommands(history, comparisons, kit.get(OneTrustApps))
    kit.provide(history)
    kit.provide(commands)
    return Surface(commands=commands.commands, listeners=(commands.register,))


FEATURE = Feature(build=build)
