"""One long day of a bot at DEBUG, with trouble at every turn: no secret is anywhere in what it leaves."""

import asyncio
import contextlib
import urllib.request
from collections.abc import AsyncIterator

import asyncssh
import pytest

from sandbox import builds
from sandbox.ftp import FtpSandbox
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import SlackSandbox
from tests import secrecy
from tests.acceptance.conftest import Stage, free_port

APK = builds.make_apk(package="com.example.shop", version_name="4.2.0", version_code=420, label="Shop")
IPA = builds.make_ipa(bundle_id="com.example.shop", name="Shop", version="4.2.0", build_number="7")


LARGE = builds.make_apk(package="com.example.large", version_name="1", padding_bytes=300_000)


@pytest.fixture
async def stack() -> AsyncIterator[contextlib.AsyncExitStack]:
    async with contextlib.AsyncExitStack() as stack:
        yield stack


def page(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        content: bytes = answer.read()
    assert content
    return content


def with_a_key(stage: Stage, ftp: FtpSandbox) -> dict[str, str]:
    """Return the settings of the FTP route with a wrong password in the address and a key that is let in."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    ftp.authorized_key = key.export_public_key().decode("ascii").strip()
    passphrase = "the passphrase of the key"
    (stage.folder / "key").write_bytes(key.export_private_key("openssh", passphrase=passphrase))
    stage.onetrust.workflow.depot = ftp.root
    return {
        "ONETRUST_REST_LIMIT": "200000",
        "ONETRUST_FTP_URL": f"sftp://{ftp.user}:a%2Fwrong%2Fone@{ftp.host}:{ftp.port}",
        "ONETRUST_FTP_HOST_KEY": ftp.host_key,
        "ONETRUST_FTP_KEY_FILE": str(stage.folder / "key"),
        "ONETRUST_FTP_KEY_PASSPHRASE": passphrase,
        "ONETRUST_FTP_WEBHOOK_URL": stage.onetrust.ftp_webhook_url,
    }


async def test_no_secret_is_in_what_a_troubled_day_leaves_behind(
    stage: Stage, stack: contextlib.AsyncExitStack
):
    bearer = {"body": '{"error": "no, Bearer said-by-the-server"}', "content_type": "application/json"}
    stage.onetrust.faults.add("token", status=503, **bearer)
    stage.onetrust.faults.add("webhook", status=401, **bearer)
    stage.onetrust.faults.add("webhook", answer_lost=True)
    stage.onetrust.faults.add("webhook", status=400, **bearer)
    query = "?Authorization=Bearer%20a-key-that-was-pasted-with-the-URL"
    port = free_port()
    ftp = await stack.enter_async_context(FtpSandbox())
    about = with_a_key(stage, ftp)
    bot = await stage.bot(ONETRUST_WEBHOOK_URL=stage.onetrust.webhook_url + query, PORT=str(port), **about)
    secrets = stage.secrets(bot.environ)
    assert {"SLACK_BOT_TOKEN", "the webhook's ID", "the webhook's query"} <= set(secrets)
    assert {"ONETRUST_FTP_KEY_PASSPHRASE", "the ID in ONETRUST_FTP_WEBHOOK_URL"} <= set(secrets)
    assert "the password in the FTP server's address" in secrets

    first = stage.dana.share(stage.channel, [("shop.apk", APK)])
    await stage.reply(first, "not certain that OneTrust took")
    second = stage.dana.share(stage.channel, [("Shop.ipa", IPA)])
    await stage.reply(second, "OneTrust")
    stage.onetrust.faults.add("ftp_webhook", answer_lost=True)
    third = stage.dana.share(stage.channel, [("large.apk", LARGE)])
    await stage.reply(third, "The build is on the FTP server")
    secrecy.look_at_processes(bot.pid, secrets)
    for path in ("/metrics", "/readyz", "/healthz"):
        secrecy.look(path, await asyncio.to_thread(page, port, path), secrets)
    commands = (["check"], ["export", "--format", "json"], ["backup", str(stage.folder / "copy.db")])
    for arguments in commands:
        webhook = bot.environ["ONETRUST_WEBHOOK_URL"]
        code, out, err = await stage.command(*arguments, ONETRUST_WEBHOOK_URL=webhook, **about)
        assert code == 0, err
        secrecy.look(f"what {arguments[0]} printed", out + err, secrets)
    assert await bot.stop() == 0

    log = await asyncio.to_thread(bot.log.read_bytes)
    assert b"DEBUG" in log
    secrecy.look("the log", log, secrets)
    secrecy.look("the log", log, stage.secrets(bot.environ))  # with the bearers that were given out since


@pytest.mark.parametrize("spelled", ["s3cret/+with=signs", "s3cret%2F%2Bwith%3Dsigns"])
def test_a_secret_is_found_where_one_is_and_not_repeated(spelled: str):
    with pytest.raises(pytest.fail.Exception, match="a place holds KEY") as caught:
        secrecy.look("a place", f"… {spelled} …", {"KEY": "s3cret/+with=signs"})
    assert "s3cret" not in str(caught.value)


async def test_a_token_in_a_message_is_found():
    async with SlackSandbox() as slack, OneTrustSandbox() as onetrust:
        environ = {"SLACK_BOT_TOKEN": slack.bot_token}
        channel = slack.channel("mobile-builds", members=["dana"])
        slack.world.post(channel.id, user=slack.bot_user_id, text=f"look: {slack.bot_token}")
        with pytest.raises(pytest.fail.Exception, match="a message holds SLACK_BOT_TOKEN"):
            secrecy.look_at_slack(slack, secrecy.secrets_of(environ, onetrust))
