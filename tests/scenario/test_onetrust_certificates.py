"""A certificate that doesn't verify: neither a secret nor a build goes there, and the thread says so."""

from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Authority
from tests.scenario.office import apk, office

NOT_TRUSTED = (
    "The connection to OneTrust can't be trusted: its certificate does not check out. The operator of this "
    "bot should check {address}, and the certificate authorities that this machine trusts."
)
BAD: dict[str, dict[str, Any]] = {
    "one that has ended": {"days": -1},
    "another host's": {"names": "DNS:onetrust.example"},
    "one that nobody signed": {"signed": False},
}
FIRST_CALL = {
    "token": {},
    "webhook": {
        "ONETRUST_CLIENT_ID": "",
        "ONETRUST_CLIENT_SECRET": "",
        "ONETRUST_API_KEY": "an-api-key-of-dana",
    },
}
"""What a bot is set to whose first call is this one."""
ADDRESS = {"token": "`ONETRUST_URL`", "webhook": "the webhook URL"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def _trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))


@pytest.mark.parametrize("first_call", FIRST_CALL)
@pytest.mark.parametrize("what", BAD)
async def test_who_can_not_show_to_be_onetrust_gets_nothing(
    tmp_path: Path, authority: Authority, what: str, first_call: str
):
    async with office(tmp_path, tls=authority.server(**BAD[what]), **FIRST_CALL[first_call]) as place:
        place.clock.hurried = True
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        message = await place.reply(shared, "was not submitted", "certificate", "[ Try again ]")
        assert place.read(message).split("\n")[:3] == [
            "❌ Shop 4.2.0 was not submitted.",
            NOT_TRUSTED.format(address=ADDRESS[first_call]),
            "It is not retried automatically: once that is fixed, press Try again.",
        ]
        place.clock.advance(86_400)
        await place.command("help")
        assert place.onetrust.calls == []


async def test_one_that_verifies_is_good_for_both_calls(tmp_path: Path, authority: Authority):
    async with office(tmp_path, tls=authority.server()) as place:
        assert place.onetrust.url.startswith("https:")
        await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk())]))
        assert [(call.point, call.status) for call in place.onetrust.calls] == [
            ("token", 200),
            ("webhook", 202),
        ]
