"""What broke the bot once: late, lost and garbled answers, a locked database, a change of mind."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from bot.app import Bot
from bot.config.settings import Settings
from sandbox.slack import Shared
from sandbox.world import ChannelKind
from tests.scenario.office import APP_ID, Office, apk

PROXY = {"status": 503, "content_type": "text/plain", "body": "upstream connect error or disconnect"}
CUT = {"status": 200, "content_type": "application/json", "body": '{"ok": tr'}
GARBLED = pytest.mark.parametrize("garbled", [PROXY, CUT], ids=["proxy", "cut"])


@pytest.fixture(autouse=True)
def _hurried(place: Office) -> None:
    place.clock.hurried = True


async def _advance_until(place: Office, so: Callable[[], bool], step_s: float = 5.0) -> None:
    """Set the bot's clock forward until something is so."""

    def look() -> bool:
        if so():
            return True
        place.clock.advance(step_s)
        return False

    await place.slack.until(look)


def _says(place: Office, shared: Shared, words: str) -> Callable[[], bool]:
    """Return whether the one reply to a share holds these words."""
    return lambda: any(words in place.read(reply) for reply in place.replies(shared))


def _row(place: Office, query: str) -> tuple[object, ...] | None:
    """Read a row of the database beside the bot."""
    with closing(sqlite3.connect(place.environ["APPSCAN_DB"])) as reader:
        found: tuple[object, ...] | None = reader.execute(query).fetchone()
        return found


def _is_committed(place: Office) -> bool:
    return _row(place, "SELECT state FROM submissions WHERE scan = 1") == ("committed",)


async def _no_scan_beyond(place: Office, number: int) -> None:
    """Show that no more scans were begun: the next one's number says so."""
    await place.slack.settled()
    place.clock.advance(3600)
    last = place.dana.share(place.channel("last"), [("last.apk", apk(package="the.last"))])
    await place.submitted(last, f"Scan #{number + 1} ")


# A comment that is known late


async def test_a_comment_that_could_not_be_read_is_asked_for_again(place: Office):
    late = place.slack.faults.add("event.message", where={"subtype": "file_share"}, hold=True)
    failing = place.slack.faults.add("conversations.replies", error="internal_error")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], f"rescan {APP_ID}")

    await _advance_until(place, _says(place, shared, "was submitted to OneTrust"))

    assert failing.used == 1
    assert [(taken.name, taken.app_id) for taken in place.onetrust.received] == [(None, APP_ID)]
    late.release()
    await _no_scan_beyond(place, 1)
    assert len(place.posts(shared)) == 1


async def test_a_late_message_event_is_as_good_as_an_answer_about_the_message(place: Office):
    late = place.slack.faults.add("event.message", where={"subtype": "file_share"}, hold=True)
    failing = place.slack.faults.add("conversations.replies", times=None, error="internal_error")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], f"rescan {APP_ID}")
    await _advance_until(place, lambda: failing.used >= 3)
    assert place.replies(shared) == []

    late.release()

    await place.submitted(shared, f"Rescan of `{APP_ID}`")
    failing.cancel()
    await _no_scan_beyond(place, 1)


# An app ID that becomes known while a build waits


async def test_a_queued_first_build_whose_app_id_is_told_meanwhile_goes_as_a_rescan(place: Office):
    place.onetrust.faults.add("webhook", status=429, retry_after=600)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "will be tried again")
    await place.command(f"link com.example.shop {APP_ID} android")

    place.clock.advance(601)

    await place.submitted(shared, f"Rescan of `{APP_ID}`")
    assert [(taken.name, taken.app_id) for taken in place.onetrust.received] == [(None, APP_ID)]


async def test_a_queued_first_build_goes_as_a_rescan_once_another_build_told_the_app_id(place: Office):
    place.onetrust.faults.add("token", status=500, times=4)  # surely not taken
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    for nth in (2, 3, 4):
        await place.reply(shared, "will be tried again", f"(try {nth})")
        place.clock.advance(61)
    await place.reply(shared, "will be tried again", "(try 5)")  # in twenty seconds or more
    newer = place.dana.share(place.builds_channel, [("shop2.apk", apk("4.3.0"))], f"rescan {APP_ID}")
    await place.submitted(newer)

    await _advance_until(place, _says(place, shared, "was submitted to OneTrust"))

    assert [(taken.name, taken.app_id) for taken in place.onetrust.received] == [(None, APP_ID)] * 2


async def test_a_build_chosen_as_new_is_decided_afresh_when_its_app_id_is_told_before_try_again(
    place: Office,
):
    await place.submitted(place.dana.share(place.builds_channel, [("old.apk", apk("4.1.0"))]))
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Is Shop a rescan or a new app?")
    place.onetrust.faults.add("webhook", status=403)
    await place.press(shared, "Scan as a new app")
    await place.reply(shared, "was not submitted", "(403)")
    await place.command(f"link com.example.shop {APP_ID} android")

    await place.press(shared, "Try again")

    await place.submitted(shared, f"Rescan of `{APP_ID}`")
    assert [taken.name for taken in place.onetrust.received] == ["Shop", None]


# A database that somebody else holds locked


@contextmanager
def _locked(place: Office) -> Iterator[None]:
    """Hold the database as a backup does, or a shell left in a transaction."""
    with closing(sqlite3.connect(place.environ["APPSCAN_DB"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def _impatient(place: Office) -> None:
    """Start the bot anew as one that does not wait for a lock."""
    await place.stop()
    place.bot = await Bot(Settings.read(place.environ), place.clock, busy_timeout_ms=20).__aenter__()


async def _submitted_once(place: Office, shared: Shared) -> None:
    await _advance_until(place, _says(place, shared, "was submitted to OneTrust"))
    (taken,) = place.onetrust.received
    assert f"Request ID: `{taken.request_id}`" in place.read(place.replies(shared)[0])
    await _no_scan_beyond(place, 1)
    assert [each.file_name for each in place.onetrust.received] == ["shop.apk", "last.apk"]
    assert len(place.posts(shared)) == 1


async def test_a_request_id_is_kept_until_a_locked_database_takes_it(
    place: Office, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO", "bot.features.submission.outcomes")
    await _impatient(place)
    webhook = place.onetrust.faults.add("webhook", hold=True, hold_after=1)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.slack.until(lambda: _is_committed(place))
    with _locked(place):
        webhook.release()
        await _advance_until(place, lambda: caplog.text.count("could not record the receipt of scan #1") >= 3)

    await _submitted_once(place, shared)

    assert place.onetrust.received[0].request_id in caplog.text  # whatever becomes of the row


async def test_a_database_that_is_locked_before_the_last_bytes_go_lets_none_go(
    place: Office, caplog: pytest.LogCaptureFixture
):
    await _impatient(place)
    webhook = place.onetrust.faults.add("webhook", hold=True, hold_after=1_000_000)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk(padding_bytes=16_000_000))])
    await webhook.reached()
    with _locked(place):
        webhook.release()
        await place.slack.until(lambda: "could not process scan #1" in caplog.text)
        assert place.onetrust.received == []

    await _submitted_once(place, shared)


async def test_a_database_that_is_locked_while_a_build_is_pulled_ends_nothing(
    place: Office, caplog: pytest.LogCaptureFixture
):
    await _impatient(place)
    download = place.slack.faults.add("download", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    assert await place.reply(shared, "Pulling")
    await download.reached()
    with _locked(place):
        download.release()
        await place.slack.until(lambda: "could not process scan #1" in caplog.text)

    await _submitted_once(place, shared)


# Answers of Slack's that are none


@GARBLED
async def test_a_garbled_answer_to_an_update_leaves_no_stale_reply(place: Office, garbled: dict[str, object]):
    webhook = place.onetrust.faults.add("webhook", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Submitting")
    await webhook.reached()
    updating = place.slack.faults.add("chat.update", times=3, **garbled)
    webhook.release()

    await _advance_until(place, _says(place, shared, "was submitted to OneTrust"))

    assert updating.left == 0
    assert len(place.replies(shared)) == 1


@GARBLED
async def test_a_person_is_told_that_a_form_could_not_be_opened(place: Office, garbled: dict[str, object]):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    place.slack.faults.add("views.open", **garbled)

    told = await place.told(await place.press(shared, "Link app ID…"))

    assert "Slack did not respond as expected" in told
    assert "upstream" not in told


@GARBLED
async def test_a_person_is_told_that_the_history_could_not_be_shown(
    place: Office, garbled: dict[str, object]
):
    await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk())]))
    place.slack.faults.add("users.conversations", **garbled)

    told = await place.command("history")

    assert "Slack did not respond as expected" in told
    assert "Shop" not in told


async def test_a_reply_that_could_not_be_updated_for_long_is_refreshed_later(
    place: Office, caplog: pytest.LogCaptureFixture
):
    webhook = place.onetrust.faults.add("webhook", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Submitting")
    await webhook.reached()
    failing = place.slack.faults.add("chat.update", times=None, error="internal_error")
    webhook.release()
    await _advance_until(place, lambda: "could not be shown" in caplog.text, step_s=60)
    assert failing.used >= 8
    failing.cancel()
    assert not _says(place, shared, "was submitted")()

    await _advance_until(place, _says(place, shared, "was submitted to OneTrust"), step_s=60)

    assert len(place.posts(shared)) == 1


async def test_a_file_that_slack_can_not_be_asked_about_for_minutes_is_recorded_all_the_same(place: Office):
    place.slack.faults.add("event.message", drop=True)
    failing = place.slack.faults.add("files.info", times=None, error="internal_error")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    began = place.clock.now()
    await _advance_until(place, lambda: failing.used >= 10, step_s=30)
    assert place.clock.now() - began > 60
    failing.cancel()

    await _advance_until(place, _says(place, shared, "was submitted to OneTrust"), step_s=30)

    await _no_scan_beyond(place, 1)


# Who may see what


@pytest.mark.parametrize("lost", ["message", "file_shared"])
async def test_what_was_shared_before_a_channel_was_made_private_is_for_its_members_too(
    place: Office, lost: str
):
    place.slack.faults.add(
        f"event.{lost}", times=None, drop=True, where={"subtype": "file_share"} if lost == "message" else {}
    )
    lab, lobby = place.channel("lab"), place.slack.channel("lobby", members=["mallory"])
    mallory = place.slack.person("mallory")
    await place.submitted(place.dana.share(lab, [("old.apk", apk())]))
    assert "#1 Shop" in await place.command("history", who=mallory, where=lobby)

    lab.kind = ChannelKind.PRIVATE
    place.clock.advance(61)
    await place.submitted(place.dana.share(lab, [("new.apk", apk(package="com.example.secret"))]))

    for command in ("history", "status 1", "status 2"):
        told = await place.command(command, who=mallory, where=lobby)
        assert "Shop" not in told
        assert "com.example" not in told
    assert "#2 Shop" in (told := await place.command("history", where=lab))
    assert "#1 Shop" in told


# Messages that are deleted


async def _elsewhere_unseen(place: Office, shared: Shared) -> None:
    """Share a file once more where the bot is not, so that it outlives its message."""
    place.dana.share_again(place.slack.channel("elsewhere", members=["dana"], bot=False), shared.file_id)


async def test_a_build_whose_message_is_deleted_while_its_answer_is_awaited_is_not_sent_again(place: Office):
    webhook = place.onetrust.faults.add("webhook", hold=True, hold_after=1, status=429, retry_after=5)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Submitting")
    await place.slack.until(lambda: _is_committed(place))
    await _elsewhere_unseen(place, shared)
    place.dana.delete(place.builds_channel, shared.ts)
    await place.slack.until(lambda: _row(place, "SELECT withdrawn FROM scans WHERE number = 1") == (1,))
    webhook.release()

    await place.reply(shared, "was not submitted", "The message was deleted.")

    await _no_scan_beyond(place, 1)
    assert [taken.file_name for taken in place.onetrust.received] == ["last.apk"]
    assert place.onetrust.count("webhook") == 2


async def test_a_build_whose_message_is_deleted_while_its_answer_is_awaited_may_be_taken(place: Office):
    webhook = place.onetrust.faults.add("webhook", hold=True, hold_after=1)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Submitting")
    await place.slack.until(lambda: _is_committed(place))
    place.dana.delete(place.builds_channel, shared.ts)
    await place.slack.until(lambda: _row(place, "SELECT withdrawn FROM scans WHERE number = 1") == (1,))
    webhook.release()

    assert await place.submitted(shared) == place.onetrust.received[0].request_id


async def test_a_message_that_is_delivered_after_it_was_deleted_is_not_recorded(place: Office):
    place.slack.faults.add("event.file_shared", drop=True)
    late = place.slack.faults.add("event.message", where={"subtype": "file_share"}, hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await late.reached()
    await _elsewhere_unseen(place, shared)
    place.dana.delete(place.builds_channel, shared.ts)
    await place.slack.until(
        lambda: any(
            each.acked and each.payload["event"].get("subtype") == "message_deleted"
            for each in place.slack.deliveries
        )
    )

    late.release()

    await _no_scan_beyond(place, 0)
    assert [taken.file_name for taken in place.onetrust.received] == ["last.apk"]


# Names and app IDs


async def test_an_app_id_in_capitals_is_the_same_app_id(place: Office):
    await place.command(f"link com.example.shop {APP_ID} android")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], f"rescan {APP_ID.upper()}")
    await place.submitted(shared, "Rescan of")

    other = place.dana.share(
        place.builds_channel, [("other.apk", apk(package="com.example.other"))], f"rescan {APP_ID.upper()}"
    )

    await place.reply(other, "is linked to")
    assert len(place.onetrust.received) == 1


@pytest.mark.parametrize("label", ["\u200b", "\u2800\u3164", "\u2060\u00a0", "\ue000"])
async def test_an_app_whose_name_shows_nothing_goes_by_its_bundle_identifier(place: Office, label: str):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk(label=label))])

    await place.submitted(shared, "com.example.shop 4.2.0")

    assert place.onetrust.received[0].name == "com.example.shop"


# Long threads


@pytest.mark.parametrize("crowd", ["before", "between"])
async def test_in_a_long_thread_a_reply_whose_answer_was_lost_is_found(place: Office, crowd: str):
    head = place.dana.say(place.builds_channel, "Release 4.2")

    def chatter() -> None:
        for number in range(230):
            place.eli.say(place.builds_channel, f"me too {number}", thread_ts=head.ts)

    if crowd == "before":
        chatter()
    posting = place.slack.faults.add("chat.postMessage", hold=True, answer_lost=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=head.ts)
    await posting.reached()
    if crowd == "between":
        chatter()
    posting.release()

    await _advance_until(place, _says(place, shared, "was submitted to OneTrust"))

    assert len(place.replies(shared)) == 1
