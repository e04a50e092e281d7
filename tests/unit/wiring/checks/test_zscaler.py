"""What ``python -m bot check`` says of an address of Zscaler's that does not work as it was set."""

from dataclasses import replace

import pytest

from bot.config.env import Secret
from bot.config.settings import Settings
from bot.config.zscaler import CloudSettings, SandboxSettings, SessionLogin, ZscalerSettings
from bot.wiring.checks import Checkup
from bot.wiring.checks.zscaler import verdicts

NOBODY = "http://127.0.0.1:1"
ENVIRON = {
    "SLACK_BOT_TOKEN": "xoxb-1234567890",
    "SLACK_APP_TOKEN": "xapp-1234567890",
    "ONETRUST_URL": NOBODY,
    "ONETRUST_API_KEY": "a-key-of-onetrust",
    "ONETRUST_ROUTES": "direct",
}


@pytest.mark.parametrize(
    ("path", "sandbox_path", "told"),
    [
        ("", "", ["ZSCALER_API_URL usually ends in /api/v1,", "ZSCALER_SANDBOX_URL usually ends in /zscsb,"]),
        ("/api/v1", "/zscsb", ["", ""]),
    ],
)
async def test_an_address_that_ends_otherwise_is_named_when_the_call_fails(path, sandbox_path, told):
    login = SessionLogin(username="appscan", password=Secret("pass word 1"), api_key=Secret("abcdefghijkl"))
    settings = ZscalerSettings(
        cloud=CloudSettings(url=f"{NOBODY}{path}", login=login),
        sandbox=SandboxSettings(url=f"{NOBODY}{sandbox_path}", token=Secret("sandbox-token")),
        apptotal=None,
        report_first_s=600,
        hold_max_s=None,
    )

    checkup = Checkup(settings=replace(Settings.read(ENVIRON), zscaler=settings))
    found = [finding async for finding in verdicts(checkup)]

    assert [finding.fit for finding in found] == [False, False]
    for finding, words in zip(found, told, strict=True):
        assert words in finding.note
        assert bool(words) is ("usually ends" in finding.note)
