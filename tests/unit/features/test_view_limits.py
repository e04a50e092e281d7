"""Whatever is in a build, a message about it stays within Slack's limits and can't do anything of its own."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.scan import (
    ChannelKind,
    Event,
    Kind,
    Link,
    Platform,
    Question,
    Reason,
    Source,
    State,
    Submission,
)
from bot.features.history import apps_views, views
from bot.features.history.models import AppRow, HistoryQuery, Page
from bot.features.rescan_requests import views as waiting
from bot.features.rescan_requests.models import RequestState, RescanRequest
from bot.features.submission import modals
from bot.features.submission.card import Card
from bot.slack.blocks import forms, short_answers
from bot.slack.blocks.message import Message
from bot.slack.listening.help_views import about
from tests.unit.features import samples
from tests.unit.features.topics import TOPICS

FRAGMENTS = [
    *(
        "<!channel>",
        "<!here|x>",
        "<@U0EVIL>",
        "<#C0EVIL|x>",
        "<http://evil.example|log>",
        "http://evil.example",
    ),
    *("mailto:a@b.c", "`", "```", "*bold*", "_it_", "~no~", "> quote", "&amp;", "&lt;", "&", "<", ">", "|"),
    *("\n", "\r\n", "\t", "\x00", "\x1b[31m", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\u3164"),
    *("\ud800", "e" + "\u0301" * 9, "😀", "👩‍👩‍👧", ":tada:", "shop", " ", "-", "…", "\\", '"', "x" * 400),
]
hostile = st.one_of(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join), st.text(max_size=60))
sometimes = st.none() | hostile
told = hostile.map(lambda text: text.replace("://", ""))
"""Sentences of the project's own, at their worst: those may hold an address."""
ours = re.compile(
    r"<(?:@[UW][A-Z0-9]+|#[CGD][A-Z0-9]+"
    r"|!date\^\d+\^\{date_short_pretty\} at \{time(?:_secs)?\}\|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC"
    r"|https://(?:ours\.slack\.com|log\.example)/[^<>|\s]*\|[^<>|\n]+)>"
)
hidden = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u3164\ud800-\udfff]"
)


def check_text(text: dict[str, Any], limit: int) -> None:
    said = text["text"]
    assert 0 < len(said) <= limit
    assert not hidden.search(said), ascii(said)
    if text["type"] == "plain_text":
        assert "\n" not in said
        return
    assert text["verbatim"] is True
    rest = ours.sub("", said)
    assert "<" not in rest, ascii(said)
    assert ">" not in rest, ascii(said)
    assert not re.search(r"&(?!(?:amp|lt|gt);)", rest), ascii(said)
    for line in rest.split("\n"):
        assert line.count("`") % 2 == 0, ascii(said)
        prose = re.sub(r"`[^`]+`", "", line)
        assert "://" not in prose, ascii(said)


def check_element(element: dict[str, Any]) -> None:
    if element["type"] != "button":
        check_text(element, 2000)
        return
    check_text(element["text"], 75)
    assert 0 < len(element["action_id"]) <= 255
    assert len(element["value"]) <= 2000
    assert len(element.get("url", "")) <= 3000
    for part, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        if "confirm" in element:
            check_text(element["confirm"][part], limit)


def check_blocks(blocks: list[dict[str, Any]], most: int) -> None:
    assert 0 < len(blocks) <= most
    for block in blocks:
        match block["type"]:
            case "section":
                assert ("text" in block) != ("fields" in block)
                assert len(block.get("fields", ())) <= 10
                for field in block.get("fields", ()):
                    check_text(field, 2000)
                if "text" in block:
                    check_text(block["text"], 3000)
                if "accessory" in block:
                    check_element(block["accessory"])
            case "context":
                assert 0 < len(block["elements"]) <= 10
                for element in block["elements"]:
                    check_element(element)
            case "actions":
                assert 0 < len(block["elements"]) <= 25
                assert len({each["action_id"] for each in block["elements"]}) == len(block["elements"])
                for element in block["elements"]:
                    check_element(element)
            case "input":
                check_text(block["label"], 2000)
                check_text(block["hint"], 2000)
            case other:
                pytest.fail(f"an unexpected block: {other}")


def check(message: Message) -> None:
    check_blocks(message.blocks, 50)
    assert 0 < len(message.text) <= 4000
    check_text({"type": "mrkdwn", "text": message.text, "verbatim": True}, 4000)
    json.dumps(message.blocks, ensure_ascii=False).encode()


def check_modal(view: dict[str, Any]) -> None:
    for part in ("title", "submit", "close"):
        if part in view:
            check_text(view[part], 24)
    assert len(view.get("private_metadata", "")) <= 3000
    check_blocks(view["blocks"], 100)


@st.composite
def scans(draw: st.DrawFn) -> Any:
    read = draw(st.booleans())
    return replace(
        samples.SHARED,
        state=draw(st.sampled_from(State)),
        source=draw(st.sampled_from(Source)),
        file_name=draw(hostile),
        size_bytes=draw(st.none() | st.integers(0, 2**50)),
        sha256=draw(st.none() | st.just("ab" * 32)),
        channel=draw(sometimes | st.sampled_from(["C0CHANNEL", "D0DIRECT"])),
        channel_kind=draw(st.none() | st.sampled_from(ChannelKind)),
        shared_by=draw(sometimes | st.sampled_from(["U0ANA", "B0BOT"])),
        asked_by=draw(sometimes | st.just("U0BEN")),
        comment=draw(hostile),
        platform=draw(st.sampled_from(Platform)) if read else None,
        bundle_id=draw(hostile) if read else None,
        name=draw(sometimes),
        version=draw(sometimes),
        build_number=draw(sometimes),
        asked_app_id=draw(sometimes),
        asked_name=draw(sometimes),
        kind=draw(st.none() | st.sampled_from(Kind)),
        reason=draw(st.none() | st.sampled_from(Reason)),
        app_id=draw(sometimes),
        question=draw(st.none() | st.sampled_from(Question)),
        original=draw(st.none() | st.integers(1, 2**40)),
        problem=draw(st.none() | told),
        finished_at=draw(st.none() | st.floats(0, 2e9)),
        submission=Submission(
            attempts=draw(st.integers(0, 99)),
            due_at=draw(st.floats(0, 1e12)),
            request_id=draw(sometimes),
            status=draw(st.none() | st.sampled_from([409, 429, 500])),
        ),
    )


links = st.builds(
    Link,
    bundle_id=hostile,
    platform=st.sampled_from(Platform),
    app_id=hostile,
    linked_by=sometimes,
    linked_at=st.floats(0, 2e9),
)
cards = st.builds(
    samples.card,
    scan=scans(),
    original=st.none() | scans(),
    original_link=st.none() | st.just("https://ours.slack.com/archives/C1/p1?thread_ts=1.2&cid=C1"),
    link=st.none() | links,
    taken_by=st.lists(links, max_size=5).map(tuple),
    log_url=st.none() | st.just("https://log.example/?id=<a|b> c&d"),
    done_bytes=st.integers(0, 2**40),
    total_bytes=st.integers(0, 2**40),
)


@settings(max_examples=50)
@given(cards)
def test_replies(card: Card) -> None:
    check(samples.reply(card))


@pytest.mark.parametrize("state", State)
@settings(max_examples=10)
@given(scan=scans(), original=st.none() | scans())
def test_replies_in_every_state(state: State, scan: Any, original: Any) -> None:
    check(samples.reply(samples.card(scan=replace(scan, state=state), original=original)))


@settings(max_examples=40)
@given(
    cards,
    st.lists(
        st.builds(
            Event,
            scan=st.just(12),
            at=st.floats(0, 2e9),
            who=sometimes,
            before=st.none(),
            after=st.sampled_from(State),
            why=told,
        ),
        max_size=40,
    ),
)
def test_status(card: Card, events: list[Event]) -> None:
    check(views.status(card, events, link="https://ours.slack.com/archives/C1/p1"))


queries = st.builds(
    HistoryQuery,
    words=st.lists(hostile, max_size=8).map(tuple),
    app=sometimes,
    platform=st.none() | st.sampled_from(Platform),
    states=st.frozensets(st.sampled_from(State)),
    by=sometimes,
    channel=sometimes,
    since=st.none() | st.floats(0, 2e10),
    until=st.none() | st.floats(0, 2e10),
)


@settings(max_examples=25)
@given(hostile, st.lists(scans(), max_size=3), queries)
def test_history(text: str, shown: list[Any], query: HistoryQuery) -> None:
    page = Page(text=text, query=query, scans=tuple(shown), has_newer=True, has_older=True)
    check(views.page(page, links={12: "https://ours.slack.com/archives/C1/p1"}))


def test_a_full_page_of_the_widest_scans() -> None:
    wide = replace(
        samples.DONE,
        file_name="&" * 5000,
        bundle_id="<" * 5000,
        name="&" * 5000,
        version="&" * 5000,
        build_number="&" * 5000,
        app_id="&" * 5000,
        kind=Kind.RESCAN,
        submission=replace(samples.TAKEN, request_id="&" * 5000),
    )
    shown = views.page(Page(text="&" * 300, scans=(wide,) * 10, has_newer=True, has_older=True))
    check(shown)
    assert shown.text.endswith("…")
    assert len(shown.blocks) == 12


@given(hostile, st.sampled_from(RequestState), st.none() | scans())
def test_waiting_rescans(app_id: str, state: RequestState, latest: Any) -> None:
    request = RescanRequest(
        number=3,
        app_id=app_id,
        channel="C0CHANNEL",
        channel_kind=ChannelKind.PUBLIC,
        message_ts=None,
        asked_by="U0ANA",
        created_at=samples.AT,
        expires_at=samples.AT,
        state=state,
    )
    check(waiting.request(request, latest))


@given(
    st.lists(
        st.builds(
            AppRow,
            bundle_id=hostile,
            platform=st.sampled_from(Platform),
            name=sometimes,
            version=sometimes,
            app_id=sometimes,
            scans=st.integers(0, 2**40),
        ),
        max_size=11,
    ),
    st.integers(0, 2**40),
)
def test_apps(rows: list[AppRow], offset: int) -> None:
    check(apps_views.apps(rows, offset=offset, has_more=True))


@given(links, st.none() | links, st.lists(links, max_size=6))
def test_links(link: Link, before: Link | None, others: list[Link]) -> None:
    check(apps_views.linked(link, before=before, others=others))
    check(apps_views.unlinked(link))


@given(hostile)
def test_help(topic: str) -> None:
    check(about(TOPICS, topic))


@pytest.mark.parametrize("topic", TOPICS)
def test_help_on_every_topic(topic: str) -> None:
    check(about(TOPICS, topic))


def test_help_with_every_word_there_may_be() -> None:
    check(about(TOPICS))


@given(told)
def test_notices(text: str) -> None:
    check(short_answers.notice(f"It says {text}"))
    check(short_answers.refusal(text))
    check(short_answers.usage(f"It says {text}", text))
    check(short_answers.error(text))
    check_modal(forms.notice_modal(f"It says {text}"))


@given(scans())
def test_modals(scan: Any) -> None:
    for purpose in modals.Purpose:
        check_modal(modals.app_id_modal(scan, purpose=purpose))
    check_modal(modals.request_id_modal(scan))


def test_a_link_that_slack_would_refuse_is_no_button() -> None:
    for url in ("javascript:alert(1)", "https://log.example/" + "x" * 3000):
        shown = samples.reply(samples.card(log_url=url))
        check(shown)
        assert "paste the request ID" in shown.text
