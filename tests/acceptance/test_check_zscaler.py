"""What ``python -m bot check`` tells of Zscaler, on the stand-in; its exit code too."""

from collections.abc import AsyncIterator

import pytest

from sandbox.bot_process import zscaler_settings
from sandbox.clock import Clock
from sandbox.zscaler import ZscalerSandbox
from tests import secrecy
from tests.acceptance.conftest import Stage
from tests.dead_servers import dead_server

SECRET = "zscaler-client-s3cret+/="


class Ahead(Clock):
    """Three hours ahead of the bot's."""

    def now(self) -> float:
        return super().now() + 3 * 3600


@pytest.fixture
async def zscaler() -> AsyncIterator[ZscalerSandbox]:
    async with ZscalerSandbox(client_secret=SECRET) as opened:
        yield opened


async def checked(stage: Stage, environ: dict[str, str]) -> tuple[int, list[str]]:
    """Run ``check``; return its exit code and what it says of Zscaler."""
    code, out, err = await stage.here("check", **environ)
    secrecy.look("what check printed", out + err, secrecy.secrets_of(environ, stage.onetrust))
    return code, [line for line in out.splitlines() if line[6:].startswith("Zscaler")]


async def test_all_that_is_set_up_is_asked_and_nothing_is_used_up(stage: Stage, zscaler: ZscalerSandbox):
    code, told = await checked(stage, zscaler_settings(zscaler))

    assert code == 0
    assert told == [
        "ok    Zscaler cloud: the bot is signed in and may ask",
        "ok    Zscaler Sandbox: the token was not refused with an empty body, which is no file; an APK shows "
        "the rest",
        "ok    Zscaler governance: the key is accepted",
    ]
    assert [call.point for call in zscaler.calls] == [
        "oauth.token",
        "cloud.status",
        "sandbox.discan",
        "governance.app",
    ]
    assert (zscaler.submissions, zscaler.submission_quota.used) == ([], 0)
    assert zscaler.governance.quota.used == 0


async def test_a_session_is_opened_and_ended(stage: Stage, zscaler: ZscalerSandbox):
    zscaler.world.activation = "PENDING"
    code, told = await checked(stage, zscaler_settings(zscaler, "session"))

    assert code == 0
    assert told[0].startswith("ok    Zscaler cloud: the bot is signed in")
    assert told[0].endswith("; saved changes wait to be activated")
    assert zscaler.logouts == []  # signing out would activate them


async def test_what_is_wrong_is_told_with_what_to_do(stage: Stage, zscaler: ZscalerSandbox):
    wrong = {
        "ZSCALER_CLIENT_SECRET": "another-secret",
        "ZSCALER_SANDBOX_TOKEN": "another-token",
        "ZSCALER_APPTOTAL_KEY": "another-key",
    }
    code, (cloud, sandbox, governance) = await checked(stage, zscaler_settings(zscaler) | wrong)

    assert code == 1
    assert cloud.startswith("FAIL  Zscaler cloud: Zscaler's authorization server")
    assert "`ZSCALER_CLIENT_SECRET`" in cloud
    assert sandbox.startswith("FAIL  Zscaler Sandbox: Zscaler's Sandbox Submission API does not accept ")
    assert sandbox.endswith(
        "ZSCALER_SANDBOX_TOKEN (401): copy it again. Scans by OneTrust continue without it."
    )
    assert governance.startswith("FAIL  Zscaler governance: Zscaler's 3rd-Party App Governance API does not")


async def test_a_clock_that_is_off_is_told(stage: Stage):
    async with ZscalerSandbox(client_secret=SECRET, clock=Ahead()) as zscaler:
        code, told = await checked(stage, zscaler_settings(zscaler, "session"))

    assert code == 1
    assert "the clock of the bot's machine is 3.0 hours behind Zscaler's" in told[0]


async def test_maintenance_is_told(stage: Stage, zscaler: ZscalerSandbox):
    zscaler.world.in_maintenance = True
    code, told = await checked(stage, zscaler_settings(zscaler, "session"))

    assert code == 1
    assert "Zscaler is under maintenance (403)" in told[0]


async def test_each_that_can_not_be_reached_is_told(stage: Stage, zscaler: ZscalerSandbox):
    environ = zscaler_settings(zscaler)
    async with dead_server("down") as url:
        dead = {name: value.replace(zscaler.url, url) for name, value in environ.items()}
        code, told = await checked(stage, dead)

    assert code == 1
    assert len(told) == 3
    assert all(line.startswith("FAIL") and "can't be reached" in line for line in told)
    assert "ZSCALER_API_URL, ZSCALER_OAUTH_TOKEN_URL" in told[0]


async def test_without_zscaler_nothing_is_said_of_it(stage: Stage):
    assert await checked(stage, {}) == (0, [])
