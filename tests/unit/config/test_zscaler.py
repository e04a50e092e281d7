"""The settings of Zscaler: each API where its own are set, and every contradiction told by name."""

import pytest

from bot.config.settings import Settings
from bot.config.zscaler import OAuthLogin, SessionLogin, ZscalerSettings
from bot.errors import SettingsError

FULL = {
    "SLACK_BOT_TOKEN": "xoxb-1234567890",
    "SLACK_APP_TOKEN": "xapp-1234567890",
    "ONETRUST_URL": "https://app-eu.onetrust.com",
    "ONETRUST_API_KEY": "the-onetrust-key",
    "ONETRUST_WEBHOOK_URL": "https://app-eu.onetrust.com/integrationmanager/api/v1/webhook/abc",
}
OAUTH = {
    "ZSCALER_CLOUD": "zscalertwo.net",
    "ZSCALER_OAUTH_TOKEN_URL": "https://sso.example.com/as/token.oauth2",
    "ZSCALER_CLIENT_ID": "appscan",
    "ZSCALER_CLIENT_SECRET": "client-secret",
    "ZSCALER_ORG_ID": "8956412",
    "ZSCALER_API_ROLE": "appscan",
}
SESSION = {
    "ZSCALER_CLOUD": "zscalertwo.net",
    "ZSCALER_USERNAME": "appscan@example.com",
    "ZSCALER_PASSWORD": "pass word 1",
    "ZSCALER_API_KEY": "abcdefghijkl",
}
SANDBOX = {"ZSCALER_CLOUD": "zscalertwo.net", "ZSCALER_SANDBOX_TOKEN": "sandbox-token"}
GOVERNANCE = {"ZSCALER_APPTOTAL_KEY": "apptotal-key"}


def read(environ: dict[str, str]) -> ZscalerSettings | None:
    return Settings.read(FULL | environ).zscaler


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.read(FULL | environ)
    return caught.value.problems


def test_nothing_set_is_no_zscaler():
    assert read({}) is None


def test_the_cloud_gives_the_addresses_and_the_scope():
    zscaler = read(OAUTH | SANDBOX | GOVERNANCE)

    assert zscaler is not None
    assert zscaler.cloud is not None
    assert zscaler.cloud.url == "https://zsapi.zscalertwo.net/api/v1"
    assert isinstance(zscaler.cloud.login, OAuthLogin)
    assert zscaler.cloud.login.scope == "zscalertwo.net::8956412::appscan"
    assert zscaler.cloud.login.client_auth == "basic"
    assert zscaler.sandbox is not None
    assert zscaler.sandbox.url == "https://csbapi.zscalertwo.net/zscsb"
    assert zscaler.apptotal is not None
    assert zscaler.apptotal.url == "https://api.apptotal.zscaler.com/v1"
    assert (zscaler.report_first_s, zscaler.hold_max_s) == (600, None)


def test_addresses_of_their_own_override_it():
    zscaler = read(
        OAUTH
        | SANDBOX
        | GOVERNANCE
        | {
            "ZSCALER_CLOUD": "",
            "ZSCALER_SCOPE": "scope",
            "ZSCALER_API_URL": "https://one.example/api/v1/",
            "ZSCALER_SANDBOX_URL": "https://two.example/zscsb",
            "ZSCALER_APPTOTAL_URL": "http://127.0.0.1:80/v1",
        }
    )

    assert zscaler is not None
    assert zscaler.cloud is not None
    assert zscaler.cloud.url == "https://one.example/api/v1"
    assert zscaler.sandbox is not None
    assert zscaler.sandbox.url == "https://two.example/zscsb"
    assert zscaler.apptotal is not None
    assert zscaler.apptotal.url == "http://127.0.0.1:80/v1"


def test_a_session_has_an_administrator_and_a_key():
    zscaler = read(SESSION)

    assert zscaler is not None
    assert zscaler.cloud is not None
    assert isinstance(zscaler.cloud.login, SessionLogin)
    assert zscaler.cloud.login.password.reveal() == "pass word 1"
    assert zscaler.sandbox is None
    assert zscaler.apptotal is None


@pytest.mark.parametrize(("hold", "most", "held"), [("1", "", 1800), ("1", "60", 60), ("0", "60", None)])
def test_holding_is_switched_on(hold, most, held):
    zscaler = read(SANDBOX | {"ZSCALER_HOLD": hold, "ZSCALER_HOLD_MAX_S": most})

    assert zscaler is not None
    assert zscaler.hold_max_s == held


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        (OAUTH, ("the cloud service API by OAuth 2.0",)),
        (
            SESSION | SANDBOX | GOVERNANCE,
            ("the cloud service API by a session", "the Sandbox", "3rd-Party App Governance"),
        ),
        (SANDBOX | {"ZSCALER_HOLD": "1"}, ("the Sandbox, holding builds for 1800 s at most",)),
    ],
)
def test_what_is_set_up_is_named(environ, named):
    found = read(environ)

    assert found is not None
    assert found.apis() == named


def test_no_secret_is_shown_and_all_are_told_to_the_log():
    oauth = Settings.read(FULL | OAUTH | SANDBOX | GOVERNANCE)
    session = Settings.read(FULL | SESSION)
    shown = f"{oauth!r}{session!r}"
    secrets = {"client-secret", "sandbox-token", "apptotal-key", "pass word 1", "abcdefghijkl"}

    assert [secret for secret in secrets if secret in shown] == []
    assert secrets <= {*oauth.secrets(), *session.secrets()}


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"ZSCALER_CLOUD": "zscalertwo.net"}, "ZSCALER_CLOUD is set, and no API of Zscaler is"),
        ({"ZSCALER_CLOUD": "https://zsapi.net"}, "ZSCALER_CLOUD must be the name of your cloud alone"),
        ({"ZSCALER_CLOUD": "a" * 200 + ".net"}, "ZSCALER_CLOUD must be"),
        (OAUTH | SESSION, "ZSCALER_OAUTH_TOKEN_URL and ZSCALER_USERNAME are both set"),
        (OAUTH | {"ZSCALER_CLIENT_SECRET": ""}, "ZSCALER_CLIENT_SECRET is missing"),
        (OAUTH | {"ZSCALER_API_ROLE": ""}, "ZSCALER_SCOPE is missing"),
        (OAUTH | {"ZSCALER_SCOPE": "a\nb"}, "ZSCALER_SCOPE holds characters"),
        (OAUTH | {"ZSCALER_OAUTH_TOKEN_URL": "http://sso.example.com"}, "ZSCALER_OAUTH_TOKEN_URL must begin"),
        (OAUTH | {"ZSCALER_CLIENT_AUTH": "digest"}, "ZSCALER_CLIENT_AUTH must be one of basic, form"),
        (SESSION | {"ZSCALER_USERNAME": ""}, "ZSCALER_USERNAME is missing"),
        (SESSION | {"ZSCALER_PASSWORD": "short"}, "ZSCALER_PASSWORD must have 8"),
        (SESSION | {"ZSCALER_API_KEY": "abcdefghijklm"}, "ZSCALER_API_KEY is not 12 characters long"),
        (SESSION | {"ZSCALER_CLOUD": ""}, "ZSCALER_API_URL is missing"),
        (SANDBOX | {"ZSCALER_CLOUD": ""}, "ZSCALER_SANDBOX_URL is missing"),
        ({"ZSCALER_API_URL": "https://one.example"}, "ZSCALER_API_URL is set, and nothing to sign in with"),
        ({"ZSCALER_SANDBOX_URL": "https://one.example"}, "ZSCALER_SANDBOX_TOKEN is missing"),
        ({"ZSCALER_APPTOTAL_URL": "https://one.example"}, "ZSCALER_APPTOTAL_KEY is missing"),
        (GOVERNANCE | {"ZSCALER_HOLD": "1"}, "ZSCALER_HOLD has no verdicts to wait for"),
        (SANDBOX | {"ZSCALER_REPORT_FIRST_S": "0"}, "ZSCALER_REPORT_FIRST_S must be a whole number"),
        (SANDBOX | {"ZSCALER_HOLD_MAX_S": "x"}, "ZSCALER_HOLD_MAX_S must be a whole number"),
        ({"ZSCALER_SANDBOX_TOKN": "sandbox-token"}, "ZSCALER_SANDBOX_TOKN is not a setting"),
    ],
)
def test_what_is_wrong_is_told_by_name(environ, told):
    assert [problem for problem in problems(environ) if problem.startswith(told)]


@pytest.mark.parametrize("key", ["short", "abcdefghijklm", "abcd efghijk"])
def test_an_api_key_that_can_not_be_one_is_told_once(key):
    (told,) = problems(SESSION | {"ZSCALER_API_KEY": key})
    assert told.startswith("ZSCALER_API_KEY ")
