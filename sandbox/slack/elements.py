"""What Slack takes inside blocks: texts, buttons, menus and inputs, with their limits.

Source: https://docs.slack.dev/reference/block-kit/block-elements and …/composition-objects
"""

from typing import Any

from sandbox.slack.shapes import (
    Check,
    Fields,
    Problems,
    anything,
    array,
    boolean,
    both,
    mapping,
    matching,
    number,
    one_of,
    string,
    typed,
    url,
)

ACTION_ID = string(255)
_TYPE: Fields = {"type": anything}


def plain(most: int) -> Check:
    """Take a plain text object."""
    fields: Fields = {"type": one_of("plain_text"), "text": string(most)}
    return mapping(fields, {"emoji": boolean})


def text(most: int) -> Check:
    """Take a text object of either kind."""
    marked = mapping({"type": anything, "text": string(most)}, {"verbatim": boolean})
    return typed({"plain_text": plain(most), "mrkdwn": marked})


CONFIRM = mapping(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)

OPTION = mapping({"text": plain(75), "value": string(150)}, {"description": plain(75), "url": url()})
_MARKED_OPTION = mapping({"text": text(75), "value": string(150)}, {"description": text(75)})
_GROUP = mapping({"label": plain(75), "options": array(OPTION, most=100)})
_FILTER = mapping(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), most=4),
        "exclude_bot_users": boolean,
        "exclude_external_shared_channels": boolean,
    },
)

_BUTTON = mapping(
    {**_TYPE, "text": plain(75)},
    {
        "action_id": ACTION_ID,
        "value": string(2000),
        "url": url(),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
_IMAGE = mapping(
    {**_TYPE, "alt_text": string(2000)}, {"image_url": url(), "slack_file": anything, "fallback": anything}
)

_MENU: Fields = {
    "action_id": ACTION_ID,
    "placeholder": plain(150),
    "confirm": CONFIRM,
    "focus_on_load": boolean,
}


def _options_or_groups(value: Any, at: str, problems: Problems) -> None:
    if ("options" in value) == ("option_groups" in value):
        problems.add(at, "must define either `options` or `option_groups`")


def _static(**more: Check) -> Check:
    lists: Fields = {"options": array(OPTION, most=100), "option_groups": array(_GROUP, most=100)}
    return both(mapping(_TYPE, {**_MENU, **lists, **more}), _options_or_groups)


def _listed(most: int, **more: Check) -> Check:
    optional: Fields = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": boolean, **more}
    return mapping({**_TYPE, "options": array(_MARKED_OPTION, most=most)}, optional)


_MANY = number(1, 100)
_ID = matching(r"[A-Z0-9]+")

MENUS: dict[str, Check] = {
    "static_select": _static(initial_option=OPTION),
    "multi_static_select": _static(initial_options=array(OPTION, most=100), max_selected_items=_MANY),
    "users_select": mapping(_TYPE, {**_MENU, "initial_user": _ID}),
    "multi_users_select": mapping(
        _TYPE, {**_MENU, "initial_users": array(_ID, most=100), "max_selected_items": _MANY}
    ),
    "channels_select": mapping(_TYPE, {**_MENU, "initial_channel": _ID, "response_url_enabled": boolean}),
    "conversations_select": mapping(
        _TYPE,
        {
            **_MENU,
            "initial_conversation": _ID,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": _FILTER,
        },
    ),
    "overflow": mapping(
        {**_TYPE, "options": array(OPTION, most=5)}, {"action_id": ACTION_ID, "confirm": CONFIRM}
    ),
    "datepicker": mapping(_TYPE, {**_MENU, "initial_date": matching(r"\d{4}-\d\d-\d\d")}),
    "radio_buttons": _listed(10, initial_option=_MARKED_OPTION),
    "checkboxes": _listed(10, initial_options=array(_MARKED_OPTION, most=10)),
}

PLAIN_TEXT_INPUT = mapping(
    _TYPE,
    {
        "action_id": ACTION_ID,
        "initial_value": string(3000, least=0),
        "multiline": boolean,
        "min_length": number(0, 3000),
        "max_length": number(1, 3000),
        "dispatch_action_config": anything,
        "focus_on_load": boolean,
        "placeholder": plain(150),
    },
)

IN_ACTIONS = typed({"button": _BUTTON, **MENUS})
"""An element of an actions block."""

ACCESSORY = typed({"button": _BUTTON, "image": _IMAGE, **MENUS})
"""What may stand beside a section."""

IN_CONTEXT = typed({"image": _IMAGE, "plain_text": plain(3000), "mrkdwn": text(3000)})
"""An element of a context block."""

IN_INPUT = typed(
    {
        "plain_text_input": PLAIN_TEXT_INPUT,
        "email_text_input": PLAIN_TEXT_INPUT,
        "url_text_input": PLAIN_TEXT_INPUT,
        "file_input": mapping(
            _TYPE,
            {"action_id": ACTION_ID, "filetypes": array(string(20), most=100), "max_files": number(1, 10)},
        ),
        **{name: check for name, check in MENUS.items() if name != "overflow"},
    }
)
"""The element of an input block."""
