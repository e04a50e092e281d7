"""The settings: what is taken, what is refused, and that no problem repeats a value."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import urls
from bot.config.env import Invalid, Secret, secrets_in
from bot.config.settings import DECLARED, RUN, VARIABLES, Need, Settings
from bot.errors import SettingsError

ROOT = Path(__file__).parents[3]
WEBHOOK_ID = "0b6f4b2c-7c1e-4d43-9c0a-5f8a2d1e9b77"
ONETRUST = "https://app-eu.onetrust.com"
WEBHOOK = f"{ONETRUST}/integrationmanager/api/v1/webhook/{WEBHOOK_ID}"
FULL = {
    "SLACK_BOT_TOKEN": "xoxb-1234567890",
    "SLACK_APP_TOKEN": "xapp-1234567890",
    "ONETRUST_URL": ONETRUST,
    "ONETRUST_CLIENT_ID": "the-client",
    "ONETRUST_CLIENT_SECRET": "the-client-secret",
    "ONETRUST_WEBHOOK_URL": WEBHOOK,
}
HTTP = {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "8f742231b10e8888", "PORT": "3000"}


def problems(needs: frozenset[Need] = RUN, **changes: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.read(FULL | changes, needs)
    return caught.value.problems


def test_the_least_that_is_needed_and_the_defaults():
    settings = Settings.read(FULL)

    assert settings.slack_bot_token.reveal() == "xoxb-1234567890"
    assert settings.slack_app_token == Secret("xapp-1234567890")
    assert settings.slack_signing_secret is None
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.port is None
    assert settings.onetrust_url == ONETRUST
    assert settings.onetrust_client_auth == "basic"
    assert settings.onetrust_api_key is None
    assert settings.onetrust_webhook_url.reveal() == WEBHOOK
    assert settings.onetrust_log_url is None
    assert settings.onetrust_routes == ("webhook", "ftp")
    assert not settings.accepts_aab
    assert settings.database == Path("appscan.db")
    assert settings.channels == settings.users == frozenset()
    assert settings.rules_file is None
    assert settings.concurrency == 4
    assert settings.retention_days is None
    assert settings.catch_up_hours == 24
    assert (settings.onetrust_results_poll_s, settings.onetrust_results_hours) == (30, 24)
    assert settings.log_level == "INFO"
    assert settings.log_format == "text"
    assert settings.metrics_port is None


def test_everything_set():
    settings = Settings.read(
        FULL
        | {
            "SLACK_API_URL": "http://127.0.0.1:8080/api",
            "PORT": "8081",
            "ONETRUST_CLIENT_AUTH": "Form",
            "ONETRUST_LOG_URL": "https://app-eu.onetrust.com/logs?q={request_id}",
            "ONETRUST_ROUTES": "direct, Webhook",
            "ONETRUST_RESULTS_POLL_S": "60",
            "ONETRUST_RESULTS_HOURS": "0",
            "APPSCAN_DB": "/var/lib/appscan/history.db",
            "APPSCAN_CHANNELS": "C0123ABCD, G0123ABCD D0123ABCD",
            "APPSCAN_USERS": "U0123ABCD,W0123ABCD\nB0123ABCD,",
            "APPSCAN_ADMINS": "U0123ABCD W0123ABCD",
            "APPSCAN_ADMIT": "Guests, external",
            "APPSCAN_POLICY": "/etc/appscan/policy.toml",
            "APPSCAN_CONCURRENCY": "32",
            "APPSCAN_RETENTION_DAYS": "365",
            "APPSCAN_CATCH_UP_HOURS": "0",
            "APPSCAN_MENTION": "Nobody",
            "APPSCAN_LOG_LEVEL": "debug",
            "APPSCAN_LOG_FORMAT": "JSON",
            "APPSCAN_METRICS_PORT": "9464",
        }
    )

    assert settings.slack_api_url == "http://127.0.0.1:8080/api/"
    assert settings.port == 8081
    assert settings.onetrust_client_auth == "form"
    assert settings.catch_up_hours == 0
    assert settings.onetrust_log_url == "https://app-eu.onetrust.com/logs?q={request_id}"
    assert (settings.onetrust_results_poll_s, settings.onetrust_results_hours) == (60, 0)
    assert settings.onetrust_routes == ("direct", "webhook")
    assert settings.accepts_aab
    assert settings.database == Path("/var/lib/appscan/history.db")
    assert settings.channels == {"C0123ABCD", "G0123ABCD", "D0123ABCD"}
    assert settings.users == {"U0123ABCD", "W0123ABCD", "B0123ABCD"}
    assert settings.rules_file == Path("/etc/appscan/policy.toml")
    assert settings.concurrency == 32
    assert settings.retention_days == 365
    assert settings.mention == "nobody"
    assert settings.log_level == "DEBUG"
    assert settings.log_format == "json"
    assert settings.metrics_port == 9464


def test_the_direct_route_alone_needs_no_webhook():
    direct = FULL | {"ONETRUST_WEBHOOK_URL": "", "ONETRUST_ROUTES": "direct"}
    rescans_only = Settings.read(direct)
    assert not rescans_only.onetrust_webhook_url
    assert (rescans_only.onetrust_org_id, rescans_only.onetrust_solution_type) == (None, "API")

    more = {"ONETRUST_ORG_ID": WEBHOOK_ID, "ONETRUST_SOLUTION_TYPE": "onetrust_sdk"}
    settings = Settings.read(direct | more)
    assert (settings.onetrust_org_id, settings.onetrust_solution_type) == (WEBHOOK_ID, "ONETRUST_SDK")


def test_http_mode_and_an_api_key():
    settings = Settings.read(
        FULL
        | HTTP
        | {"ONETRUST_CLIENT_ID": "", "ONETRUST_CLIENT_SECRET": "", "ONETRUST_API_KEY": "the-api-key"}
    )

    assert settings.slack_app_token is None
    assert settings.slack_signing_secret == Secret("8f742231b10e8888")
    assert settings.port == 3000
    assert settings.onetrust_client_id is None
    assert settings.onetrust_api_key == Secret("the-api-key")


def test_blanks_and_quotes_around_a_value_are_dropped():
    settings = Settings.read(
        FULL | {"ONETRUST_URL": f' "{ONETRUST}/" \n', "ONETRUST_WEBHOOK_URL": f"'{WEBHOOK}?a=b&c=d'"}
    )

    assert settings.onetrust_url == ONETRUST
    assert settings.onetrust_webhook_url.reveal() == f"{WEBHOOK}?a=b&c=d"


def test_nothing_set_tells_everything_that_is_missing_at_once():
    with pytest.raises(SettingsError) as caught:
        Settings.read(dict.fromkeys(VARIABLES, " '' "))

    assert [problem.split()[0] for problem in caught.value.problems] == [
        "APPSCAN_CHANNELS",
        "APPSCAN_USERS",
        "APPSCAN_ADMINS",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "ONETRUST_URL",
        "ONETRUST_CLIENT_ID",
        "ONETRUST_WEBHOOK_URL",
    ]
    assert str(caught.value) == "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("needs", "environ"),
    [
        (frozenset(), {}),
        (frozenset({Need.POST}), {"SLACK_BOT_TOKEN": "xoxb-1234567890"}),
        (
            frozenset({Need.ONETRUST}),
            {name: value for name, value in FULL.items() if name.startswith("ONETRUST_")},
        ),
    ],
)
def test_a_subcommand_needs_only_its_own(needs, environ):
    broken = dict.fromkeys(VARIABLES, "\x00 wrong") | {"APPSCAN_DB": "there.db"}
    for name in (each for each in VARIABLES if each.startswith("APPSCAN_") and each != "APPSCAN_DB"):
        del broken[name]
    if Need.POST in needs:
        del broken["SLACK_API_URL"]
    if Need.ONETRUST in needs:
        broken = {name: value for name, value in broken.items() if not name.startswith("ONETRUST_")}

    settings = Settings.read(broken | environ, needs)

    assert settings.database == Path("there.db")
    assert bool(settings.slack_bot_token) == (Need.POST in needs)
    assert bool(settings.onetrust_webhook_url) == (Need.ONETRUST in needs)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"SLACK_BOT_TOKEN": "xoxp-1234567890"}, "SLACK_BOT_TOKEN must begin with xoxb-"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_BOT_TOKEN is shorter than 8"),
        ({"SLACK_BOT_TOKEN": "xoxb-12345\r\n67890"}, "SLACK_BOT_TOKEN holds blanks"),
        ({"SLACK_APP_TOKEN": "xoxb-1234567890"}, "SLACK_APP_TOKEN must begin with xapp-"),
        (HTTP | {"SLACK_SIGNING_SECRET": ""}, "SLACK_APP_TOKEN is missing"),
        (HTTP | {"PORT": ""}, "PORT is missing"),
        ({"PORT": "65536"}, "PORT must be a whole number from 0 to 65535"),
        ({"PORT": "٣٠٠٠"}, "PORT must be"),
        ({"SLACK_API_URL": "http://slack.com/api/"}, "SLACK_API_URL must begin with https://"),
        ({"SLACK_API_URL": "https://slack.com/api/?x=1"}, "SLACK_API_URL must hold no ?"),
        ({"ONETRUST_URL": "https://customer.my.onetrust.com"}, "ONETRUST_URL is OneTrust's example"),
        ({"ONETRUST_URL": "https://app-eu.onetrust.com/api"}, "ONETRUST_URL must end after the host"),
        ({"ONETRUST_URL": "https://{env}.onetrust.com"}, "ONETRUST_URL must begin with https:// and a host"),
        ({"ONETRUST_CLIENT_ID": ""}, "ONETRUST_CLIENT_ID is missing: it goes with ONETRUST_CLIENT_SECRET"),
        ({"ONETRUST_CLIENT_SECRET": ""}, "ONETRUST_CLIENT_SECRET is missing"),
        ({"ONETRUST_API_KEY": "the-api-key"}, "ONETRUST_API_KEY and ONETRUST_CLIENT_ID are both set"),
        ({"ONETRUST_CLIENT_AUTH": "digest"}, "ONETRUST_CLIENT_AUTH must be one of basic, form"),
        ({"ONETRUST_WEBHOOK_URL": WEBHOOK + "/"}, "ONETRUST_WEBHOOK_URL ends in a slash"),
        (
            {"ONETRUST_WEBHOOK_URL": WEBHOOK.replace("app-eu", "app")},
            "ONETRUST_WEBHOOK_URL must be on the host",
        ),
        ({"ONETRUST_LOG_URL": "https://x.example/{request}"}, "ONETRUST_LOG_URL may hold {request_id}"),
        ({"ONETRUST_LOG_URL": "https://{request_id}:99999/"}, "ONETRUST_LOG_URL is no web address"),
        ({"ONETRUST_LOG_URL": "javascript:alert(1)"}, "ONETRUST_LOG_URL must begin with https://"),
        ({"APPSCAN_DB": "~/appscan.db"}, "APPSCAN_DB must be the path of a file"),
        ({"APPSCAN_DB": ":memory:"}, "APPSCAN_DB must be the path of a file"),
        ({"APPSCAN_POLICY": "~/policy.toml"}, "APPSCAN_POLICY must be the path of a file"),
        ({"APPSCAN_CHANNELS": "C0123ABCD,#builds"}, "APPSCAN_CHANNELS has an entry (number 2)"),
        ({"APPSCAN_USERS": "@anna"}, "APPSCAN_USERS has an entry (number 1)"),
        ({"APPSCAN_USERS": ","}, "APPSCAN_USERS is set but lists nothing: list at least one, or remove it"),
        ({"APPSCAN_CHANNELS": " , ,"}, "APPSCAN_CHANNELS is set but lists nothing"),
        ({"APPSCAN_ADMINS": "''"}, "APPSCAN_ADMINS is set but lists nothing"),
        ({"APPSCAN_USERS": ""}, "APPSCAN_USERS is set but lists nothing"),
        (
            {"APPSCAN_ALLOWED_USERS": "U0123ABCD"},
            "APPSCAN_ALLOWED_USERS is not a setting: did you mean APPSCAN_",
        ),
        (
            {"APPSCAN_WHITELIST": "U0123ABCD"},
            "APPSCAN_WHITELIST is not a setting: did you mean APPSCAN_CHANNELS?",
        ),
        (
            {"PORT": "8080", "APPSCAN_METRICS_PORT": "8080"},
            "APPSCAN_METRICS_PORT is PORT: set another port, or leave it out",
        ),
        ({"APPSCAN_RETENTION_DAYS": "0"}, "APPSCAN_RETENTION_DAYS must be a whole number from 1 to 36500"),
        ({"APPSCAN_CATCH_UP_HOURS": "721"}, "APPSCAN_CATCH_UP_HOURS must be a whole number from 0 to 720"),
        ({"APPSCAN_MENTION": "channel"}, "APPSCAN_MENTION must be one of sharer, nobody"),
        ({"APPSCAN_ADMINS": "U0123ABCD B0123ABCD"}, "APPSCAN_ADMINS has an entry (number 2)"),
        ({"ONETRUST_ORG_ID": "default"}, "ONETRUST_ORG_ID is no ID such as"),
        ({"ONETRUST_SOLUTION_TYPE": "SDK"}, "ONETRUST_SOLUTION_TYPE must be one of API, ONETRUST_SDK"),
        ({"ONETRUST_WEBHOOK_URL": ""}, "ONETRUST_WEBHOOK_URL is missing: copy the HTTP POST URL"),
        (
            {"ONETRUST_ROUTES": "ftp"},
            "ONETRUST_ROUTES lists no route that has all its settings: set ONETRUST_FTP_URL and",
        ),
        ({"ONETRUST_ROUTES": "webhook,mail"}, "ONETRUST_ROUTES may hold webhook, ftp and direct"),
        ({"ONETRUST_RESULTS_POLL_S": "4"}, "ONETRUST_RESULTS_POLL_S must be a whole number from 5 to 3600"),
        ({"ONETRUST_RESULTS_HOURS": "721"}, "ONETRUST_RESULTS_HOURS must be a whole number from 0 to 720"),
        ({"ONETRUST_ROUTES": "ftp,ftp"}, "ONETRUST_ROUTES may hold webhook, ftp and direct, each once"),
        ({"APPSCAN_ADMIT": "guests everybody"}, "APPSCAN_ADMIT may hold guests and external"),
        ({"APPSCAN_CONCURRENCY": "0"}, "APPSCAN_CONCURRENCY must be a whole number from 1 to 32"),
        ({"APPSCAN_LOG_LEVEL": "LOUD"}, "APPSCAN_LOG_LEVEL must be one of INFO"),
        ({"APPSCAN_METRICS_PORT": "on"}, "APPSCAN_METRICS_PORT must be a whole number from 0 to 65535"),
        ({"APPSCAN_LOG_FORMAT": "xml"}, "APPSCAN_LOG_FORMAT must be one of text, json"),
        (
            {"APPSCAN_CHANNEL": "C0123ABCD"},
            "APPSCAN_CHANNEL is not a setting: did you mean APPSCAN_CHANNELS?",
        ),
    ],
)
def test_what_is_refused(changes, told):
    assert [problem[: len(told)] for problem in problems(**changes)] == [told]


def test_a_directory_is_no_database(tmp_path):
    assert problems(APPSCAN_DB=str(tmp_path))[0].startswith("APPSCAN_DB must be the path of a file")


@given(st.dictionaries(st.sampled_from(VARIABLES), st.text(min_size=4)))
def test_any_values_are_taken_or_told_of_by_name_and_never_repeated(environ):
    try:
        settings = Settings.read(FULL | environ)
    except SettingsError as error:
        for problem in error.problems:
            assert problem.isprintable()
            assert problem.split()[0] in VARIABLES
    else:
        assert settings.onetrust_webhook_url.reveal().startswith(settings.onetrust_url)


@pytest.mark.parametrize("name", sorted({*VARIABLES} - {"APPSCAN_DB", "APPSCAN_RULES", "APPSCAN_POLICY"}))
def test_a_secret_in_the_wrong_variable_is_not_repeated(name):
    with pytest.raises(SettingsError) as caught:
        Settings.read(FULL | {name: "qwertyuiop asdfghjkl"})

    assert "qwertyuiop" not in str(caught.value)


def test_no_secret_is_in_the_repr():
    settings = Settings.read(FULL | HTTP | {"SLACK_APP_TOKEN": "xapp-1234567890"})

    shown = f"{settings!r} {settings.slack_bot_token} {settings.onetrust_webhook_url!s:>20}"

    assert [secret for secret in settings.secrets() if secret in shown] == []
    assert len(settings.secrets()) == 6


def test_the_parts_of_the_webhook_that_give_it_away_are_secrets():
    address = f"{WEBHOOK}?Authorization=Bearer%20the-pasted-key&v=1"

    secrets = Settings.read(FULL | {"ONETRUST_WEBHOOK_URL": address}).secrets()

    assert {address, WEBHOOK_ID, "the-pasted-key", "Authorization=Bearer%20the-pasted-key&v=1"} <= set(
        secrets
    )
    assert "1" not in secrets


@pytest.mark.parametrize(
    "url",
    [
        "https://app-eu.onetrust.com@evil.example/integrationmanager/api/v1/webhook/abc",
        "https://evil.example\\@app-eu.onetrust.com/integrationmanager/api/v1/webhook/abc",
        "https://app-eu.onetrust.com:8443/integrationmanager/api/v1/webhook/abc",
        "https://app-eu.onetrust.com.evil.example/integrationmanager/api/v1/webhook/abc",
        "http://app-eu.onetrust.com/integrationmanager/api/v1/webhook/abc",
        "https://app-eu.onetrust.com/integrationmanager/api/v1/webhook/abc/",
        "https://app-eu.onetrust.com/integrationmanager/api/v1/webhook/abc/?a=b",
        "https://app-eu.onetrust.com/integrationmanager/api/v1/webhook/../x",
        "https://app-eu.onetrust.com/integrationmanager/api/v1/webhook/abc#x",
        "https://app-eu.onetrust.com/integrationmanager/api/v1/webhook/",
        "https://app-eu.onetrust.com/integrationmanager/api/v1/webhook/a\nb",
        "https://[app/integrationmanager/api/v1/webhook/abc",
        "",
    ],
)
def test_where_no_token_may_go(url):
    with pytest.raises(SettingsError):
        Settings.read(FULL | {"ONETRUST_WEBHOOK_URL": url})


def test_the_host_is_compared_as_hosts_are():
    webhook = "https://APP-EU.onetrust.com:443/integrationmanager/api/v1/webhook/abc"

    assert Settings.read(FULL | {"ONETRUST_WEBHOOK_URL": webhook}).onetrust_webhook_url.reveal() == webhook


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080", "127.9.9.9"])
def test_http_is_for_this_machine(host):
    assert urls.endpoint(f"http://{host}/api") == f"http://{host}/api"


@pytest.mark.parametrize("host", ["128.0.0.1", "localhost.evil.example", "[::2]", "10.0.0.1", "127.1"])
def test_http_is_for_this_machine_only(host):
    with pytest.raises(Invalid, match="must begin with https://"):
        urls.endpoint(f"http://{host}/api")


def test_a_misspelt_slack_name_is_a_warning_as_it_may_be_of_another_tool():
    settings = Settings.read(FULL | {"SLACK_API_TOKEN": "xoxb-of-another", "SLACK_WEBHOOK": "of another"})

    assert settings.warnings == ("SLACK_API_TOKEN is not a setting: did you mean SLACK_APP_TOKEN?",)
    assert Settings.read(FULL | {"ZSCALER_VANITY_DOMAIN": "of another", "PATH": "/bin"}).warnings == ()


def test_a_misspelt_slack_name_is_told_with_what_is_missing_for_it():
    told = problems(SLACK_BOT_TOKEN="", SLACK_BOT_TOKN="xoxb-1234567890")

    assert told[0].startswith("SLACK_BOT_TOKEN is missing")
    assert told[1:] == ["SLACK_BOT_TOKN is not a setting: did you mean SLACK_BOT_TOKEN?"]


@pytest.mark.parametrize(
    "names", [("APPSCAN_RULES",), ("APPSCAN_POLICY",), ("APPSCAN_RULES", "APPSCAN_POLICY")]
)
def test_the_rules_file_is_named_by_its_new_or_old_name(names):
    settings = Settings.read(FULL | dict.fromkeys(names, "/etc/appscan/rules.toml"))

    assert settings.rules_file == Path("/etc/appscan/rules.toml")


def test_two_rules_files_are_refused():
    told = problems(APPSCAN_RULES="new.toml", APPSCAN_POLICY="old.toml")

    assert told == ["APPSCAN_RULES and APPSCAN_POLICY, its old name, differ: keep APPSCAN_RULES alone."]


@pytest.mark.parametrize("name", ["APPSCAN_DB", "APPSCAN_RULES", "ONETRUST_FTP_CA"])
def test_what_is_too_long_for_a_path_is_not_repeated(name):
    text = "/tmp/" + "s3cret" * 1000  # noqa: S108 - nothing is written there
    ftp = {"ONETRUST_FTP_URL": "ftps://u:hunter22@h", "ONETRUST_FTP_WEBHOOK_URL": f"{WEBHOOK}-ftp"}
    try:
        told = str(Settings.read(FULL | ftp | {name: text}))
    except SettingsError as error:
        told = str(error)
        assert told == f"{name} must be the path of a file that exists and can be read."
    assert told.count("s3cret" * 1000) == (name in {"APPSCAN_DB", "APPSCAN_RULES"})


def test_every_declared_secret_is_hidden_from_the_log():
    @dataclass(frozen=True)
    class Inner:
        token: Secret
        name: str

    @dataclass(frozen=True)
    class Outer:
        inner: Inner
        absent: Inner | None
        key: Secret | None

    outer = Outer(Inner(Secret("token-of-inner"), "plain"), None, Secret("key-of-outer"))

    assert list(secrets_in(outer)) == ["token-of-inner", "key-of-outer"]


def variables_in(path: str) -> set[str]:
    return set(
        re.findall(
            r"\b(?:(?:SLACK|ONETRUST|APPSCAN|ZSCALER)_[A-Z_]+|PORT)\b",
            (ROOT / path).read_text(encoding="utf-8"),
        )
    )


@pytest.mark.parametrize("path", ["docs/settings.md", ".env.example"])
def test_the_documents_name_every_variable_and_no_other(path):
    assert variables_in(path) - {"ONETRUST_SDK"} == set(VARIABLES)


def test_every_name_in_the_code_s_texts_is_a_setting():
    shape = re.compile(r"\b(?:SLACK|ONETRUST|APPSCAN|ZSCALER)_[A-Z_]+[A-Z]\b")
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "bot").rglob("*.py")]
    texts = [str(node.value) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]

    assert {*shape.findall("\n".join(texts))} - {*VARIABLES} == {"ONETRUST_SDK", "SLACK_API_TOKEN"}


ROWS = {
    line.split("`")[1]: line
    for line in (ROOT / "docs/settings.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `") and line.count("|") == 4
}
SECRET_TEXTS = {"ONETRUST_FTP_URL", "ONETRUST_FTP_PASSWORD", "ONETRUST_FTP_KEY_PASSPHRASE"}
"""Of the file server's address, which holds them as texts."""


@pytest.mark.parametrize("name", DECLARED)
def test_the_document_says_what_is_a_secret(name):
    is_secret = "Secret" in str(DECLARED[name].type) or name in SECRET_TEXTS

    assert ("**Secret" in ROWS[name]) == is_secret


@pytest.mark.parametrize("name", DECLARED)
def test_the_document_gives_the_default_and_the_bounds(name):
    default, parse = (DECLARED[name].metadata[key] for key in ("default", "parse"))
    if default and isinstance(default, int | str | Path):
        assert f"{default}" in ROWS[name]
    if {"least", "most"} <= set(parse.keywords):
        assert "{least} to {most}".format(**parse.keywords) in ROWS[name]
    assert [word for word in parse.keywords.get("of", ()) if word not in ROWS[name]] == []
