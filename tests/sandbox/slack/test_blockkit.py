"""Block Kit's limits, each just inside and just outside."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.blockkit import check_blocks, check_view, completed


def plain(text="x"):
    return {"type": "plain_text", "text": text}


def marked(text="x"):
    return {"type": "mrkdwn", "text": text}


def button(action_id="a", **more):
    return {"type": "button", "text": plain(), "action_id": action_id, **more}


def section(**parts):
    return {"type": "section", **parts}


def actions(*elements, **more):
    return {"type": "actions", "elements": list(elements), **more}


def option(value="v"):
    return {"text": plain(), "value": value}


def select(**more):
    return {"type": "static_select", "action_id": "s", "options": [option()], **more}


def chart(of, title="SDKs"):
    return {"type": "data_visualization", "title": title, "chart": of}


def pie(segments, label="Targeting", value=1):
    return {"type": "pie", "segments": [{"label": label, "value": value}] * segments}


def bar(*labels, axis=None, names=("a",)):
    data = [{"label": label, "value": 1.5} for label in labels]
    return {
        "type": "bar",
        "series": [{"name": name, "data": data} for name in names],
        "axis_config": {"categories": list(axis or labels)},
    }


CONFIRM = {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain()}


def table(rows):
    return {"type": "table", "rows": rows}


def cell(text="x"):
    return {"type": "raw_text", "text": text}


def entry(element=None, **more):
    return {
        "type": "input",
        "label": plain(),
        "element": element or {"type": "plain_text_input", "action_id": "i"},
        **more,
    }


def modal(*blocks, **more):
    return {"type": "modal", "title": plain(), "submit": plain(), "blocks": list(blocks), **more}


GOOD = [
    [{"type": "divider"}] * 50,
    [section(text=marked("x" * 3000))],
    [section(fields=[marked("x" * 2000)] * 10)],
    [section(text=plain(), accessory=button(url="https://x.example/a", style="primary"))],
    [
        section(
            text=plain(), accessory={"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a"}
        )
    ],
    [{"type": "header", "text": plain("x" * 150)}],
    [actions(*[button(f"a{nth}") for nth in range(25)])],
    [actions(button(value="x" * 2000, confirm=CONFIRM), select(), block_id="b")],
    [{"type": "context", "elements": [marked()] * 10}],
    [
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}],
        }
    ],
    [table([[cell()] * 20] * 100)],
    [chart(pie(6))] * 2,
    [chart(bar("Mon", "Tue"), title="x" * 50)],
    [section(text=marked(), block_id=None)],
]

BAD = [
    ([chart(pie(1))] * 3, "no more than 2 data visualizations allowed", "/blocks"),
    ([chart(pie(1), title="x" * 51)], "must be less than 51 characters", "/blocks/0/title"),
    ([chart(pie(7))], "no more than 6 items allowed", "/blocks/0/chart/segments"),
    ([chart(pie(0))], "no less than 1 items allowed", "/blocks/0/chart/segments"),
    ([chart(pie(1, value=0))], "must be greater than 0", "/blocks/0/chart/segments/0/value"),
    (
        [chart(pie(1, label="x" * 21))],
        "must be less than 21 characters",
        "/blocks/0/chart/segments/0/label",
    ),
    ([chart({"type": "donut"})], "unsupported type: donut", "/blocks/0/chart/type"),
    (
        [chart(bar("Mon", "Tue", axis=("Tue", "Mon")))],
        "labels must match the categories of the axis",
        "/blocks/0/chart/series/0/data",
    ),
    (
        [chart(bar("Mon", names=("a", "a")))],
        "names must be unique",
        "/blocks/0/chart/series",
    ),
    ([chart(bar(*map(str, range(21))))], "no more than 20 items allowed", "/blocks/0/chart/series/0/data"),
    ([{"type": "divider"}] * 51, "no more than 50 items allowed", "/blocks"),
    ([section(text=marked("x" * 3001))], "must be less than 3001 characters", "/blocks/0/text/text"),
    ([section(text=marked(""))], "must be more than 0 characters", "/blocks/0/text/text"),
    ([section(text=marked(None))], "missing required field: text", "/blocks/0/text"),
    ([section()], "must define either `text` or `fields`", "/blocks/0"),
    ([section(fields=[marked()] * 11)], "no more than 10 items allowed", "/blocks/0/fields"),
    ([section(fields=[marked("x" * 2001)])], "must be less than 2001 characters", "/blocks/0/fields/0/text"),
    ([section(text=marked(), colour="red")], "invalid additional property: colour", "/blocks/0"),
    (
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters",
        "/blocks/0/text/text",
    ),
    ([{"type": "header", "text": marked()}], "must be one of plain_text", "/blocks/0/text/type"),
    ([{"type": "banner"}], "unsupported type: banner", "/blocks/0/type"),
    ([{}], "missing required field: type", "/blocks/0"),
    (["x"], "must provide an object", "/blocks/0"),
    ({}, "must provide an array", "/blocks"),
    (
        [actions(*[button(f"a{nth}") for nth in range(26)])],
        "no more than 25 items allowed",
        "/blocks/0/elements",
    ),
    ([actions()], "no less than 1 items allowed", "/blocks/0/elements"),
    (
        [actions(button(), button())],
        "action_id already exists for another element in this block",
        "/blocks/0",
    ),
    (
        [actions(button(text=plain("x" * 76)))],
        "must be less than 76 characters",
        "/blocks/0/elements/0/text/text",
    ),
    ([actions(button(value="x" * 2001))], "must be less than 2001 characters", "/blocks/0/elements/0/value"),
    ([actions(button("x" * 256))], "must be less than 256 characters", "/blocks/0/elements/0/action_id"),
    ([actions(button(url="x.example"))], "invalid url", "/blocks/0/elements/0/url"),
    ([actions(button(style="blue"))], "must be one of primary, danger", "/blocks/0/elements/0/style"),
    (
        [actions(button(confirm={**CONFIRM, "title": plain("x" * 101)}))],
        "must be less than 101 characters",
        "/blocks/0/elements/0/confirm/title/text",
    ),
    (
        [actions(select(options=[option(str(nth)) for nth in range(101)]))],
        "no more than 100 items allowed",
        "/blocks/0/elements/0/options",
    ),
    (
        [actions({"type": "plain_text_input"})],
        "unsupported type: plain_text_input",
        "/blocks/0/elements/0/type",
    ),
    (
        [{"type": "context", "elements": [marked()] * 11}],
        "no more than 10 items allowed",
        "/blocks/0/elements",
    ),
    ([section(text=marked(), block_id="b")] * 2, "block_id already exists: b", "/blocks/1"),
    ([table([[cell()] * 21])], "no more than 20 items allowed", "/blocks/0/rows/0"),
    ([table([[cell()]] * 101)], "no more than 100 items allowed", "/blocks/0/rows"),
    ([table([[cell("x" * 6000)] * 2])], "must be less than 10001 characters in all cells", "/blocks"),
    ([table([[cell()]])] * 2, "only one table allowed", "/blocks"),
]

BAD_VIEWS = [
    ([], "must provide an object", "/view"),
    (modal(title=plain("x" * 25)), "must be less than 25 characters", "/view/title/text"),
    (modal(submit=plain("x" * 25)), "must be less than 25 characters", "/view/submit/text"),
    (modal(private_metadata="x" * 3001), "must be less than 3001 characters", "/view/private_metadata"),
    (modal(callback_id="x" * 256), "must be less than 256 characters", "/view/callback_id"),
    (modal(*[{"type": "divider"}] * 101), "no more than 100 items allowed", "/view/blocks"),
    (modal(entry(), submit=None), "missing required field: submit", "/view"),
    (modal(table([[cell()]])), "unsupported type: table", "/view/blocks/0/type"),
    (modal(entry(button())), "unsupported type: button", "/view/blocks/0/element/type"),
    (
        modal(entry({"type": "plain_text_input", "max_length": 3001})),
        "must be between 1 and 3000",
        "/view/blocks/0/element/max_length",
    ),
]


@pytest.mark.parametrize("blocks", GOOD)
def test_what_slack_takes(blocks):
    assert check_blocks(blocks) == []


@pytest.mark.parametrize(("blocks", "problem", "place"), BAD)
def test_what_slack_refuses(blocks, problem, place):
    assert f"{problem} [json-pointer:{place}]" in check_blocks(blocks)


@pytest.mark.parametrize(("view", "problem", "place"), BAD_VIEWS)
def test_what_a_view_may_not_be(view, problem, place):
    assert f"{problem} [json-pointer:{place}]" in check_view(view)


def test_what_a_view_may_be():
    assert (
        check_view(modal(entry(), entry(select(), optional=True, hint=plain()), section(text=marked()))) == []
    )


def test_ids_are_made_up_where_the_app_gave_none():
    made = completed(
        [actions(button(), {"type": "button", "text": plain()}), section(text=marked())], "1.000123"
    )
    assert made[0]["elements"][0]["action_id"] == "a"
    assert made[0]["elements"][1]["action_id"]
    assert made[0]["block_id"] != made[1]["block_id"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["section", "actions"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "elements", "rows", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON)
def test_whatever_comes_is_told_apart_without_failing(blocks):
    problems = check_blocks(blocks)
    assert problems == check_blocks(json.loads(json.dumps(blocks)))
    if not isinstance(blocks, list):
        assert problems
