"""What Slack takes as the blocks of a message, and as a view.

Source: https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/reference/views
"""

from collections.abc import Iterator
from typing import Any

from sandbox.slack.charts import CHART, MOST
from sandbox.slack.elements import ACCESSORY, IN_ACTIONS, IN_CONTEXT, IN_INPUT, plain, text
from sandbox.slack.shapes import (
    Check,
    Fields,
    Problems,
    anything,
    array,
    boolean,
    both,
    mapping,
    number,
    one_of,
    string,
    typed,
    url,
)
from sandbox.world import Json

_BLOCK: Fields = {"type": anything}
_ID: Fields = {"block_id": string(255)}


def _text_or_fields(value: Any, at: str, problems: Problems) -> None:
    if value.get("text") is None and value.get("fields") is None:
        problems.add(at, "must define either `text` or `fields`")


def elements_of(block: Json) -> Iterator[Json]:
    """Yield the parts of a block that have action IDs."""
    candidates = [*(block.get("elements") or ()), block.get("accessory"), block.get("element")]
    yield from (one for one in candidates if isinstance(one, dict))


def _own_action_ids(value: Any, at: str, problems: Problems) -> None:
    seen: set[str] = set()
    elements = value.get("elements")
    for one in elements if isinstance(elements, list) else []:
        action_id = one.get("action_id") if isinstance(one, dict) else None
        if isinstance(action_id, str) and action_id in seen:
            problems.add(at, "action_id already exists for another element in this block")
        elif isinstance(action_id, str):
            seen.add(action_id)


_rich: dict[str, Check] = {}
_RICH_ITEMS = array(typed(_rich), least=0, most=1000)
for _name in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"):
    _rich[_name] = mapping(
        {**_BLOCK, "elements": _RICH_ITEMS}, {"border": number(0, 1), "language": string(50)}
    )
_rich["rich_text_list"] = mapping(
    {**_BLOCK, "elements": _RICH_ITEMS, "style": one_of("bullet", "ordered")},
    {"indent": number(0, 8), "offset": number(0, 10_000), "border": number(0, 1)},
)
_rich["text"] = mapping({**_BLOCK, "text": string(40_000)}, {"style": anything})
_rich["link"] = mapping(
    {**_BLOCK, "url": url()}, {"text": string(3000, least=0), "style": anything, "unsafe": boolean}
)
_rich["user"] = mapping({**_BLOCK, "user_id": string(30)}, {"style": anything})
_rich["channel"] = mapping({**_BLOCK, "channel_id": string(30)}, {"style": anything})
_rich["emoji"] = mapping({**_BLOCK, "name": string(100)}, {"unicode": anything, "style": anything})
_rich["date"] = mapping(
    {**_BLOCK, "timestamp": number(0, 2**40), "format": string(200)}, {"url": url(), "fallback": string(300)}
)
_rich["broadcast"] = mapping({**_BLOCK, "range": one_of("here", "channel", "everyone")}, {"style": anything})

_RICH_TEXT = mapping({**_BLOCK, "elements": _RICH_ITEMS}, _ID)

_CELL = typed({"raw_text": mapping({**_BLOCK, "text": string(10_000, least=0)}), "rich_text": _RICH_TEXT})
_COLUMN = mapping({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})

_BOTH_PLACES: dict[str, Check] = {
    "section": both(
        mapping(
            _BLOCK,
            {
                **_ID,
                "text": text(3000),
                "fields": array(text(2000), most=10),
                "accessory": ACCESSORY,
                "expand": boolean,
            },
        ),
        _text_or_fields,
    ),
    "header": mapping({**_BLOCK, "text": plain(150)}, _ID),
    "divider": mapping(_BLOCK, _ID),
    "actions": both(mapping({**_BLOCK, "elements": array(IN_ACTIONS, most=25)}, _ID), _own_action_ids),
    "context": mapping({**_BLOCK, "elements": array(IN_CONTEXT, most=10)}, _ID),
    "image": mapping(
        {**_BLOCK, "alt_text": string(2000)},
        {**_ID, "image_url": url(), "slack_file": anything, "title": plain(2000)},
    ),
    "rich_text": _RICH_TEXT,
    "input": mapping(
        {**_BLOCK, "label": plain(2000), "element": IN_INPUT},
        {**_ID, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
}

_IN_MESSAGE = typed(
    {
        **_BOTH_PLACES,
        "markdown": mapping({**_BLOCK, "text": string(12_000)}, _ID),
        "table": mapping(
            {**_BLOCK, "rows": array(array(_CELL, most=20), most=100)},
            {**_ID, "column_settings": array(_COLUMN, least=0, most=20)},
        ),
        "data_visualization": mapping({**_BLOCK, "title": string(50), "chart": CHART}, _ID),
    }
)
_IN_VIEW = typed(_BOTH_PLACES)


def _cell_characters(value: Any) -> int:
    if isinstance(value, dict):
        own = value.get("text")
        return (len(own) if isinstance(own, str) else 0) + sum(
            _cell_characters(part) for name, part in value.items() if name != "text"
        )
    return sum(_cell_characters(part) for part in value) if isinstance(value, list) else 0


def _together(blocks: list[Json], at: str, problems: Problems) -> None:
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        block_id = block.get("block_id")
        if isinstance(block_id, str) and block_id in seen:
            problems.add(f"{at}/{place}", f"block_id already exists: {block_id}")
        elif isinstance(block_id, str):
            seen.add(block_id)
    tables = [block for block in blocks if block.get("type") == "table"]
    if len(tables) > 1:
        problems.add(at, "only one table allowed")
    if any(_cell_characters(table.get("rows")) > 10_000 for table in tables):
        problems.add(at, "must be less than 10001 characters in all cells")
    if sum(block.get("type") == "data_visualization" for block in blocks) > MOST:
        problems.add(at, "no more than 2 data visualizations allowed")


def check_blocks(blocks: Any) -> list[str]:
    """Return what is wrong with the blocks of a message, in Slack's words; empty where nothing is."""
    problems = Problems()
    array(_IN_MESSAGE, least=0, most=50)(blocks, "/blocks", problems)
    if not problems.messages:
        _together(blocks, "/blocks", problems)
    return problems.messages


_VIEW = mapping(
    {"type": one_of("modal"), "title": plain(24), "blocks": array(_IN_VIEW, least=0, most=100)},
    {
        "submit": plain(24),
        "close": plain(24),
        "private_metadata": string(3000, least=0),
        "callback_id": string(255, least=0),
        "external_id": string(255, least=0),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)


def check_view(view: Any) -> list[str]:
    """Return what is wrong with a modal, in Slack's words; empty where nothing is."""
    problems = Problems()
    _VIEW(view, "/view", problems)
    if not problems.messages:
        _together(view["blocks"], "/view/blocks", problems)
        if any(block["type"] == "input" for block in view["blocks"]) and not view.get("submit"):
            problems.add("/view", "missing required field: submit")
    return problems.messages


def _letters(nth: int) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return alphabet[nth // 62 % 62] + alphabet[nth % 62]


def completed(blocks: list[Json], ts: str) -> list[Json]:
    """Return the blocks as Slack hands them back: with the block IDs and action IDs that it makes up."""
    made = []
    for place, block in enumerate(blocks):
        whole = {name: part for name, part in block.items() if part is not None}
        whole.setdefault("block_id", f"{ts[-3:]}{_letters(place)}")
        if block["type"] == "actions":
            whole["elements"] = [
                {"action_id": f"{ts[-3:]}{_letters(place)}{_letters(nth)}", **element}
                for nth, element in enumerate(block["elements"])
            ]
        for name in ("accessory", "element"):
            if name in whole and whole[name]["type"] != "image":
                whole[name] = {"action_id": f"{ts[-3:]}{_letters(place)}{name}", **whole[name]}
        made.append(whole)
    return made
