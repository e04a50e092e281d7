"""Lookups of third-party apps and their risks."""

from functools import partial

from bot.features.submission.worker import queue_job
from bot.features.third_party_apps import listeners, repository
from bot.features.third_party_apps.direct_messages import send_answer
from bot.features.third_party_apps.service import ThirdPartyApps
from bot.wiring.checks import zscaler
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit


def build(kit: Kit) -> Surface:
    """Build it; if the API is set up, it offers ``ThirdPartyApps``."""
    if kit.zscaler.governance is None:
        return Surface()
    apps = ThirdPartyApps(
        api=kit.zscaler.governance,
        lookups=kit.store.governance,
        send=partial(send_answer, kit.client),
        policy=kit.access,
        clock=kit.clock,
        wake=kit.wake,
    )
    kit.provide(apps)
    return Surface(
        commands=(listeners.governance_command(apps),),
        listeners=(lambda app: listeners.register(app, apps),),
        queues=(queue_job("third-party apps", apps.turn),),
    )


FEATURE = Feature(build=build, row_hooks=(repository.HOOKS,), checks=zscaler.governance)
