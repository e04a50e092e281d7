"""What the reply in a build's thread says and offers."""

from dataclasses import replace

import pytest

from bot.core.circuit_breaker import AWAY
from bot.core.scan import PARKED, ChannelKind, Kind, Question, Reason, Scan, Source, State, Submission
from bot.features.submission import views as replies
from bot.features.submission.card import Card
from bot.slack.blocks.message import Message
from bot.slack.blocks.scan_text import why
from tests.unit.features import samples
from tests.unit.features.samples import (
    APP_ID,
    DONE,
    EARLIER,
    LINK,
    NEW,
    READ,
    REQUEST_ID,
    RESCAN,
    SHARED,
    reply,
)

APP = "`com.example.shop` on Android"
NEEDS_BYTES = {
    replies.RESCAN_AS,
    replies.RESCAN_ANYWAY,
    replies.NEW_APP,
    replies.SUBMIT_AGAIN,
    replies.SCAN_AGAIN,
    replies.TRY_AGAIN,
}


def offers(message: Message) -> list[str]:
    return list(samples.buttons(message))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("scan", [SHARED, DONE], ids=["before it was read", "read"])
def test_every_reply_names_its_scan(scan: Scan, state: State) -> None:
    shown = reply(samples.card(scan=replace(scan, state=state)))
    assert "#12" in shown.text
    assert "shared by <@U0ANA>" in shown.text
    assert "shop-4.2.0.apk" in shown.text
    assert all(button["value"] == "12" for button in samples.buttons(shown).values())


@pytest.mark.parametrize("state", State)
def test_no_button_needs_the_bytes_of_a_build_from_the_command_line(state: State) -> None:
    failed = Submission(status=409)
    for question in Question:
        scan = replace(
            NEW, source=Source.SHELL, state=state, question=question, asked_app_id=APP_ID, submission=failed
        )
        shown = reply(samples.card(scan=scan))
        assert NEEDS_BYTES.isdisjoint(offers(shown))
        assert "from the command line" in shown.text
        assert "shared by" not in shown.text


@pytest.mark.parametrize(
    "state", [State.RECEIVED, State.PULLING, State.QUEUED, State.WAITING], ids=lambda state: state.value
)
def test_can_be_cancelled(state: State) -> None:
    assert offers(reply(samples.card(scan=replace(SHARED, state=state)))) == [replies.CANCEL]


def test_pulling_tells_how_far_a_large_file_is() -> None:
    pulling = replace(SHARED, state=State.PULLING)
    assert (
        "(41.3 MB) from Slack: 24%"
        in reply(samples.card(scan=pulling, done_bytes=10_000_000, total_bytes=41_300_000)).text
    )
    assert "%" not in reply(samples.card(scan=pulling, done_bytes=1, total_bytes=5_000_000)).text


def test_submitting_tells_what_as_and_how_far() -> None:
    shown = reply(
        samples.card(scan=replace(RESCAN, state=State.SUBMITTING), done_bytes=99, total_bytes=9_900_000)
    ).text
    assert "Submitting *Shop 4.2.0* to OneTrust: 0%" in shown
    assert f"Rescan of `{APP_ID}`: `com.example.shop` on Android is linked to it" in shown


def test_waiting_names_the_other_scan() -> None:
    shown = reply(samples.card(scan=replace(READ, state=State.WAITING, original=7), original=EARLIER))
    assert "waits for scan #7" in shown.text
    assert "<@U0BEN>" in shown.text


def test_queued_tells_why_which_try_and_when() -> None:
    submission = Submission(attempts=2, due_at=samples.AT + 60)
    shown = reply(
        samples.card(
            scan=replace(NEW, state=State.QUEUED, submission=submission, problem="OneTrust is busy (429).")
        )
    ).text
    assert "OneTrust is busy (429)." in shown
    assert "(try 3)" in shown
    assert f"<!date^{int(samples.AT) + 60}^" in shown


@pytest.mark.parametrize(
    "card",
    [
        samples.card(scan=SHARED, scanner_away=True),
        samples.card(
            scan=replace(SHARED, state=State.QUEUED, submission=Submission(due_at=PARKED), problem=AWAY),
            scanner_away=True,
        ),
    ],
    ids=["just received", "parked"],
)
def test_what_waits_for_onetrust_says_so_without_a_time(card: Card) -> None:
    shown = reply(card)
    assert "waits for OneTrust" in shown.text
    assert AWAY in shown.text
    assert "try" not in shown.text
    assert offers(shown) == [replies.CANCEL]


def test_asks_whether_it_is_a_rescan() -> None:
    card = samples.card(
        scan=replace(READ, state=State.ASKING, question=Question.SEEN_BEFORE), original=EARLIER
    )
    shown = reply(card)
    assert "a rescan or a new app?" in shown.text
    assert "scan #7" in shown.text
    assert "duplicate app" in shown.text
    assert offers(shown) == [replies.RESCAN_AS, replies.NEW_APP, replies.DISMISS]


def test_asks_about_an_app_id_that_is_another_apps() -> None:
    scan = replace(READ, state=State.ASKING, question=Question.APP_ID_TAKEN, asked_app_id=APP_ID)
    shown = reply(
        samples.card(
            scan=scan,
            taken_by=(replace(LINK, bundle_id="com.example.other"),),
            link=replace(LINK, app_id="another-app-id-1"),
        )
    )
    assert "`com.example.other` on Android" in shown.text
    assert "`com.example.shop` on Android, linked to `another-app-id-1`" in shown.text
    assert offers(shown) == [replies.RESCAN_AS, replies.RESCAN_ANYWAY, replies.NEW_APP, replies.DISMISS]
    assert samples.buttons(shown)[replies.RESCAN_ANYWAY]["text"]["text"] == f"Rescan as {APP_ID} anyway"


def test_the_command_line_is_told_what_to_run() -> None:
    scan = replace(READ, source=Source.SHELL, state=State.ASKING, question=Question.SEEN_BEFORE)
    shown = reply(samples.card(scan=scan)).text
    assert "`--app-id APP_ID`" in shown
    assert "`--new`" in shown


def test_submitted_shows_all_there_is_to_know() -> None:
    shown = reply(samples.card(scan=DONE))
    for said in (
        "*Shop 4.2.0* was submitted",
        f"Request ID: `{REQUEST_ID}`",
        "New app: `com.example.shop` on Android was never scanned before.",
        "`4.2.0 (4200)`",
        "41.3 MB",
        "`ab12cd34ef56`",
        "took 8 s",
        "Workflow Builder &gt; *Logs* in OneTrust, paste the request ID",
        "the next build is then a rescan",
    ):
        assert said in shown.text
    assert offers(shown) == [replies.DETAILS, replies.LINK_APP]


def test_submitted_opens_the_log_where_its_address_is_known() -> None:
    url = f"https://app.example/logs?id={REQUEST_ID}&x=1"
    shown = reply(
        samples.card(
            scan=replace(RESCAN, state=State.SUBMITTED, submission=samples.TAKEN), log_url=url, link=LINK
        )
    )
    assert offers(shown) == [replies.OPEN_LOG, replies.DETAILS]
    assert samples.buttons(shown)[replies.OPEN_LOG]["url"] == url
    assert f"<{url.replace('&', '&amp;')}|Open the log>" in shown.text
    assert "Workflow Builder" not in shown.text


def test_a_name_from_the_comment_is_the_new_apps_name() -> None:
    assert (
        "*Shop (staging) 4.2.0*" in reply(samples.card(scan=replace(DONE, asked_name="Shop (staging)"))).text
    )
    rescan = replace(RESCAN, state=State.SUBMITTED, asked_name="Shop (staging)")
    assert "*Shop 4.2.0*" in reply(samples.card(scan=rescan)).text


def test_a_build_without_names_and_versions() -> None:
    shown = reply(samples.card(scan=replace(DONE, name=None, version=None, build_number=None))).text
    assert "*com.example.shop* was submitted" in shown
    assert "`none`" in shown


def test_uncertain_tells_what_to_do_and_that_nothing_happens_by_itself() -> None:
    shown = reply(
        samples.card(scan=replace(NEW, state=State.UNCERTAIN, problem="OneTrust had an error (500)."))
    )
    assert "not certain that OneTrust took *Shop 4.2.0*" in shown.text
    assert "It is not resent automatically" in shown.text
    assert "OneTrust had an error (500)." in shown.text
    assert offers(shown) == [replies.ARRIVED, replies.SUBMIT_AGAIN, replies.DETAILS]
    confirm = samples.buttons(shown)[replies.SUBMIT_AGAIN]["confirm"]
    assert "a duplicate app" in confirm["text"]["text"]


def test_duplicate_names_the_original() -> None:
    scan = replace(READ, state=State.DUPLICATE, original=7)
    shown = reply(
        samples.card(scan=scan, original=EARLIER, original_link="https://x.slack.com/archives/C1/p1")
    )
    assert "submitted before.\nThat is <https://x.slack.com/archives/C1/p1|scan #7>" in shown.text
    assert REQUEST_ID in shown.text
    assert f"<!date^{int(EARLIER.created_at)}^" in shown.text
    assert "<@U0BEN>" in shown.text
    assert offers(shown) == [replies.SCAN_AGAIN]


@pytest.mark.parametrize(
    ("state", "said"),
    [(State.SUBMITTING, "on its way already"), (State.UNCERTAIN, "not certain that OneTrust took it")],
)
def test_duplicate_of_one_that_is_not_settled(state: State, said: str) -> None:
    original = replace(EARLIER, state=state, submission=Submission())
    shown = reply(samples.card(scan=replace(READ, state=State.DUPLICATE, original=7), original=original)).text
    assert said in shown
    assert "Request ID" not in shown


def test_who_shared_in_a_private_conversation_stays_there() -> None:
    original = replace(EARLIER, channel="D0DIRECT", channel_kind=ChannelKind.IM)
    shown = reply(samples.card(scan=replace(READ, state=State.DUPLICATE, original=7), original=original)).text
    assert "scan #7" in shown
    assert "U0BEN" not in shown


def test_failed_can_be_tried_again_and_a_conflict_be_a_rescan() -> None:
    problem = "OneTrust says that it clashes with what is there (409)."
    failed = replace(NEW, state=State.FAILED, problem=problem)
    shown = reply(samples.card(scan=failed))
    assert problem in shown.text
    assert offers(shown) == [replies.TRY_AGAIN]
    conflict = reply(samples.card(scan=replace(failed, submission=Submission(status=409))))
    assert offers(conflict) == [replies.TRY_AGAIN, replies.RESCAN_AS]


@pytest.mark.parametrize("state", [State.REJECTED, State.CANCELLED])
def test_what_has_ended_says_why(state: State) -> None:
    shown = reply(samples.card(scan=replace(SHARED, state=state, problem="The message was deleted.")))
    assert "The message was deleted." in shown.text
    assert offers(shown) == []


@pytest.mark.parametrize(
    ("reason", "kind", "source", "said"),
    [
        (Reason.FIRST, Kind.NEW, Source.SLACK, f"new app: {APP} was never scanned before"),
        (Reason.LINKED, Kind.RESCAN, Source.SLACK, f"rescan of `{APP_ID}`: {APP} is linked to it"),
        (Reason.REQUEST, Kind.RESCAN, Source.SLACK, f"rescan of `{APP_ID}`, as `/appscan rescan` asked"),
        (Reason.COMMAND, Kind.RESCAN, Source.SLACK, f"rescan of `{APP_ID}`, as the command asked"),
        (Reason.COMMAND, Kind.RESCAN, Source.SHELL, f"rescan of `{APP_ID}`, as `--app-id` said"),
        (Reason.COMMENT, Kind.RESCAN, Source.SLACK, f"rescan of `{APP_ID}`, as the comment asked"),
        (Reason.CHOSEN, Kind.NEW, Source.SLACK, "new app, as chosen here"),
        (Reason.CHOSEN, Kind.NEW, Source.SHELL, "new app, as `--new` said"),
        (None, None, Source.SLACK, ""),
    ],
)  # fmt: skip
def test_why(reason: Reason | None, kind: Kind | None, source: Source, said: str) -> None:
    app_id = APP_ID if kind is Kind.RESCAN else None
    assert why(replace(READ, reason=reason, kind=kind, source=source, app_id=app_id)) == said
