from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.scan import Event, Platform, State
from bot.errors import UsageError
from bot.features.history import views
from bot.features.history.models import Cursor, HistoryQuery, Outcome, Page
from bot.features.results.models import ResultState
from bot.features.submission import views as reply
from bot.features.verdicts.models import Threat
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from tests.unit.features import samples
from tests.unit.features.samples import APP_ID, DONE, REQUEST_ID, RESCAN, SHARED


def page(*scans: object, text: str = "", newer: bool = False, older: bool = False) -> Page:
    return Page(text=text, scans=scans, has_newer=newer, has_older=older)  # type: ignore[arg-type]


def test_a_page_tells_each_scan_in_short() -> None:
    rescan = replace(RESCAN, number=11, state=State.FAILED)
    shown = views.page(page(DONE, rescan, text="shop"), links={12: "https://x.slack.com/archives/C1/p1"})
    rows = [block for block in shown.blocks if "accessory" in block]
    first, second = (row["text"]["text"] for row in rows)
    for said in (
        "<https://x.slack.com/archives/C1/p1|#12>",
        "*Shop*",
        "`4.2.0 (4200)`",
        "Android",
        "submitted",
    ):
        assert said in first
    for said in ("new app", REQUEST_ID, "<@U0ANA>", "<#C0CHANNEL>", f"<!date^{int(DONE.created_at)}^"):
        assert said in first
    for said in ("*#11*", "failed", f"rescan of `{APP_ID}`"):
        assert said in second
    assert [row["accessory"]["value"] for row in rows] == ["12", "11"]
    assert {row["accessory"]["action_id"] for row in rows} == {reply.DETAILS}


CAME = [
    (Outcome(state=ResultState.FAILED), ":boom: *#12*", "submitted · scan failed ·"),
    (Outcome(state=ResultState.INTERRUPTED), ":boom: *#12*", "submitted · scan interrupted ·"),
    (Outcome(state=ResultState.LOST), ":white_check_mark: *#12*", "submitted · no result found ·"),
    (Outcome(state=ResultState.FINDING), ":white_check_mark: *#12*", "submitted · new app ·"),
    (
        Outcome(state=ResultState.COMPLETED, sdk_count=12, violated=("No <ads>", "B", "C"), violated_count=5),
        ":white_check_mark: *#12*",
        "submitted · completed: 12 SDKs · :rotating_light: No &lt;ads&gt;, B, C and 2 more ·",
    ),
]


@pytest.mark.parametrize(("outcome", "mark", "words"), CAME)
def test_a_row_tells_what_came_of_it_in_onetrust(outcome: Outcome, mark: str, words: str) -> None:
    row = views.page(replace(page(DONE), outcomes={12: outcome})).blocks[1]["text"]["text"]
    assert row.startswith(mark)
    assert words in row
    unsure = replace(DONE, state=State.UNCERTAIN)
    row = views.page(replace(page(unsure), outcomes={12: outcome})).blocks[1]["text"]["text"]
    assert "uncertain · new app" in row


def test_a_row_says_that_zscaler_calls_the_build_bad() -> None:
    row = views.page(
        replace(page(DONE), threats={12: {"zscaler": Threat.MALICIOUS}}), scanners=[ZSCALER]
    ).blocks[1]["text"]["text"]
    assert " · :rotating_light: Zscaler Sandbox: malicious · " in row
    not_set_up = views.page(replace(page(DONE), threats={12: {"zscaler": Threat.MALICIOUS}}))
    assert "Zscaler" not in not_set_up.text


def test_pages_turn_both_ways_with_their_filters() -> None:
    shown = views.page(page(DONE, replace(DONE, number=9), text="by:<@U1|ana> x", newer=True, older=True))
    buttons = samples.buttons(shown)
    assert views.read_cursor_value(buttons[views.NEWER]["value"]) == (
        "by:<@U1|ana> x",
        Cursor(number=12, older=False),
    )
    assert views.read_cursor_value(buttons[views.OLDER]["value"])[1] == Cursor(number=9, older=True)
    assert views.NEWER not in samples.buttons(views.page(page(DONE, older=True)))


def test_nothing_found_says_what_was_searched() -> None:
    query = HistoryQuery(words=("shop", "`x`"), by="U0ANA", channel="C0CHANNEL")
    shown = views.page(replace(page(text="shop"), query=query)).text
    assert "matches: with `shop`, with `'x'`, by <@U0ANA>, in <#C0CHANNEL>." in shown
    assert "`/appscan history platform:ios status:failed since:7d`" in shown
    assert "There are no scans yet" in views.page(page()).text


def test_a_query_in_words() -> None:
    query = HistoryQuery(
        words=("my shop", "4.2"),
        app="com.example.shop",
        platform=Platform.IOS,
        states=frozenset({State.FAILED, State.SUBMITTED}),
        by="U0ANA",
        channel="C0CHANNEL",
        since=100.0,
        until=200.0,
        sdk="firebase",
        violation="open",
        result=ResultState.FAILED,
    )
    assert views.describe(query) == (
        "with `my shop`, with `4.2`, of `com.example.shop`, for iOS, submitted or failed, by <@U0ANA>, "
        "in <#C0CHANNEL>, since <!date^100^{date_short_pretty} at {time}|1970-01-01 00:01 UTC>, "
        "until <!date^199^{date_short_pretty} at {time}|1970-01-01 00:03 UTC>, "
        "with the SDK `firebase`, with a violation that is not acknowledged, scan failed"
    )
    assert views.describe(HistoryQuery()) == ""
    assert "with `my shop`" in views.page(replace(page(text="…"), query=query)).text


@given(st.text(max_size=300), st.integers(1, 2**40), st.booleans())
def test_cursors_come_back_within_slacks_limit(filters: str, number: int, older: bool) -> None:  # noqa: FBT001
    value = views.cursor_value(filters, Cursor(number=number, older=older))
    assert len(value) <= 2000
    again, cursor = views.read_cursor_value(value)
    assert cursor == Cursor(number=number, older=older)
    assert views.cursor_value(again, cursor) == value


NOT_OURS = ["", "{}", "[]", "NaN", "[" * 9999]
NOT_OURS += ['["x", 1]', '["x", "1", true]', '["x", true, true]', '["x", -1, true]', f'["x", {2**70}, true]']


@pytest.mark.parametrize("value", NOT_OURS)
def test_a_value_that_is_not_ours(value: str) -> None:
    with pytest.raises(UsageError):
        views.read_cursor_value(value)


def test_status_tells_everything() -> None:
    card = samples.card(
        scan=replace(DONE, original=7, problem="OneTrust had an error (500)."),
        link=samples.LINK,
        log_url="https://app.example/log",
    )
    events = [
        Event(scan=12, at=samples.AT, who="U0ANA", before=None, after=State.RECEIVED, why="shared"),
        Event(scan=12, at=samples.AT + 8, who=None, before=State.SUBMITTING, after=State.SUBMITTED, why=""),
    ]
    shown = views.status(card, events, link="https://x.slack.com/archives/C1/p1")
    for said in (
        "<https://x.slack.com/archives/C1/p1|Scan #12>",
        "Shared by <@U0ANA> in <#C0CHANNEL>",
        "`com.example.shop`",
        f"`{samples.DONE.sha256}`",
        f"`{REQUEST_ID}`",
        f"`{APP_ID}`",
        "Goes back to scan #7",
        "OneTrust had an error (500).",
        "Tried once to send it to OneTrust, last answer HTTP 202",
        "*received*: shared (<@U0ANA>)",
        "*submitted*",
    ):
        assert said in shown.text
    assert list(samples.buttons(shown)) == [reply.OPEN_LOG]


def test_a_long_timeline_keeps_its_end() -> None:
    filler = "x" * 280
    events = [
        Event(scan=12, at=samples.AT + n, who=None, before=None, after=State.QUEUED, why=f"try {n} {filler}")
        for n in range(50)
    ]
    shown = views.status(samples.card(scan=SHARED), events)
    said = "\n".join(block["text"]["text"] for block in shown.blocks if "text" in block)
    assert "(20 earlier left out)" in said
    assert "try 49 " in said
    assert "try 19 " not in said
