"""Slack's limits: refusals of every method, long waits, and how much the bot writes when much happens."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.features.submission.pipeline import MAXIMUM_PULLS
from sandbox.slack import Shared
from sandbox.world import Channel, Message
from tests.fakes import until
from tests.scenario.finding import announced
from tests.scenario.office import APP_ID, SLACK_METHODS, Office, apk, office

Play = Callable[[Office], Awaitable[None]]


async def share(place: Office) -> None:
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    assert len(place.replies(shared)) == 1
    assert len(place.onetrust.received) == 1


async def file_alone(place: Office) -> None:
    """Slack tells of the file, and not of its message."""
    place.slack.faults.add("event.message", drop=True)
    await share(place)


async def history(place: Office) -> None:
    assert "No scan that you may see" in await place.command("history since:2026-01-02")


async def rescan(place: Office) -> None:
    await place.waiting_rescan(APP_ID)


async def mention(place: Office) -> None:
    place.dana.mention(place.builds_channel)
    await place.slack.until(lambda: place.dana.ephemerals(place.builds_channel))


async def form(place: Office) -> None:
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    await place.press(shared, "Link app ID…")
    assert "App ID" in await place.form()


async def lists(place: Office) -> None:
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    await announced(place, shared)
    await place.press(shared, "All SDKs and permissions", number=1)
    await place.form()
    await place.dana.press_in_view("Permissions (2)")
    await place.slack.until(lambda: "CAMERA" in place.read_view(place.dana.open_view()))


async def gone(place: Office) -> None:
    """The message goes while its reply is on its way: what then stands in the channel is taken back."""
    posting = place.slack.faults.add("chat.postMessage", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await posting.reached()
    await place.onetrust.until(lambda: place.onetrust.received)
    place.slack.faults.add("event.message", drop=True)
    place.dana.delete(place.builds_channel, shared.ts)
    posting.release()
    await place.slack.until(lambda: any(call.answer.get("ok") for call in place.slack.called("chat.delete")))
    assert place.dana.messages(place.builds_channel) == []


async def restarted(place: Office) -> None:
    """What comes while the bot is away is looked for when it is back."""
    assert place.builds_channel
    await place.stop()
    await place.slack.settled()
    place.slack.faults.add("event.message", drop=True)
    place.slack.faults.add("event.file_shared", drop=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    ticking = asyncio.create_task(ticks(place))  # not before: the bot believes to have heard all until now
    try:
        await place.start()
        await place.submitted(shared)
    finally:
        ticking.cancel()


async def ticks(place: Office) -> None:
    """Let time pass quickly."""
    while True:
        place.clock.advance(2)
        await asyncio.sleep(0.05)


PLAYS: dict[str, Play] = {
    "apps.connections.open": restarted,
    "auth.test": restarted,
    "chat.delete": gone,
    "chat.postEphemeral": mention,
    "chat.postMessage": share,
    "chat.update": share,
    "conversations.history": restarted,
    "conversations.info": rescan,
    "conversations.replies": file_alone,
    "download": share,
    "files.info": share,
    "response_url": history,
    "users.conversations": history,
    "users.info": history,
    "views.open": form,
    "views.update": lists,
}
"""What makes the bot call each method."""


def test_every_method_is_tried():
    assert set(PLAYS) == SLACK_METHODS


@pytest.mark.parametrize("method", sorted(SLACK_METHODS))
async def test_a_short_wait_that_slack_asks_for_is_kept(place: Office, method: str):
    place.clock.hurried = True
    limited = place.slack.faults.add(method, status=429, retry_after=1, times=2)
    if method == "response_url":
        limited.left = 1

    await PLAYS[method](place)

    assert limited.left == 0


COMMANDS_DO_WITHOUT = {
    "chat.delete",
    "chat.postMessage",
    "chat.update",
    "conversations.replies",
    "files.info",
    "download",
}


@pytest.mark.parametrize("method", sorted(COMMANDS_DO_WITHOUT - {"chat.delete"}))
async def test_while_slack_asks_for_minutes_commands_are_answered_and_the_work_goes_on_after(
    place: Office, method: str
):
    if method == "conversations.replies":
        place.slack.faults.add("event.message", drop=True)
    limited = place.slack.faults.add(method, status=429, retry_after=300)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.slack.until(lambda: limited.used == 1)

    assert "`/appscan help share`" in await place.command("help")
    assert limited.used == 1

    def done() -> bool:
        place.clock.advance(20)
        replies = place.replies(shared)
        return bool(replies) and "was submitted" in place.read(replies[0])

    await place.slack.until(done)
    assert len(place.replies(shared)) == 1
    assert len(place.onetrust.received) == 1


@pytest.mark.parametrize(
    ("method", "command"),
    [
        ("users.conversations", "history"),
        ("conversations.info", f"rescan {APP_ID}"),
        ("chat.postMessage", f"rescan {APP_ID}"),
    ],
)
async def test_a_command_that_slack_puts_off_says_for_how_long(place: Office, method: str, command: str):
    place.slack.faults.add(method, status=429, retry_after=300, times=None)

    told = await place.command(command)

    assert "I have reached a rate limit of Slack" in told
    assert "Try again in 5 minutes." in told


BROKEN: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "html 503": {"status": 503, "body": "<html>Slack is down</html>"},
    "html 200": {"status": 200, "body": "<html>Sign in to the proxy</html>"},
    "cut": {"status": 200, "content_type": "application/json", "body": '{"ok": tr'},
    "list": {"status": 200, "content_type": "application/json", "body": "[]"},
    "text": {"status": 502, "content_type": "text/plain", "body": "bad gateway"},
    "drop": {"drop": True},
}


def breaks(*methods: str) -> Any:
    """Return posting with each kind of broken answer, other methods with one of each way to read it.

    One place tells for all methods how an answer is broken: by its status, by what it says, or not at all.
    """
    one_each = ("500", "html 200", "drop")
    kinds = {method: BROKEN if method == "chat.postMessage" else one_each for method in methods}
    pairs = [(method, kind) for method in methods for kind in kinds[method]]
    return pytest.mark.parametrize(
        ("method", "broken"), [pytest.param(m, BROKEN[k], id=f"{m}-{k}") for m, k in pairs]
    )


@breaks("chat.postMessage", "chat.update", "conversations.replies", "files.info", "download", "users.info")
async def test_broken_answers_are_got_over(place: Office, method: str, broken: dict[str, Any]):
    if method == "download" and broken.get("status") == 200:
        broken = {**broken, "status": 503}  # a page in the place of a file is a matter of its own
    if method == "conversations.replies":
        place.slack.faults.add("event.message", drop=True)
    failing = place.slack.faults.add(method, **broken)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

    def done() -> bool:
        place.clock.advance(5)
        replies = place.replies(shared)
        return bool(replies) and "was submitted" in place.read(replies[0])

    await place.slack.until(done)
    if method == "users.info":
        await place.command("history since:2026-01-02")
    assert failing.used == 1
    assert len(place.replies(shared)) == 1
    assert len(place.onetrust.received) == 1


TRIED_AGAIN = {"users.conversations", "conversations.info", "users.info"}
"""Methods that only read: the HTTP client itself asks again where a connection was cut."""


@breaks("views.open", "users.conversations", "conversations.info", "users.info", "chat.postEphemeral")
async def test_broken_answers_to_what_a_person_asks_end_in_a_sentence(
    place: Office, method: str, broken: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    elsewhere = place.channel("elsewhere")  # nothing is known of it yet
    failing = place.slack.faults.add(method, **broken)
    known = len(place.slack.called(method))
    told = ""
    if method == "users.conversations":
        told = await place.command("history")
    elif method == "conversations.info" and broken.get("drop"):
        told = place.read(one) if (one := await asked_to_rescan(place, elsewhere)) else ""
    elif method == "conversations.info":
        told = await place.command(f"rescan {APP_ID}", where=elsewhere)
    elif method == "users.info":
        told = await place.command("history", who=place.eli)
    elif method == "views.open":
        told = await place.told(await place.press(shared, "Link app ID…"))
    else:
        place.dana.mention(place.builds_channel)
        await until(lambda: "an answer could not be sent" in caplog.text)

    assert failing.used == 1
    if broken.get("drop") and method in TRIED_AGAIN:
        assert "Try again" not in told
    else:
        assert method == "chat.postEphemeral" or "Try again in a moment" in told
        assert len(place.slack.called(method)) == known + 1
    assert "Something went wrong" not in told
    assert "a listener failed" not in caplog.text
    assert "`/appscan help share`" in await place.command("help")


async def asked_to_rescan(place: Office, channel: Channel) -> Message | None:
    shared = await place.waiting_rescan(APP_ID, where=channel)
    return place.slack.world.find_message(shared.channel, shared.ts)


async def test_a_press_counts_where_its_answer_cant_be_given(place: Office, caplog: pytest.LogCaptureFixture):
    """What was chosen is written before anything is said about it."""
    place.onetrust.faults.add("webhook", status=400)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    assert await place.reply(shared, "Try again")
    place.slack.faults.add("chat.update", status=503, body="<html>Slack is down</html>", times=2)
    place.slack.faults.add("response_url", status=503, times=None)

    await place.press(shared, "Try again")

    await place.onetrust.until(lambda: len(place.onetrust.received) == 1)


@pytest.mark.parametrize(
    "broken",
    [{"drop": True}, {"status": 500}, {"status": 200, "body": "<html>Sign in to the proxy</html>"}],
    ids=["drop", "500", "html 200"],
)
async def test_an_answer_that_a_response_url_did_not_take_is_given_once_more(
    place: Office, broken: dict[str, Any]
):
    failing = place.slack.faults.add("response_url", **broken)

    assert "`/appscan help share`" in await place.command("help")

    assert failing.used == 1
    assert len(place.dana.ephemerals(place.builds_channel)) == 1


@pytest.mark.parametrize(
    "broken",
    [{"drop": True}, {"status": 500}, {"status": 404}, {"status": 429, "retry_after": 60}],
    ids=["drop", "500", "404", "429"],
)
async def test_an_answer_that_no_response_url_takes_is_named_in_the_log(
    place: Office, broken: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    failing = place.slack.faults.add("response_url", times=None, **broken)

    await place.dana.slash(place.builds_channel, "/appscan", "help")
    await place.slack.until(lambda: failing.used >= 1)
    await until(lambda: "an answer could not be sent" in caplog.text)

    assert failing.used <= 4
    assert "a listener failed" not in caplog.text
    failing.cancel()
    assert "`/appscan help share`" in await place.command("help")


@breaks("auth.test", "apps.connections.open", "conversations.history", "users.conversations", "chat.delete")
async def test_broken_answers_to_what_the_bot_asks_by_itself_are_got_over(
    place: Office, method: str, broken: dict[str, Any]
):
    failing = place.slack.faults.add(method, **broken)

    await (taken_back if method == "chat.delete" else restarted)(place)

    assert failing.used == 1
    assert len(place.onetrust.received) == 1


async def taken_back(place: Office) -> None:
    ticking = asyncio.create_task(ticks(place))
    try:
        await gone(place)
    finally:
        ticking.cancel()


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_an_answer_that_holds_nothing_is_asked_for_again(place: Office, method: str):
    empty = place.slack.faults.add(method, content_type="application/json", body='{"ok": true}')

    await restarted(place)

    assert empty.used == 1


async def test_a_file_that_slack_limits_is_asked_for_until_it_is_told(place: Office):
    limited = place.slack.faults.add("files.info", status=429, retry_after=300, times=3 * MAXIMUM_PULLS)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

    def done() -> bool:
        place.clock.advance(60)
        replies = place.replies(shared)
        return bool(replies) and "was submitted" in place.read(replies[0])

    await place.slack.until(done, 60)

    assert limited.left == 0
    assert len(place.onetrust.received) == 1


@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_arguments", "view_too_large"])
async def test_a_form_that_slack_does_not_take_asks_without_telling(place: Office, code: str):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    place.slack.faults.add("views.open", error=code)

    await place.press(shared, "Link app ID…")

    assert "App ID" in await place.form()
    assert not (await place.dana.submit_view({"app_id": APP_ID})).errors
    assert APP_ID in await place.command("apps")


@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_arguments", "view_too_large"])
async def test_a_form_that_slack_does_not_take_at_all_names_the_commands(place: Office, code: str):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    place.slack.faults.add("views.open", error=code, times=2)

    told = await place.told(await place.press(shared, "Link app ID…"))

    assert "Slack rejected the form." in told
    assert "`/appscan link`" in told


@pytest.mark.parametrize("code", ["expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"])
async def test_a_trigger_that_is_too_old_says_what_to_do_instead(place: Office, code: str):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    place.slack.faults.add("views.open", error=code)

    told = await place.told(await place.press(shared, "Link app ID…"))

    assert "Press the button again." in told
    assert "`/appscan rescan` and `/appscan link` do the same" in told


async def test_whispers_come_as_words_where_blocks_are_refused(place: Office):
    place.slack.faults.add("chat.postEphemeral", error="invalid_blocks")

    place.dana.mention(place.builds_channel)

    (said,) = await place.slack.until(lambda: place.dana.ephemerals(place.builds_channel)) or ()
    assert "appscan" in said.text
    assert not said.blocks


def leave_the_thread(place: Office, shared: Shared) -> None:
    for reply in place.replies(shared):
        place.slack.world.delete(reply)
    place.slack.faults.add("event.message", drop=True, times=None)
    place.dana.delete(shared.channel, shared.ts)


def take_out_the_bot(place: Office, shared: Shared) -> None:
    place.dana.kick_bot(shared.channel)


def archive(place: Office, shared: Shared) -> None:
    place.slack.world.channels[shared.channel].archived = True


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (leave_the_thread, "its message is gone"),
        (take_out_the_bot, "the bot is no longer in that conversation"),
        (archive, "the channel is archived"),
    ],
    ids=["deleted", "taken out", "archived"],
)
@pytest.mark.parametrize("step", ["before the first reply", "in the middle", "at the end"])
async def test_where_the_answer_cant_be_posted_the_status_says_so(
    place: Office, spoil: Callable[[Office, Shared], None], why: str, step: str
):
    held = place.onetrust.faults.add("webhook", hold=True)
    point = {"before the first reply": "chat.postMessage", "at the end": "chat.update"}.get(step)
    posting = place.slack.faults.add(point, hold=True, times=1) if step == "before the first reply" else None
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    if posting is not None:
        await posting.reached()
    else:
        await place.reply(shared, "Submitting")
    await held.reached()
    ending = None
    if step == "at the end":
        ending = place.slack.faults.add("chat.update", hold=True)
        held.release()
        await ending.reached()
    spoil(place, shared)
    for rule in (posting, ending, held):
        if rule is not None:
            rule.release()

    if spoil is take_out_the_bot and posting is None:
        await place.submitted(shared)  # in a public channel its own message can be updated all the same
        return
    elsewhere = place.slack.channel("elsewhere", members=["dana"])
    told = ""

    async def status() -> str:
        return await place.command("status 1", where=elsewhere)

    for _ in range(100):
        told = await status()
        if "could not be posted" in told:
            break
    assert f"submitted: the reply could not be posted: {why}" in told
    assert "State: submitted" in told
    assert told.count("could not be posted") == 1
    assert len(place.onetrust.received) == 1
    assert "#1 Shop" in await place.command("history", where=elsewhere)


def most_in_a_minute(times: list[float]) -> int:
    return max((sum(begin <= at < begin + 60 for at in times) for begin in times), default=0)


async def test_heavy_progress_makes_few_updates(tmp_path: Path):
    async with office(tmp_path, strict_rates=True) as place:
        big = apk(padding_bytes=20_000_000)
        shared = place.dana.share(place.builds_channel, [("shop.apk", big)])
        await place.submitted(shared)

        refused = [call for call in place.slack.calls if call.status == 429]
        assert not refused
        assert len(place.slack.called("chat.update")) <= 15


async def test_a_dozen_scans_at_once_stay_within_slacks_limits(tmp_path: Path):
    async with office(tmp_path, strict_rates=True, APPSCAN_CONCURRENCY="12") as place:
        shared = [
            place.dana.share(
                place.builds_channel,
                [(f"app{n}.apk", apk(package=f"com.example.app{n}", padding_bytes=500_000))],
            )
            for n in range(12)
        ]
        for each in shared:
            await place.reply(each, "was submitted to OneTrust", timeout_s=120)

        assert not [call.method for call in place.slack.calls if call.status == 429]
        assert most_in_a_minute([call.at for call in place.slack.called("chat.update")]) <= 50
        posts = sorted(call.at for call in place.slack.called("chat.postMessage"))
        assert posts[-1] - posts[0] >= 9  # about one a second
