"""Zscaler, for admins."""

from functools import partial

from bot.features.third_party_apps.service import ThirdPartyApps
from bot.features.zscaler_admin import listeners
from bot.features.zscaler_admin.service import ZscalerAdmin
from bot.scanners.zscaler.sandbox import PROFILE
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build it if any of Zscaler's APIs is set up."""
    settings, apps = kit.settings.zscaler, kit.find(ThirdPartyApps)
    if settings is None:
        return Surface()
    admin = ZscalerAdmin(
        policy=kit.access,
        clock=kit.clock,
        cloud=kit.zscaler.cloud,
        sent_since=partial(kit.store.verdicts.sent_since, PROFILE.name) if settings.sandbox else None,
        governance=(lambda: apps.remaining) if apps is not None else None,
    )
    return Surface(
        commands=(listeners.zscaler_command(admin),),
        listeners=(lambda app: listeners.register(app, admin),),
    )


FEATURE = Feature(build=build)
