"""One long day of a bot at DEBUG, with trouble at every turn: no secret is anywhere in what it leaves."""

import asyncio
import urllib.request

import pytest

from sandbox import builds
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import SlackSandbox
from tests import secrecy
from tests.acceptance.conftest import Stage, free_port

APK = builds.make_apk(package="com.example.shop", version_name="4.2.0", version_code=420, label="Shop")
IPA = builds.make_ipa(bundle_id="com.example.shop", name="Shop", version="4.2.0", build_number="7")


def page(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        content: bytes = answer.read()
    assert content
    return content


async def test_no_secret_is_in_what_a_troubled_day_leaves_behind(stage: Stage):
    bearer = {"body": '{"error": "no, Bearer said-by-the-server"}', "content_type": "application/json"}
    stage.onetrust.faults.add("token", status=503, **bearer)
    stage.onetrust.faults.add("webhook", status=401, **bearer)
    stage.onetrust.faults.add("webhook", answer_lost=True)
    stage.onetrust.faults.add("webhook", status=400, **bearer)
    query = "?Authorization=Bearer%20a-key-that-was-pasted-with-the-URL"
    port = free_port()
    bot = await stage.bot(ONETRUST_WEBHOOK_URL=stage.onetrust.webhook_url + query, PORT=str(port))
    secrets = stage.secrets(bot.environ)
    assert {"SLACK_BOT_TOKEN", "the webhook's ID", "the webhook's query"} <= set(secrets)

    first = stage.dana.share(stage.channel, [("shop.apk", APK)])
    await stage.reply(first, "not certain that OneTrust took")
    second = stage.dana.share(stage.channel, [("Shop.ipa", IPA)])
    await stage.reply(second, "OneTrust")
    secrecy.look_at_processes(bot.pid, secrets)
    for path in ("/metrics", "/readyz", "/healthz"):
        secrecy.look(path, await asyncio.to_thread(page, port, path), secrets)
    commands = (["check"], ["export", "--format", "json"], ["backup", str(stage.folder / "copy.db")])
    for arguments in commands:
        webhook = bot.environ["ONETRUST_WEBHOOK_URL"]
        code, out, err = await stage.command(*arguments, ONETRUST_WEBHOOK_URL=webhook)
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
