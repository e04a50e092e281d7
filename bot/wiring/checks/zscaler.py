"""Checks of Zscaler: one cheap request to each API that is set up."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from typing import Final

import httpx

from bot.config.zscaler import AppTotalSettings, SandboxSettings
from bot.core.clock import SystemClock
from bot.errors import AppscanError, TryLater
from bot.features.zscaler_admin.models import ActivationStatus
from bot.features.zscaler_admin.service import CloudApis
from bot.metrics import Metrics
from bot.scanners.zscaler import credential_check
from bot.wiring.checks import CheckResult, Checkup, failed, passed
from bot.wiring.zscaler import open_zscaler

TIMEOUT_S: Final = 20.0
"""For signing in to the cloud service API and one request."""
ADDRESSES: Final = (
    "Check the network, ZSCALER_CLOUD or ZSCALER_API_URL, ZSCALER_OAUTH_TOKEN_URL where it is set, and the "
    "proxy settings."
)
WITHOUT: Final = "Scans by OneTrust continue without it."

_CLOUD, _SANDBOX, _GOVERNANCE = "Zscaler cloud", "Zscaler Sandbox", "Zscaler governance"
_WAITING: Final = {
    ActivationStatus.PENDING: "; saved changes wait to be activated",
    ActivationStatus.IN_PROGRESS: "; saved changes are being activated",
}


async def verdicts(checkup: Checkup) -> AsyncGenerator[CheckResult, None]:
    """Check the cloud service API and the Sandbox."""
    settings = checkup.settings.zscaler
    if settings is None:
        return
    async with open_zscaler(settings, SystemClock(), Metrics()) as zscaler:
        if zscaler.cloud is not None and settings.cloud is not None:
            ending = _ending("ZSCALER_API_URL", settings.cloud.url, "/api/v1")
            yield await _cloud(zscaler.cloud, ending)
    if settings.sandbox is not None:
        async with httpx.AsyncClient(verify=ssl.create_default_context()) as client:
            yield await _sandbox(client, settings.sandbox)


async def governance(checkup: Checkup) -> AsyncGenerator[CheckResult, None]:
    """Check the 3rd-Party App Governance API."""
    settings = checkup.settings.zscaler
    if settings is not None and settings.apptotal is not None:
        async with httpx.AsyncClient(verify=ssl.create_default_context()) as client:
            yield await _governance(client, settings.apptotal)


def _ending(name: str, url: str, ending: str) -> str:
    """Say how an address usually ends, unless it does; a gateway may have other paths."""
    return "" if url.endswith(ending) else f" {name} usually ends in {ending}, and does not here."


async def _cloud(cloud: CloudApis, ending: str) -> CheckResult:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            status = await cloud.activation.status()
    except TimeoutError:
        state = f"Signing in: {cloud.state.login_state}."
        return failed(_CLOUD, f"Zscaler did not answer in {TIMEOUT_S:.0f} s. {state}{ending} {WITHOUT}")
    except AppscanError as error:
        where = f" {ADDRESSES}" if isinstance(error, TryLater) and error.status is None else ""
        return failed(_CLOUD, f"{error.user_message}{where}{ending} {WITHOUT}")
    return passed(_CLOUD, f"the bot is signed in and may ask{_WAITING.get(status, '')}")


async def _sandbox(client: httpx.AsyncClient, settings: SandboxSettings) -> CheckResult:
    try:
        await credential_check.try_sandbox(client, settings.url, settings.token.reveal())
    except AppscanError as error:
        ending = _ending("ZSCALER_SANDBOX_URL", settings.url, "/zscsb")
        return failed(_SANDBOX, f"{error.user_message}{ending} {WITHOUT}")
    return passed(
        _SANDBOX, "the token was not refused with an empty body, which is no file; an APK shows the rest"
    )


async def _governance(client: httpx.AsyncClient, settings: AppTotalSettings) -> CheckResult:
    try:
        has_calls = await credential_check.try_governance(client, settings.url, settings.key.reveal())
    except AppscanError as error:
        return failed(_GOVERNANCE, f"{error.user_message} {WITHOUT}")
    used_up = "" if has_calls else "; today's calls are used up"
    return passed(_GOVERNANCE, f"the key is accepted{used_up}")
