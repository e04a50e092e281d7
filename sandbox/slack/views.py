"""Modals: opening, updating, and what a person fills in.

Source: https://docs.slack.dev/surfaces/modals
"""

import secrets
from collections.abc import Mapping
from typing import Any

from sandbox.slack.blockkit import check_view, completed
from sandbox.slack.posting import problems
from sandbox.slack.service import CannotDo, Service, SlackError
from sandbox.world import Json, View, new_id

MOST_OPEN = 3


def checked(spec: Any) -> Json:
    """Return a view as an app gave it, if it can be shown.

    Raises:
        SlackError: ``invalid_arguments``, with what is wrong.
    """
    messages = check_view(spec)
    if messages:
        raise SlackError("invalid_arguments", **problems(messages))
    whole: Json = dict(spec)
    whole["blocks"] = completed(spec["blocks"], new_id("V"))
    return whole


def inputs(view: View) -> dict[str, Json]:
    """Return the input blocks of a view by their block ID."""
    return {block["block_id"]: block for block in view.spec["blocks"] if block["type"] == "input"}


def option_text(options: Any, value: str) -> Json:
    """Return the option of a menu that has this value, or this label.

    Raises:
        CannotDo: there is none.
    """
    for option in options or ():
        if value in {option.get("value"), option["text"]["text"]}:
            return dict(option)
    raise CannotDo(f"there is no option {value!r}")


def _options(element: Json) -> list[Json]:
    groups = element.get("option_groups") or ()
    return [*(element.get("options") or ()), *(option for group in groups for option in group["options"])]


def chosen(element: Json, value: Any) -> Json:
    """Return the state of an input after a person has entered ``value`` (``None``: nothing).

    Raises:
        CannotDo: Slack's client would not take it.
    """
    kind = element["type"]
    if kind.endswith("_text_input"):
        if value:
            least, most = element.get("min_length", 0), element.get("max_length", 3000)
            if not least <= len(value) <= most:
                raise CannotDo(f"the text has to have {least} to {most} characters")
        return {"type": kind, "value": value or None}
    if kind in {"static_select", "radio_buttons", "overflow"}:
        return {
            "type": kind,
            "selected_option": None if value is None else option_text(_options(element), value),
        }
    if kind in {"multi_static_select", "checkboxes"}:
        picked = [option_text(_options(element), one) for one in value or ()]
        return {"type": kind, "selected_options": picked}
    single = {
        "users_select": "selected_user",
        "channels_select": "selected_channel",
        "conversations_select": "selected_conversation",
        "datepicker": "selected_date",
        "multi_users_select": "selected_users",
        "file_input": "files",
    }
    return {"type": kind, single[kind]: value}


def _initial(element: Json) -> Any:
    for name in ("initial_value", "initial_date", "initial_user", "initial_channel", "initial_conversation"):
        if name in element:
            return element[name]
    if "initial_option" in element:
        return element["initial_option"]["value"]
    if "initial_options" in element:
        return [option["value"] for option in element["initial_options"]]
    return element.get("initial_users")


def _is_empty(state: Json) -> bool:
    return not any(part for name, part in state.items() if name != "type")


class Views:
    """The modals of all people."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def open(self, user: str, spec: Any, *, push: bool = False) -> View:
        """Open a modal for a person; with ``push`` on top of the one that is open.

        Raises:
            SlackError: ``invalid_arguments``, ``push_limit_reached``.
        """
        whole = checked(spec)
        stack = self._service.world.open_views(user)
        if push and len(stack) >= MOST_OPEN:
            raise SlackError("push_limit_reached")
        if not push:
            for old in stack:
                old.open = False
        view_id = new_id("V")
        view = View(
            id=view_id,
            user=user,
            spec=whole,
            hash=self._new_hash(),
            root_id=stack[0].id if push and stack else view_id,
            previous_id=stack[-1].id if push and stack else None,
        )
        self._fill(view, {})
        self._service.world.views[view.id] = view
        self._service.world.changes.tell()
        return view

    def update(self, view: View, spec: Any, *, expected_hash: str | None = None) -> None:
        """Show something else in an open modal; what was entered stays where block and action IDs do.

        Raises:
            SlackError: ``invalid_arguments``, ``hash_conflict``, ``not_found``.
        """
        if not view.open:
            raise SlackError("not_found")
        if expected_hash is not None and expected_hash != view.hash:
            raise SlackError("hash_conflict")
        view.spec = checked(spec)
        view.hash = self._new_hash()
        view.errors = {}
        self._fill(view, view.state)
        self._service.world.changes.tell()

    def find(self, view_id: str | None, external_id: str | None) -> View:
        """Return a view by one of its IDs.

        Raises:
            SlackError: ``not_found``.
        """
        for view in reversed(self._service.world.views.values()):
            if view.id == view_id or (external_id and view.spec.get("external_id") == external_id):
                return view
        raise SlackError("not_found")

    def enter(self, view: View, values: Mapping[str, Any]) -> None:
        """Enter values into a modal, each under its action ID or block ID.

        Raises:
            CannotDo: there is no such input, it would not take that, or a needed one is empty.
        """
        unknown = set(values)
        for block_id, block in inputs(view).items():
            element = block["element"]
            action_id = element["action_id"]
            for name in {block_id, action_id} & set(values):
                view.state[block_id] = {action_id: chosen(element, values[name])}
                unknown.discard(name)
            if not block.get("optional") and _is_empty(view.state[block_id][action_id]):
                raise CannotDo(f"{block['label']['text']!r} has to be filled in")
        if unknown:
            raise CannotDo(f"there is no input {sorted(unknown)}")

    def _fill(self, view: View, before: Json) -> None:
        state: Json = {}
        for block_id, block in inputs(view).items():
            action_id = block["element"]["action_id"]
            kept = before.get(block_id, {}).get(action_id)
            state[block_id] = {action_id: kept or chosen(block["element"], _initial(block["element"]))}
        view.state = state

    def _new_hash(self) -> str:
        return f"{self._service.world.next_ts()}.{secrets.token_hex(4)}"
