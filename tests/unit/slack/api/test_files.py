import hashlib
import stat

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.scan import Scan, Source, State
from bot.errors import BuildRejected, FileUnavailable, NoRoom, PullFailed, TooLarge
from bot.slack.api.file_sink import FileSink
from bot.slack.api.files import FILE_CHANGED, SlackFiles
from tests.unit.slack.api.stub import BUILD, LIMIT, PAGE, TOKEN, Slack, ignore


async def test_pulls_and_hashes_a_file_for_its_owner_only(slack, pull, tmp_path):
    moved = []
    pulled = await pull(progress=lambda done, total: moved.append((done, total)))

    assert (tmp_path / "build").read_bytes() == BUILD
    assert pulled.size_bytes == len(BUILD)
    assert pulled.sha256 == hashlib.sha256(BUILD).hexdigest()
    assert stat.S_IMODE((tmp_path / "build").stat().st_mode) == 0o600
    assert moved[-1] == (len(BUILD), len(BUILD))
    assert slack.asked == [("/files-pri/file", f"Bearer {TOKEN}")]


async def test_replaces_what_an_earlier_pull_left(pull, tmp_path):
    (tmp_path / "build").write_bytes(b"x" * (len(BUILD) + 9))
    (tmp_path / "build").chmod(0o644)
    await pull()

    assert (tmp_path / "build").read_bytes() == BUILD
    assert stat.S_IMODE((tmp_path / "build").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("info", "kind", "said"),
    [
        ({"mode": "tombstone"}, FileUnavailable, "deleted"),
        ({"deleted": True}, FileUnavailable, "deleted"),
        ({"mode": "hidden_by_limit"}, FileUnavailable, "plan"),
        ({"mode": "external"}, FileUnavailable, "outside Slack"),
        ({"is_external": True}, FileUnavailable, "outside Slack"),
        ({"mode": "file_access", "file_access": "access_denied"}, FileUnavailable, "another organization"),
        ({"mode": "file_access", "file_access": "check_file_info"}, FileUnavailable, "another organization"),
        ({"file_access": "file_not_found"}, FileUnavailable, "can't see"),
        ({"url_private_download": None}, FileUnavailable, "gave no URL"),
        ({"url_private_download": 7}, FileUnavailable, "gave no URL"),
        ({"size": 0}, BuildRejected, "empty"),
        ({"size": LIMIT}, TooLarge, "too large"),
        ({"size": 10**12}, TooLarge, "too large"),
    ],
)
async def test_what_can_not_be_had_is_never_asked_for(slack, failure, info, kind, said):
    slack.info = info

    error = await failure()

    assert type(error) is kind
    assert said in error.user_message
    assert slack.asked == []


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        ("file_not_found", FileUnavailable, "Invite the bot"),
        ("file_deleted", FileUnavailable, "deleted"),
        ("access_denied", FileUnavailable, "another organization"),
        ("invalid_auth", FileUnavailable, "`files:read`"),
        ("missing_scope", FileUnavailable, "`files:read`"),
        ("internal_error", PullFailed, "right now"),
        ("a_new_error", PullFailed, "right now"),
        (None, PullFailed, "right now"),
        (["odd"], PullFailed, "right now"),
    ],
)
async def test_what_slack_says_instead_of_a_file(slack, failure, error, kind, said):
    slack.answer = {"ok": False, "error": error}

    caught = await failure()

    assert type(caught) is kind
    assert said in caught.user_message
    assert slack.asked == []


async def test_waits_as_long_as_slack_says(slack, failure):
    slack.answer, slack.answer_status = {"ok": False, "error": "ratelimited"}, 429
    slack.answer_headers = {"Retry-After": "17"}

    error = await failure()

    assert (type(error), error.retry_after_s) == (PullFailed, 17)


@pytest.mark.parametrize("answer", [{"ok": True}, {"ok": True, "file": "F1"}, {}, {"ok": True, "file": None}])
async def test_an_answer_without_a_file_may_be_better_later(slack, failure, answer):
    slack.answer = answer

    assert type(await failure()) is PullFailed


@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "application/json"])
async def test_an_answer_that_is_no_json_may_be_better_later(slack, failure, content_type):
    slack.handlers["/api/files.info"] = web.Response(body=PAGE, content_type=content_type)

    assert type(await failure()) is PullFailed


async def test_slack_that_is_not_there_may_be_later(tmp_path):
    async with Slack() as slack:
        api_url = slack.url + "/api/"
    client = AsyncWebClient(token=TOKEN, base_url=api_url, retry_handlers=[])
    files = SlackFiles(client, api_url=api_url, token=TOKEN)
    scan = Scan(
        number=1,
        state=State.PULLING,
        source=Source.SLACK,
        revision=1,
        created_at=0,
        updated_at=0,
        file_id="F1",
        file_name="a.apk",
    )
    with pytest.raises(PullFailed):
        await files.pull(scan, tmp_path / "build", limit_bytes=LIMIT, progress=ignore)


async def test_a_scan_without_a_file_in_slack(slack, failure):
    assert type(await failure(file_id=None)) is FileUnavailable
    assert slack.methods == []


@pytest.mark.parametrize("size", [1, 10_000_000])
async def test_a_size_that_is_not_slacks_is_tried_again(slack, failure, size):
    slack.info = {"size": size}

    assert type(await failure()) is PullFailed


async def test_a_file_of_unknown_size(slack, pull, failure):
    slack.info = {"size": "many"}
    assert (await pull()).size_bytes == len(BUILD)
    assert type(await failure(limit_bytes=len(BUILD))) is TooLarge
    slack.content = b""
    assert type(await failure()) is BuildRejected


async def test_the_file_that_was_checked_is_the_file_that_is_pulled(pull, failure):
    assert await pull(sha256=hashlib.sha256(BUILD).hexdigest())
    error = await failure(sha256="0" * 64)

    assert type(error) is BuildRejected
    assert error.user_message == FILE_CHANGED


async def test_a_disk_that_takes_no_more(pull, failure, tmp_path):
    (tmp_path / "build").symlink_to(tmp_path / "elsewhere")

    error = await failure()

    assert type(error) is NoRoom
    assert "disk is full or not working" in error.user_message
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_closed_while_its_writer_was_still_to_begin_stays_closed(tmp_path):
    sink = FileSink(tmp_path / "build")
    sink.close()
    sink.open()

    assert not (tmp_path / "build").exists()
    with pytest.raises(NoRoom):
        sink.write(b"late")
