"""The settings of the FTP route: complete or refused, and never shown."""

import pytest

from bot.config.settings import Settings
from bot.errors import SettingsError
from tests.unit.config.test_settings import FULL, ONETRUST

HOOK = f"{ONETRUST}/integrationmanager/api/v1/webhook/ftp-"
FTP = {
    "ONETRUST_FTP_URL": "sftp://appscan@files.example.com/builds",
    "ONETRUST_FTP_PASSWORD": "p/ss w0rd%",
    "ONETRUST_FTP_HOST_KEY": "SHA256:" + "a" * 43,
    "ONETRUST_FTP_WEBHOOK_URL": HOOK + "new",
}


def problems(**changes: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.read(FULL | FTP | changes)
    return caught.value.problems


def test_what_is_needed_and_the_defaults():
    ftp = Settings.read(FULL | FTP).ftp

    assert ftp is not None
    assert (ftp.address.host, ftp.address.user, ftp.address.folder) == (
        "files.example.com",
        "appscan",
        "builds",
    )
    assert ftp.webhook_url.reveal() == HOOK + "new"
    assert (ftp.rescan_webhook_url, ftp.remote_path, ftp.keep_hours) == (None, None, 72)
    assert ftp.path_of("a.apk") == "builds/a.apk"
    assert Settings.read(FULL).ftp is None


@pytest.mark.parametrize(("remote", "path"), [("/", "/a.apk"), ("/in/", "/in/a.apk"), ("in", "in/a.apk")])
def test_the_path_is_onetrusts(remote, path):
    ftp = Settings.read(FULL | FTP | {"ONETRUST_FTP_REMOTE_PATH": remote}).ftp

    assert ftp is not None
    assert ftp.path_of("a.apk") == path


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ONETRUST_FTP_URL": ""}, "is set, and ONETRUST_FTP_URL is not"),
        ({"ONETRUST_FTP_URL": "ftp://a@b/c"}, "or say that you want it so with ONETRUST_FTP_PLAINTEXT=1"),
        ({"ONETRUST_FTP_URL": "FTP://a@b/c"}, "or say that you want it so with ONETRUST_FTP_PLAINTEXT=1"),
        ({"ONETRUST_FTP_URL": "sftp://[a"}, "ONETRUST_FTP_URL "),
        ({"ONETRUST_FTP_URL": "https://a@b/c"}, "must look like sftp://"),
        ({"ONETRUST_FTP_HOST_KEY": ""}, "ONETRUST_FTP_HOST_KEY is missing"),
        ({"ONETRUST_FTP_PASSWORD": "short"}, "ONETRUST_FTP_PASSWORD is shorter than 8 characters"),
        ({"ONETRUST_FTP_PASSWORD": ""}, "ONETRUST_FTP_PASSWORD is missing"),
        ({"ONETRUST_FTP_KEY_FILE": "/no/such/key"}, "ONETRUST_FTP_KEY_FILE must be the path of a file"),
        ({"ONETRUST_FTP_WEBHOOK_URL": ""}, "ONETRUST_FTP_WEBHOOK_URL is missing"),
        ({"ONETRUST_FTP_WEBHOOK_URL": HOOK + "new/"}, "ONETRUST_FTP_WEBHOOK_URL ends in a slash"),
        (
            {"ONETRUST_FTP_RESCAN_WEBHOOK_URL": HOOK.replace("app-eu", "app-de")},
            "ONETRUST_FTP_RESCAN_WEBHOOK_URL must be on the host and port of ONETRUST_URL",
        ),
        ({"ONETRUST_FTP_REMOTE_PATH": "/in/../out"}, "ONETRUST_FTP_REMOTE_PATH must be the path of a folder"),
        (
            {"ONETRUST_FTP_RESCAN_WEBHOOK_URL": HOOK + "new"},
            "ONETRUST_FTP_RESCAN_WEBHOOK_URL is ONETRUST_FTP_WEBHOOK_URL",
        ),
        (
            {"ONETRUST_FTP_WEBHOOK_URL": FULL["ONETRUST_WEBHOOK_URL"]},
            "ONETRUST_FTP_WEBHOOK_URL is ONETRUST_WEBHOOK_URL",
        ),
        (
            {"ONETRUST_FTP_PASWORD": "x"},
            "ONETRUST_FTP_PASWORD is not a setting: did you mean ONETRUST_FTP_PASSWORD?",
        ),
        ({"ONETRUST_FTP_KEEP_HOURS": "0"}, "ONETRUST_FTP_KEEP_HOURS must be a whole number from 1"),
        ({"ONETRUST_FTP_PLAINTEXT": "yes"}, "ONETRUST_FTP_PLAINTEXT must be one of 0, 1"),
    ],
)
def test_what_is_wrong_is_told_by_its_setting(changes, problem):
    told = problems(**changes)

    assert any(problem in each for each in told), told
    assert not any(value in each for each in told for value in ("p/ss", "ftp-new"))


def test_all_that_is_wrong_is_told_at_once():
    wrong = {"URL": "ftp://a@b/c", "PASSWORD": "", "CA": "/no/such/file", "KEEP_HOURS": "0"}
    told = problems(**{f"ONETRUST_FTP_{name}": value for name, value in wrong.items()})

    assert {each.split()[0] for each in told} == {f"ONETRUST_FTP_{name}" for name in wrong}


def test_a_key_file_that_is_not_there_is_told_alone():
    told = problems(ONETRUST_FTP_KEY_FILE="/no/such/key", ONETRUST_FTP_PASSWORD="")

    assert told == ["ONETRUST_FTP_KEY_FILE must be the path of a file that exists and can be read."]


def test_a_host_key_may_stand_behind_its_host_as_ssh_keyscan_prints_it():
    line = "ssh-ed25519 " + "A" * 68
    for pasted in (line, f"files.example.com {line}", f"[files.example.com]:2222 {line}"):
        ftp = Settings.read(FULL | FTP | {"ONETRUST_FTP_HOST_KEY": pasted}).ftp

        assert ftp is not None
        assert ftp.address.host_key == line


def test_unencrypted_is_for_those_who_say_so():
    plain = {"ONETRUST_FTP_URL": "ftp://a@b/c", "ONETRUST_FTP_PLAINTEXT": "1", "ONETRUST_FTP_HOST_KEY": ""}
    ftp = Settings.read(FULL | FTP | plain).ftp

    assert ftp is not None
    assert ftp.address.scheme == "ftp"


def test_its_secrets_are_hidden_however_they_are_written():
    rescan = {"ONETRUST_FTP_RESCAN_WEBHOOK_URL": HOOK + "rescan?Authorization=Bearer%20abcdefgh"}
    settings = Settings.read(FULL | FTP | rescan)
    told = settings.secrets()

    for secret in ("p/ss w0rd%", "p%2Fss%20w0rd%25", HOOK + "new", "ftp-rescan", "abcdefgh"):
        assert secret in told
        assert secret not in repr(settings)
