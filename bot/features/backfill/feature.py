"""Finding builds that were shared while no events reached the bot."""

from contextlib import AsyncExitStack

from bot.features.backfill.service import Backfill
from bot.slack.api.history_reader import SlackHistory
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build the feature."""
    settings = kit.settings
    backfill = Backfill(
        alive=kit.store.alive,
        past=SlackHistory(kit.client, kit.identity, kit.workspace.kind_of, kit.clock),
        intake=kit.domain.intake,
        hears=kit.hears,
        clock=kit.clock,
        scheduler=kit.scheduler,
        # Not further back than rows are kept: a purged scan would be taken for a new build.
        within_s=3600.0 * min(settings.catch_up_hours, 24 * (settings.retention_days or 36_500)),
    )

    def start(stack: AsyncExitStack) -> None:
        backfill.start()
        stack.push_async_callback(backfill.stop)

    return Surface(when_connected=start)


FEATURE = Feature(build=build)
