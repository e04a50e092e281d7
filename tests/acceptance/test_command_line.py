"""``python -m bot …`` as typed in a shell or run by a pipeline.

Each command runs as a process of its own at least once; the other cases run in this one, for their speed.
"""

import asyncio
import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest

from bot.wiring.checks.onetrust import FTP_TIMEOUTS
from sandbox import builds
from sandbox.bot_process import BotProcess
from sandbox.ftp import FtpSandbox
from tests.acceptance.conftest import Stage

APP_ID = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"


def apk(folder: Path, version: str = "4.2.0", name: str = "shop.apk") -> str:
    path = folder / name
    path.write_bytes(
        builds.make_apk(package="com.example.shop", version_name=version, version_code=1, label="Shop")
    )
    return str(path)


async def test_missing_settings_are_all_named_at_once_without_a_traceback(stage: Stage):
    environ = {name: value for name, value in stage.environ().items() if name.startswith(("PATH", "HOME"))}
    bot = await BotProcess(environ, stage.folder / "bot.log").start()
    assert await bot.ended() == 1
    log = bot.log.read_text()
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "ONETRUST_URL", "ONETRUST_WEBHOOK_URL"):
        assert f"{name} is missing" in log
    assert "Traceback" not in log


async def test_check_says_line_by_line_that_all_is_fit(stage: Stage):
    code, out, err = await stage.command("check")
    assert (code, err) == (0, "")
    assert [line.split(":")[0] for line in out.splitlines()] == [
        "ok    settings",
        "ok    Slack token",
        "ok    Slack scopes",
        "ok    Slack app token",
        "ok    OneTrust token",
        "ok    OneTrust results",
        "ok    routes",
        "ok    OneTrust webhook",
        "ok    log link",
        "ok    database",
        "ok    disk",
        "ok    isolation",
    ]


async def test_check_is_fit_without_reading_results_and_says_how_to(stage: Stage):
    stage.onetrust.tokens.scopes -= {"COOKIE_READ"}
    code, out, _ = await stage.command("check", ONETRUST_ROUTES="direct,webhook", ONETRUST_ORG_ID="")
    assert code == 0
    assert "ok    OneTrust results: not read. The bot's OneTrust credential may not read" in out
    assert "can give it the COOKIE_READ scope; scans work without." in out
    assert "ok    routes: the Applications API, then the webhook" in out
    assert "ok    Applications API: takes rescans only: new apps need ONETRUST_ORG_ID" in out


async def test_check_says_what_is_not_fit_and_what_to_do(stage: Stage):
    stage.slack.app.scopes = {*stage.slack.app.scopes} - {"files:read"}
    code, out, _ = await stage.here("check", ONETRUST_CLIENT_SECRET="not-the-client-secret")
    assert code == 1
    assert (
        "FAIL  Slack scope files:read: missing, so builds can't be downloaded from Slack: "
        "update the app from manifest.yml, then reinstall it\n" in out
    )
    assert "FAIL  OneTrust token: OneTrust does not know the bot's client ID and secret (401)" in out
    assert "not-the-client-secret" not in out


async def test_check_says_what_is_wrong_with_slacks_token_and_the_database(stage: Stage):
    taken = stage.folder / "file"
    taken.touch()
    code, out, _ = await stage.here(
        "check", SLACK_BOT_TOKEN="xoxb-not-the-one", APPSCAN_DB=str(taken / "appscan.db")
    )
    assert code == 1
    assert "FAIL  Slack token: Slack says invalid_auth: copy SLACK_BOT_TOKEN again" in out
    assert "FAIL  database: " in out
    assert "xoxb-not-the-one" not in out


async def test_a_name_that_may_be_misspelt_is_told_by_check_and_in_the_log(stage: Stage):
    misspelt = {"SLACK_SIGNING_SECRETS": "of another tool"}
    told = "SLACK_SIGNING_SECRETS is not a setting: did you mean SLACK_SIGNING_SECRET?"
    code, out, _ = await stage.here("check", **misspelt)
    assert code == 0
    assert f"ok    settings: {told}\n" in out
    no_rules = {"APPSCAN_RULES": str(stage.folder / "none.toml")}  # so that the start ends soon
    code, _, err = await stage.command("run", **no_rules, **misspelt)
    assert code == 1
    assert [line for line in err.splitlines() if "WARNING" in line and line.endswith(told)]


async def test_check_tells_the_rules_of_the_policy_and_what_is_wrong_with_them(stage: Stage):
    policy = stage.folder / "policy.toml"
    policy.write_text("[[rule]]\nname = 'No trackers'\nno_sdk_categories = ['Targeting']\n")
    code, out, _ = await stage.here("check", APPSCAN_RULES=str(policy), ONETRUST_RESULTS_HOURS="24")
    assert code == 0
    assert "ok    policy: 1 rule: No trackers" in out
    policy.write_text("[[rule]]\nname = 'No trackers'\nno_sdk_categories = ['Trackers']\n")
    code, out, _ = await stage.here("check", APPSCAN_RULES=str(policy), ONETRUST_RESULTS_HOURS="24")
    assert code == 1
    assert 'FAIL  policy: rule "No trackers": OneTrust\'s known categories are Strictly Necessary, ' in out
    assert "Targeting, Unknown: `Trackers` is not one of them" in out
    policy.write_text("[[rule]]\nname = 'No trackers'\nno_sdk_category = ['Targeting']\n")
    code, out, _ = await stage.here("check", APPSCAN_RULES=str(policy))
    assert code == 1
    assert 'rule 1 ("No trackers"): `no_sdk_category` is not a key; did you mean `no_sdk_categories`?' in out
    code, out, err = await stage.command("run", APPSCAN_RULES=str(policy))
    assert (code, out) == (1, "")
    assert 'The rules file, rule 1 ("No trackers"): it checks nothing: add one of' in err
    assert "Traceback" not in err


async def test_check_fails_where_no_rule_of_the_policy_is_ever_judged(stage: Stage):
    policy = stage.folder / "policy.toml"
    policy.write_text("[[rule]]\nname = 'No trackers'\nno_sdk_categories = ['Targeting']\n")
    code, out, _ = await stage.here("check", APPSCAN_RULES=str(policy), ONETRUST_RESULTS_HOURS="0")
    assert code == 1
    assert (
        "FAIL  policy: results aren't read, as ONETRUST_RESULTS_HOURS is 0, so no rule is ever judged:" in out
    )
    stage.onetrust.tokens.scopes -= {"COOKIE_READ"}
    code, out, _ = await stage.here("check", APPSCAN_RULES=str(policy), ONETRUST_RESULTS_HOURS="24")
    assert code == 1
    assert (
        "FAIL  policy: results can't be read, so no rule is ever judged: give the credential COOKIE_READ"
        in out
    )


async def test_check_fails_the_direct_route_where_onetrust_has_no_applications_api(stage: Stage):
    stage.onetrust.faults.add("applications", times=None, status=404)
    code, out, _ = await stage.here("check", ONETRUST_ROUTES="direct,webhook")
    assert code == 1
    assert (
        "FAIL  Applications API: OneTrust has none at ONETRUST_URL (404), so no build can go this way" in out
    )


async def test_check_tries_the_ftp_server_out(stage: Stage):
    async with FtpSandbox() as ftp:
        environ = {
            "ONETRUST_FTP_URL": f"sftp://{ftp.user}@{ftp.host}:{ftp.port}",
            "ONETRUST_FTP_PASSWORD": ftp.password,
            "ONETRUST_FTP_HOST_KEY": ftp.host_key,
            "ONETRUST_FTP_WEBHOOK_URL": stage.onetrust.ftp_webhook_url,
        }
        code, out, _ = await stage.here("check", **environ)
        assert code == 0
        assert "ok    FTP server: a file could be written, renamed and removed; rescans need ONETRUST" in out
        assert ftp.stored() == {}
        ftp.read_only = True
        code, out, _ = await stage.here("check", **environ)
        assert code == 1
        assert "FAIL  FTP server: The FTP server does not let the bot put files into the folder." in out
    code, out, _ = await stage.here("check", **environ)
    assert code == 1
    assert "FAIL  FTP server: The FTP server can't be reached right now. If that lasts" in out
    assert "host and the port in `ONETRUST_FTP_URL`" in out


def test_check_tells_soon_that_an_ftp_server_is_dead():
    assert FTP_TIMEOUTS.enter_s + FTP_TIMEOUTS.answer_s + FTP_TIMEOUTS.goodbye_s <= 20


async def test_check_makes_no_database_and_says_where_one_would_be_made(stage: Stage):
    code, out, _ = await stage.here("check", APPSCAN_DB=str(stage.folder / "new.db"))
    assert code == 0
    assert "new.db will be made, empty, at the first start" in out
    code, out, _ = await stage.here("check", APPSCAN_DB=str(stage.folder / "none" / "new.db"))
    assert code == 1
    assert f"FAIL  database: there is no folder {stage.folder / 'none'}: make it" in out
    assert not list(stage.folder.glob("**/new.db*"))


async def test_check_says_where_to_look_when_onetrust_can_not_be_reached(stage: Stage):
    stage.onetrust.faults.add("token", drop=True, times=None)
    code, out, _ = await stage.here("check")
    assert code == 1
    assert "Check the network, ONETRUST_URL and the proxy settings." in out


async def test_a_scan_prints_the_request_id_alone_on_standard_output(stage: Stage, tmp_path: Path):
    code, out, err = await stage.command("scan", apk(tmp_path))
    assert code == 0
    (received,) = stage.onetrust.received
    assert out == f"{received.request_id}\n"
    assert (received.name, received.platform) == ("Shop", "ANDROID")
    assert "scan #1: submitting" in err
    assert "Submitted as scan #1: Shop 4.2.0, new app." in err


async def test_the_same_file_again_is_not_submitted_but_with_again_it_is(stage: Stage, tmp_path: Path):
    path = apk(tmp_path)
    _, first, _ = await stage.here("scan", path, "--app-id", APP_ID)
    code, out, err = await stage.here("scan", path)
    assert (code, out) == (5, first)
    assert "the very same file is scan #1. Use --again to submit it." in err
    code, out, _ = await stage.here("scan", path, "--again")
    assert code == 0
    assert out != first
    assert [each.app_id for each in stage.onetrust.received] == [APP_ID, APP_ID]


async def test_where_a_person_has_to_decide_the_exit_code_says_so(stage: Stage, tmp_path: Path):
    await stage.here("scan", apk(tmp_path))
    newer = apk(tmp_path, "4.3.0")
    code, out, err = await stage.here("scan", newer)
    assert (code, out) == (4, "")
    assert "Run again with --app-id for a rescan, or with --new for a new app." in err
    code, _, _ = await stage.here("scan", newer, "--new", "--name", "Shop (staging)")
    assert code == 0
    assert stage.onetrust.received[-1].name == "Shop (staging)"


async def test_a_file_that_is_no_build_has_an_exit_code_of_its_own(stage: Stage, tmp_path: Path):
    broken = tmp_path / "broken.apk"
    broken.write_bytes(b"PK\x03\x04 and no more")
    bundle = tmp_path / "shop.aab"
    bundle.write_bytes(b"PK")
    for path, words in ((broken, "cut off"), (bundle, "app bundle")):
        code, out, err = await stage.here("scan", str(path))
        assert (code, out) == (3, ""), err
        assert words in err.lower()
    assert (await stage.here("scan", str(tmp_path / "none.apk")))[0] == 2
    assert (await stage.here("scan", str(tmp_path)))[0] == 2
    assert (await stage.here("scan", str(broken), "--app-id", "no such thing!"))[0] == 2
    assert stage.onetrust.calls == []


async def test_a_clear_no_and_an_uncertain_answer_have_exit_codes_of_their_own(stage: Stage, tmp_path: Path):
    stage.onetrust.faults.add("webhook", status=403)
    code, out, err = await stage.here("scan", apk(tmp_path))
    assert (code, out) == (1, "")
    assert "(403)" in err
    stage.onetrust.faults.add("webhook", answer_lost=True)
    code, out, err = await stage.here("scan", apk(tmp_path))
    assert (code, out) == (6, "")
    assert "lost" in err


async def test_later_is_waited_for_and_said(stage: Stage, tmp_path: Path):
    stage.onetrust.faults.add("webhook", status=429, retry_after=1)
    code, out, err = await stage.here("scan", apk(tmp_path))
    assert code == 0, err
    assert out.strip() == stage.onetrust.received[0].request_id
    assert "scan #1: queued" in err


async def test_when_the_time_is_up_the_scan_is_taken_back(stage: Stage, tmp_path: Path):
    stage.onetrust.faults.add("webhook", status=503, retry_after=600, times=None)
    code, out, err = await stage.here("scan", apk(tmp_path), "--timeout", "0.05")
    assert (code, out) == (1, "")
    assert "not available right now (503). Next try in" in err
    assert "The command was stopped." in err
    _, exported, _ = await stage.here("export", "--format", "json")
    assert json.loads(exported)[0]["state"] == "cancelled"


async def test_with_a_channel_the_same_is_told_in_a_thread(stage: Stage, tmp_path: Path):
    code, out, err = await stage.here("scan", apk(tmp_path), "--channel", stage.channel.id)
    assert code == 0, err
    (head,) = stage.dana.messages(stage.channel)
    assert "shop.apk" in head.text
    reply = stage.dana.thread(stage.channel, head.ts)[-1]
    assert "was submitted to OneTrust" in reply.text
    assert out.strip() in reply.text
    assert "from the command line" in reply.text


async def test_a_channel_without_the_bot_is_said_before_anything_is_submitted(stage: Stage, tmp_path: Path):
    elsewhere = stage.slack.channel("elsewhere", members=["dana"], bot=False)
    code, out, err = await stage.here("scan", apk(tmp_path), "--channel", elsewhere.id)
    assert (code, out) == (1, "")
    assert "/invite @appscan" in err
    assert stage.onetrust.calls == []


async def test_a_running_bot_leaves_the_shells_scans_alone_and_forgets_whom_it_is_told_to(
    stage: Stage, tmp_path: Path
):
    bot = await stage.bot()
    code, _, _ = await stage.command("scan", apk(tmp_path))
    assert code == 0
    shared = stage.dana.share(stage.channel, [("shop.apk", Path(apk(tmp_path)))], "here you are")
    reply = await stage.reply(shared, "submitted before")
    assert stage.onetrust.received[0].request_id in reply
    assert len(stage.onetrust.received) == 1

    code, out, err = await stage.command("forget", stage.dana.id)
    assert (code, err) == (0, "")
    told = f"{stage.dana.id} is forgotten: their name and comments were removed from 1 scan and "
    assert out.startswith(told)
    _, exported, _ = await stage.here("export", "--format", "json")
    assert stage.dana.id not in exported
    assert json.loads(exported)[-1]["shared_by"] == "forgotten"
    assert await bot.stop() == 0


async def test_export_writes_the_history_as_csv_and_json(stage: Stage, tmp_path: Path):
    await stage.here("scan", apk(tmp_path, name="=2+2.apk"))
    code, out, _ = await stage.here("export")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (code, row["state"], row["file_name"]) == (0, "submitted", "'=2+2.apk")
    code, out, _ = await stage.here("export", "--format", "json")
    (scan,) = json.loads(out)
    assert (code, scan["file_name"], scan["bundle_id"]) == (0, "=2+2.apk", "com.example.shop")
    assert [event["after"] for event in scan["timeline"]][-1] == "submitted"
    code, out, _ = await stage.here("export", "--hosts")
    assert (code, out.split(",")[0], out.split(",")[-4:-2]) == (0, "number", ["host", "looked_up"])


async def test_an_export_whose_reader_has_read_enough_ends_quietly(stage: Stage, tmp_path: Path):
    await stage.here("scan", apk(tmp_path))
    told, tell = os.pipe()
    os.close(told)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "export"),
        env=stage.environ(),
        stdout=tell,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(tell)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize("command", [("export",), ("backup", "copy.db"), ("forget", "U0123456789")])
async def test_commands_on_a_database_say_that_there_is_none_and_make_none(
    stage: Stage, command: tuple[str, ...]
):
    code, out, err = await stage.here(*command)
    assert (code, out) == (1, "")
    assert "There is no database at" in err
    assert "set APPSCAN_DB" in err
    assert not (stage.folder / "appscan.db").exists()


async def test_help_shows_examples_and_exit_codes(stage: Stage):
    code, out, _ = await stage.command("--help")
    assert code == 0
    assert "python -m bot check" in out
    code, out, _ = await stage.command("scan", "--help")
    assert "exit codes:" in out
