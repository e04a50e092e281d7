"""OneTrust's answers are told by status: what it means, who can mend it, what the bot does next."""

import pytest

from bot.core.circuit_breaker import AWAY
from tests.scenario.office import APP_ID, Office, apk, ipa

NOISE = "SERVER-STACK-TRACE at com.onetrust.internal <b>db-password=hunter2</b>"
"""What a server may say beside its status: nobody is to read it."""


@pytest.fixture(autouse=True)
def _hurried(place: Office):
    place.clock.hurried = True


def _said_nothing_of_its_text(place: Office) -> None:
    assert not any("STACK-TRACE" in str(call.arguments) for call in place.slack.calls)


REFUSED = {
    400: (
        "could not make sense of the submission (400)",
        "Ask your OneTrust administrator",
        "Mobile App Scan",
    ),
    401: (
        "did not accept the bot's credentials (401)",
        "the webhook URL, are wrong",
        "The operator of this bot",
    ),
    403: ("may not do this (403)", "Ask your OneTrust administrator", "Integration and Cookie scopes"),
    404: ("knows no such webhook (404)", "The operator of this bot should check the webhook URL"),
    409: ("clashes with what it has already (409)", "scan this build as a rescan"),
    413: ("too large (413)", "ONETRUST_REST_LIMIT"),
    302: (
        "leads elsewhere (302)",
        "the bot does not follow",
        "The operator of this bot should check the webhook URL",
    ),
}


@pytest.mark.parametrize("status", REFUSED)
async def test_a_clear_no_says_what_it_means_and_who_can_mend_it(place: Office, status: int):
    refusing = place.onetrust.faults.add("webhook", times=None, status=status, body=NOISE, location=None)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    told = place.read(await place.reply(shared, "Shop 4.2.0 was not submitted.", *REFUSED[status]))
    assert "is not retried automatically: once that is fixed, press Try again." in told
    assert "[ Try again ]" in told
    assert "Cancel" not in told
    assert place.onetrust.count("webhook") == (2 if status == 401 else 1)  # once more with a new token
    assert place.onetrust.received == []
    _said_nothing_of_its_text(place)
    refusing.cancel()  # somebody mends it
    await place.press(shared, "Try again")
    await place.submitted(shared, "was never scanned before")
    assert len(place.onetrust.received) == 1
    assert len(place.posts(shared)) == 1


async def test_a_clash_can_be_settled_as_a_rescan(place: Office):
    place.onetrust.faults.add("webhook", status=409)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "409", "[ Try again ] [ Rescan as… ]")
    await place.press(shared, "Rescan as…")
    await place.form()
    await place.dana.submit_view({"app_id": APP_ID})
    await place.submitted(shared, f"Rescan of `{APP_ID}`, as chosen here.")
    assert [(taken.is_rescan, taken.app_id) for taken in place.onetrust.received] == [(True, APP_ID)]


async def test_a_token_that_is_no_longer_good_is_replaced_without_a_word(place: Office):
    place.onetrust.faults.add("webhook", status=401, value="early")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    assert place.onetrust.count("token") == 2
    assert not any("(401)" in told for told in place.versions(place.replies(shared)[0]))


async def test_an_api_key_that_is_not_good_is_told_at_once(place: Office):
    await place.stop()
    for name in ("ONETRUST_CLIENT_ID", "ONETRUST_CLIENT_SECRET"):
        del place.environ[name]
    await place.start(ONETRUST_API_KEY="not-the-key")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "did not accept the bot's credentials (401)")
    assert place.onetrust.count("webhook") == 1
    assert place.onetrust.count("token") == 0
    await place.stop()
    await place.start(ONETRUST_API_KEY=place.onetrust.api_key)
    await place.press(shared, "Try again")
    await place.submitted(shared)


LATER = {
    "429": ({"status": 429, "retry_after": 600}, "too many requests right now (429)", 600),
    "503": ({"status": 503, "retry_after": 90}, "not available right now (503)", 90),
}


@pytest.mark.parametrize("what", LATER)
async def test_later_is_waited_for_and_the_time_is_shown(place: Office, what: str):
    fault, words, wait_s = LATER[what]
    place.onetrust.faults.add("webhook", body=NOISE, **fault)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    told = place.read(await place.reply(shared, "Shop 4.2.0 will be tried again", " at ", "(try 2)", words))
    assert "[ Cancel ]" in told
    _said_nothing_of_its_text(place)
    place.clock.advance(wait_s / 2 - 2)
    await place.command("help")
    assert place.onetrust.count("webhook") == 1
    place.clock.advance(wait_s)
    await place.submitted(shared, "was never scanned before")
    assert len(place.onetrust.received) == 1
    assert len(place.posts(shared)) == 1


async def test_while_onetrust_wants_a_pause_no_other_build_is_sent(place: Office):
    place.onetrust.faults.add("webhook", status=429, retry_after=600)
    first = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(first, "(429)")
    other = place.dana.share(place.channel("other"), [("Shop.ipa", ipa())])
    await place.reply(other, "`Shop.ipa` waits for OneTrust", AWAY, "[ Cancel ]")
    assert place.onetrust.count("webhook") == 1
    assert len(place.slack.called("download")) == 1  # nor was it pulled
    place.clock.advance(601)
    await place.submitted(first)
    await place.submitted(other)


async def test_it_is_tried_as_often_as_it_takes(place: Office):
    place.onetrust.faults.add("webhook", times=3, status=503, retry_after=60)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    for nth in (2, 3, 4):
        await place.reply(shared, f"(try {nth})")
        place.clock.advance(61)
    await place.submitted(shared)
    assert place.onetrust.count("webhook") == 4


async def test_cancel_takes_back_what_waits(place: Office):
    place.onetrust.faults.add("webhook", status=503, retry_after=60)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "will be tried again")
    await place.press(shared, "Cancel")
    told = place.read(await place.reply(shared, "Shop 4.2.0 was not submitted.", "Cancelled"))
    assert "[ " not in told
    place.clock.advance(3600)
    await place.submitted(place.dana.share(place.channel("last"), [("Last.ipa", ipa())]))
    assert [taken.file_name for taken in place.onetrust.received] == ["Last.ipa"]


async def test_cancel_stops_a_pull(place: Office):
    download = place.slack.faults.add("download", hold=True, hold_after=100)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Pulling")
    await place.press(shared, "Cancel")
    await place.reply(shared, "was not submitted", "Cancelled")
    download.release()
    await place.submitted(place.dana.share(place.channel("last"), [("Last.ipa", ipa())]))
    assert [taken.file_name for taken in place.onetrust.received] == ["Last.ipa"]


# What may have been taken.

UNCERTAIN = {
    "408": ({"status": 408}, "(408)"),
    "500": ({"status": 500}, "its answer (500) does not say whether it took it"),
    "502": ({"status": 502}, "its answer (502) does not say whether it took it"),
    "504": ({"status": 504}, "its answer (504) does not say whether it took it"),
    "429 from a gateway": ({"status": 429}, "its answer (429) does not say whether it took it"),
    "503 from a gateway": ({"status": 503}, "its answer (503) does not say whether it took it"),
    "202 without a request ID": ({"status": 202, "body": "{}"}, "said yes (202), but gave no request ID"),
    "202 that is no JSON": ({"status": 202, "body": "<html>"}, "said yes (202), but gave no request ID"),
    "no answer": ({"answer_lost": True}, "connection"),
}


@pytest.mark.parametrize("what", UNCERTAIN)
async def test_what_may_have_been_taken_is_left_to_a_person(place: Office, what: str):
    fault, words = UNCERTAIN[what]
    place.onetrust.faults.add("webhook", **{"body": NOISE, **fault})
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    told = place.read(
        await place.reply(
            shared,
            "It is not certain that OneTrust took Shop 4.2.0. It is not resent automatically.",
            words,
            "Look in Workflow Builder > Logs in OneTrust for this app, sent ",
            "[ It arrived… ] [ Submit again ] [ Details ]",
        )
    )
    assert "Cancel" not in told
    _said_nothing_of_its_text(place)
    place.clock.advance(24 * 3600)
    await place.submitted(place.dana.share(place.channel("last"), [("Last.ipa", ipa())]))
    assert [taken.file_name for taken in place.onetrust.received].count("shop.apk") <= 1
    assert place.onetrust.count("webhook") == 2


async def test_it_arrived_takes_the_request_id_from_the_log(place: Office):
    place.onetrust.faults.add("webhook", status=500, value="taken")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "It is not certain")
    await place.press(shared, "It arrived…")
    assert "Workflow Builder > Logs" in await place.form()
    wrong = await place.dana.submit_view({"request_id": "not an id"})
    assert "is not a request ID" in next(iter(wrong.errors.values()))
    request_id = place.onetrust.received[0].request_id
    await place.dana.submit_view({"request_id": request_id})
    assert await place.submitted(shared) == request_id
    assert len(place.onetrust.received) == 1
    assert len(place.posts(shared)) == 1
    timeline = await place.command(f"status {request_id}")
    assert "found in OneTrust's log" in timeline
    assert "@dana" in timeline


async def test_submit_again_warns_and_sends_the_build_once_more(place: Office):
    place.onetrust.faults.add("webhook", answer_lost=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    message = await place.reply(shared, "It is not certain")
    assert "this makes a duplicate app there" in str(message.blocks)
    await place.press(shared, "Submit again")
    request_id = await place.submitted(shared, "New app")
    assert [taken.request_id for taken in place.onetrust.received][-1] == request_id
    assert len(place.onetrust.received) == 2


async def test_what_is_settled_already_is_told_to_whoever_comes_second(place: Office):
    place.onetrust.faults.add("webhook", status=500)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "It is not certain")
    await place.press(shared, "It arrived…", who=place.eli)
    await place.form(place.eli)
    await place.press(shared, "Submit again")
    request_id = await place.submitted(shared)
    await place.eli.submit_view({"request_id": "0000-late"})
    notice = place.eli.open_view()
    assert notice is not None
    assert "has moved on" in place.read_view(notice)
    assert f"`{request_id}`" in place.read(place.replies(shared)[0])


async def test_an_uncertain_rescan_that_arrived_teaches_its_app_id(place: Office):
    place.onetrust.faults.add("webhook", status=502)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk("4.1.0"))], f"rescan {APP_ID}")
    message = await place.reply(shared, "It is not certain", f"Rescan of `{APP_ID}`")
    assert "one more scan of the same app" in str(message.blocks)
    await place.press(shared, "It arrived…")
    await place.form()
    await place.dana.submit_view({"request_id": "req-12345"})
    await place.submitted(shared, "Request ID: `req-12345`")
    await place.submitted(
        place.dana.share(place.builds_channel, [("shop.apk", apk("4.2.0"))]), f"Rescan of `{APP_ID}`"
    )


@pytest.mark.parametrize("fault", [{"cut_after": 300_000}, {"drop": True}, {"status": 500, "value": "early"}])
async def test_what_was_cut_before_its_last_bytes_is_tried_again(place: Office, fault: dict):
    place.clock.hurried = False  # so that it is seen waiting, however many updates are paced
    place.onetrust.faults.add("webhook", **fault)
    build = apk(padding_bytes=16_000_000)
    shared = place.dana.share(place.builds_channel, [("shop.apk", build)])
    await place.reply(shared, "will be tried again", "(try 2)", "OneTrust")
    assert place.onetrust.received == []
    place.clock.advance(10)
    await place.submitted(shared)
    assert len(place.onetrust.received) == 1


# The token.

TOKEN = {
    400: "could not make sense of the bot's request for an access token (400)",
    401: "does not know the bot's client ID and secret (401)",
    403: "gives the bot's client no access token (403)",
    404: "has no access tokens where the bot asks for them (404)",
}


@pytest.mark.parametrize("status", TOKEN)
async def test_no_token_says_who_can_mend_it(place: Office, status: int):
    refusing = place.onetrust.faults.add("token", times=None, status=status, body=NOISE)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(
        shared, "was not submitted", TOKEN[status], "The operator of this bot should check", "[ Try again ]"
    )
    assert place.onetrust.count("webhook") == 0
    _said_nothing_of_its_text(place)
    refusing.cancel()
    await place.press(shared, "Try again")
    await place.submitted(shared)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 500}, "can't give the bot an access token right now (500)"),
        ({"status": 503, "retry_after": 5}, "can't give the bot an access token right now (503)"),
        ({"drop": True}, "OneTrust can't be reached right now"),
        ({"answer_lost": True}, "OneTrust can't be reached right now"),
    ],
)
async def test_no_token_for_now_is_tried_again(place: Office, fault: dict, words: str):
    place.onetrust.faults.add("token", **fault)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "will be tried again", words)
    assert place.onetrust.count("webhook") == 0
    place.clock.advance(10)
    await place.submitted(shared)


async def test_one_token_serves_all_that_wait_for_it(place: Office):
    token = place.onetrust.faults.add("token", hold=True)
    shares = [
        place.dana.share(place.channel(f"c{nth}"), [(f"{nth}.apk", apk(package=f"com.example.n{nth}"))])
        for nth in range(3)
    ]
    for shared in shares:
        await place.reply(shared, "Submitting")
    token.release()
    for shared in shares:
        await place.submitted(shared)
    assert place.onetrust.count("token") == 1
