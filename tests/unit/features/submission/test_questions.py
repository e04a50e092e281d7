"""Waiting rescans, the list of apps, help, notices and modals."""

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.core.scan import ChannelKind, Platform, Source
from bot.errors import UsageError
from bot.features.history import apps_views
from bot.features.history.models import AppRow
from bot.features.rescan_requests import views
from bot.features.rescan_requests.models import RequestState, RescanRequest
from bot.features.submission import modals
from bot.slack.blocks import short_answers
from bot.slack.listening.help_views import about
from tests.unit.features import samples
from tests.unit.features.samples import APP_ID, DONE, EARLIER, LINK, REQUEST_ID
from tests.unit.features.topics import TOPICS

REQUEST = RescanRequest(
    number=3,
    app_id=APP_ID,
    channel="C0CHANNEL",
    channel_kind=ChannelKind.PUBLIC,
    message_ts="1790000000.000100",
    asked_by="U0ANA",
    created_at=samples.AT,
    expires_at=samples.AT + 86400,
)
ROW = AppRow(
    bundle_id="com.example.shop",
    platform=Platform.ANDROID,
    name="Shop",
    version="4.2.0",
    app_id=None,
    scans=3,
)


def test_a_waiting_rescan_says_what_to_do_and_until_when() -> None:
    shown = views.request(REQUEST, EARLIER)
    for said in (
        f"`{APP_ID}`",
        "reply in this thread",
        "*Shop 4.2.0*",
        "`shop-4.2.0.apk`",
        "<@U0BEN>",
        "<@U0ANA>",
    ):
        assert said in shown.text
    assert f"waits until <!date^{int(samples.AT) + 86400}^" in shown.text
    assert samples.buttons(shown)[views.SCAN_LATEST]["value"] == "3"


@pytest.mark.parametrize("latest", [None, replace(EARLIER, source=Source.SHELL)])
def test_a_waiting_rescan_offers_only_a_build_that_slack_has(latest: Any) -> None:
    assert samples.buttons(views.request(REQUEST, latest)) == {}


def test_a_waiting_rescan_says_how_it_ended() -> None:
    answered = views.request(replace(REQUEST, state=RequestState.ANSWERED, answer=12), EARLIER)
    assert "answered by scan #12" in answered.text
    lapsed = views.request(replace(REQUEST, state=RequestState.LAPSED), EARLIER)
    assert "has lapsed" in lapsed.text
    assert f"`/appscan rescan {APP_ID}`" in lapsed.text
    assert samples.buttons(answered) == samples.buttons(lapsed) == {}


def test_apps_tell_which_are_linked() -> None:
    shown = apps_views.apps([ROW, replace(ROW, platform=Platform.IOS, app_id=APP_ID, scans=1)])
    assert "*Shop* 4.2.0 · Android · 3 scans\n`com.example.shop` · not linked" in shown.text
    assert f"*Shop* 4.2.0 · iOS · 1 scan\n`com.example.shop` · app ID `{APP_ID}`" in shown.text
    assert "`/appscan link com.example.shop &lt;appId&gt; android`" in shown.text
    assert samples.buttons(shown) == {}


def test_apps_turn_pages_by_offset() -> None:
    buttons = samples.buttons(apps_views.apps([ROW] * 10, offset=20, has_more=True))
    assert buttons[apps_views.PREVIOUS]["value"] == "10"
    assert buttons[apps_views.NEXT]["value"] == "30"
    assert apps_views.NEXT not in samples.buttons(apps_views.apps([ROW], offset=30))
    assert "this page is empty" in apps_views.apps([], offset=30).text
    assert "No app is known yet" in apps_views.apps([]).text


def test_linking_tells_what_changed() -> None:
    shown = apps_views.linked(
        LINK, before=replace(LINK, app_id="old-app-id-1"), others=[replace(LINK, bundle_id="com.example.b")]
    ).text
    assert f"`com.example.shop` on Android is linked to `{APP_ID}`" in shown
    assert "linked to `old-app-id-1` until now" in shown
    assert "`com.example.b` on Android" in shown
    assert "until now" not in apps_views.linked(LINK, before=LINK).text
    assert f"no longer linked to `{APP_ID}`" in apps_views.unlinked(LINK).text


def test_help_lists_its_topics_in_their_order() -> None:
    shown = re.findall("`/appscan help ([a-z]+)`", about(TOPICS).text)
    assert shown == list(TOPICS)


def test_help_does_not_know_a_word_that_is_not_registered() -> None:
    for word in TOPICS:
        others = {name: topic for name, topic in TOPICS.items() if name != word}
        assert f"`/appscan help {word}`" not in about(others).text
        assert about(others, word).text.startswith(":information_source: There is no help on that.")


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_has_examples(topic: str) -> None:
    shown = about(TOPICS, topic.upper()).text
    assert shown.startswith(f"`{topic}`: {TOPICS[topic].gist}")
    assert TOPICS[topic].examples[0] in shown


def test_help_suggests_the_right_word() -> None:
    assert "Did you mean `/appscan help history`?" in about(TOPICS, "histroy").text
    assert "Did you mean" not in about(TOPICS, "zzz").text
    assert "There is no help on that" in about(TOPICS, "zzz").text


def test_notices() -> None:
    assert short_answers.notice("Use `x` & go.").text == "Use `x` &amp; go."
    assert (
        short_answers.prepared("See <https://x.slack.com|its thread>.").text
        == "See <https://x.slack.com|its thread>."
    )
    assert "Sorry." in short_answers.refusal("Sorry.").text
    assert (
        "For example: `/appscan rescan &lt;appId&gt;`"
        in short_answers.usage("Wrong.", "/appscan rescan <appId>").text
    )
    assert "For example" not in short_answers.usage("Wrong.").text
    assert "`a1b2`" in short_answers.error("a1b2").text


def submitted(view: dict[str, Any], block_id: str, typed: Any) -> dict[str, Any]:
    field = next(
        block["element"]["action_id"] for block in view["blocks"] if block.get("block_id") == block_id
    )
    return {
        "private_metadata": view["private_metadata"],
        "state": {"values": {block_id: {field: {"type": "plain_text_input", "value": typed}}}},
    }


@pytest.mark.parametrize("purpose", modals.Purpose)
def test_an_app_id_is_asked_for_and_read(purpose: modals.Purpose) -> None:
    view = modals.app_id_modal(DONE, purpose=purpose)
    assert view["callback_id"] == modals.APP_ID_FORM
    assert "Production ID" in str(view)
    assert "Instructions tab" in str(view)
    answer = modals.read_app_id(submitted(view, modals.APP_ID_BLOCK, f" `{APP_ID}` "))
    assert answer == (12, purpose, APP_ID)


def test_a_request_id_is_asked_for_and_read() -> None:
    view = modals.request_id_modal(DONE)
    assert view["callback_id"] == modals.REQUEST_ID_FORM
    answer = modals.read_request_id(submitted(view, modals.REQUEST_ID_BLOCK, REQUEST_ID))
    assert answer == (12, REQUEST_ID)


@pytest.mark.parametrize("typed", [None, "", "no id at all", 5])
def test_what_can_not_be_an_id_is_refused(typed: Any) -> None:
    with pytest.raises(UsageError, match="app ID"):
        modals.read_app_id(
            submitted(modals.app_id_modal(DONE, purpose=modals.Purpose.LINK), modals.APP_ID_BLOCK, typed)
        )
    with pytest.raises(UsageError, match="request ID"):
        modals.read_request_id(submitted(modals.request_id_modal(DONE), modals.REQUEST_ID_BLOCK, typed))


@pytest.mark.parametrize(
    "kept",
    [None, "", "[]", "{}", '{"scan": "12", "purpose": "link"}', '{"scan": 12, "purpose": "x"}',
     '{"scan": -1, "purpose": "link"}', "[" * 9999],
)  # fmt: skip
def test_a_form_that_is_not_ours_is_refused(kept: Any) -> None:
    view = submitted(modals.app_id_modal(DONE, purpose=modals.Purpose.LINK), modals.APP_ID_BLOCK, APP_ID)
    with pytest.raises(UsageError, match="out of date"):
        modals.read_app_id({**view, "private_metadata": kept})
