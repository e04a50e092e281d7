"""OneTrust's own list of applications, and rescans of them."""

from bot.features.onetrust_apps import listeners
from bot.features.onetrust_apps.service import OneTrustApps
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build it; it offers ``OneTrustApps``."""
    apps = OneTrustApps(
        applications=kit.onetrust.applications,
        store=kit.store.applications,
        policy=kit.access,
        clock=kit.steady,
    )
    kit.provide(apps)
    intake = kit.domain.intake
    return Surface(
        commands=(listeners.rescan_command(apps, intake, kit.permalink),),
        listeners=(lambda app: listeners.register(app, apps, intake),),
    )


FEATURE = Feature(build=build)
