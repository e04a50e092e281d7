"""What ``python -m bot check`` says of an address of Zscaler's that does not work as it was set."""

import pytest

from bot.cli.check.zscaler import results
from bot.config.env import Secret
from bot.config.zscaler import CloudSettings, SandboxSettings, SessionLogin, ZscalerSettings

NOBODY = "http://127.0.0.1:1"


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

    found = [finding async for finding in results(settings)]

    assert [finding.fit for finding in found] == [False, False]
    for finding, words in zip(found, told, strict=True):
        assert words in finding.note
        assert bool(words) is ("usually ends" in finding.note)
