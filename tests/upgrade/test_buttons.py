"""What an older version put before people still works in a new one, or says why not."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.slack import Invocation, Person
from sandbox.slack.blockkit import elements_of
from sandbox.world import Message
from tests.scenario.office import APP_ID, Office
from tests.upgrade.history import before, read, rows

LEADS_AWAY = "scan_open_log"
"""Slack opens its address; the bot only acknowledges it."""
SHOWS = (
    *("details", "report", "all", "all_found", "all_hosts", "next", "previous", "older", "newer"),
    *("acknowledge", "rescan_as", "link_app", "arrived", "log"),
)
"""How action IDs end of what only shows something, or opens a form."""
TYPED = {
    "app_id": APP_ID,
    "request_id": "request-in-the-log",
    "reason": "Agreed with legal",
    "found_search": "kit 07",
    "hosts_search": "shop",
}
"""What is typed in, by the action ID of the field."""


def old_buttons() -> list[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Return each button in the old messages, with its message and block; the same one once.

    Those that only show something come first.
    """
    found, seen = [], set()
    for message in read("messages.json"):
        for block in message["blocks"]:
            for element in elements_of(block):
                what = (element.get("action_id"), element.get("value"), bool(message["ephemeral_to"]))
                if "action_id" in element and what not in seen and element["type"] == "button":
                    seen.add(what)
                    found.append((message, block["block_id"], element))
    return sorted(found, key=lambda each: not each[2]["action_id"].endswith(SHOWS))


def people(place: Office) -> dict[str, Person]:
    return {person.id: person for person in (place.dana, place.eli)}


async def use(place: Office, message: Message, block_id: str, element: dict[str, Any]) -> Invocation:
    """Press a button as a client that has not seen later versions of its message shows it."""
    person = people(place)[message.ephemeral_to or place.dana.id]
    pressed = {name: part for name, part in element.items() if name not in {"confirm", "url"}}
    channel = place.slack.world.channels[message.channel]
    return await person._interactions.action(person.user, channel, message, block_id, pressed)


@pytest.fixture
def no_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Let nothing be logged that nobody foresaw."""
    yield
    assert [each.getMessage() for each in caplog.get_records("call") if each.levelno >= logging.ERROR] == []


async def until(condition: Callable[[], object], what: object) -> None:
    try:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"nothing was seen after {what}") from None


@pytest.mark.usefixtures("no_errors")
async def test_every_old_button_is_answered_where_people_see_it(place: Office):
    world, buttons = place.slack.world, old_buttons()  # Slack lets a form be opened for three seconds
    assert len({element["action_id"] for _, _, element in buttons}) >= 30

    for told, block_id, element in buttons:
        message = world.messages[told["channel"], told["ts"]]
        place.clock.hurried = not element["action_id"].endswith(SHOWS)  # then replies are updated in turn
        versions, forms, messages = message.versions, len(world.views), len(world.messages)

        pressed = await use(place, message, block_id, element)

        what = (element["action_id"], element.get("value"), place.read(message)[:80])
        assert pressed.acked, what

        def seen(
            pressed: Invocation = pressed,
            message: Message = message,
            known: tuple[int, int, int] = (versions, forms, messages),
        ) -> bool:
            now = (message.versions, len(world.views), len(world.messages))
            return bool(pressed.answers) or now != known

        if element["action_id"] != LEADS_AWAY:
            await until(seen, what)
        assert not pressed.error, what


@pytest.mark.usefixtures("no_errors")
async def test_every_old_form_is_answered(place: Office):
    place.clock.hurried = False
    views = list(place.slack.world.views.values())
    assert len({view.spec["callback_id"] for view in views}) >= 6
    for view in views:
        person = people(place)[view.user]
        turns = [
            element["action_id"]
            for block in view.spec["blocks"]
            if block["type"] != "input"
            for element in elements_of(block)
            if "action_id" in element
        ]
        old, view.open = view.spec, True
        for action in turns:
            view.spec, was = old, view.hash
            pressed = await person.press_in_view(action)
            assert pressed.acked, action
            await until(lambda view=view, was=was: view.hash != was, action)
        view.spec = old
        fields = [block["element"]["action_id"] for block in view.spec["blocks"] if block["type"] == "input"]
        if view.spec.get("submit"):
            was = view.hash
            submitted = await person.submit_view({name: TYPED[name] for name in fields})
            assert submitted.acked, view.spec["callback_id"]
            assert not submitted.error
            await until(
                lambda view=view, was=was: not view.open or view.hash != was or view.errors,
                view.spec["callback_id"],
            )
        view.open = False

    ((scan,),) = before("SELECT number FROM scans WHERE question = 'seen_before'")
    assert rows(place, "SELECT app_id FROM scans WHERE number = ?", scan) == [(APP_ID,)]
    assert rows(place, "SELECT count(*) FROM breaches WHERE reason = ?", TYPED["reason"]) == [(1,)]
    assert rows(place, "SELECT 1 FROM submissions WHERE request_id = ?", TYPED["request_id"]) == [(1,)]


async def test_old_buttons_do_what_they_say(place: Office):
    """Press one of each that changes something, and see its scan move."""
    place.clock.hurried = False
    world = place.slack.world
    for action, leaves in (
        ("scan_new_app", "asking"),
        ("scan_rescan_anyway", "asking"),
        ("scan_dismiss", "asking"),
        ("scan_try_again", "failed"),
        ("scan_scan_again", "duplicate"),
        ("scan_submit_again", "uncertain"),
        ("scan_cancel", "queued"),
    ):
        numbers = {
            str(number)
            for (number,) in rows(
                place,
                "SELECT number FROM scans WHERE state = ? AND reply_ts > '0' ORDER BY number DESC",
                leaves,
            )
        }
        message, block_id, element = next(
            each for each in old_buttons() if each[2]["action_id"] == action and each[2]["value"] in numbers
        )
        pressed = await use(place, world.messages[message["channel"], message["ts"]], block_id, element)
        assert pressed.acked

        def moved(number: str = element["value"], leaves: str = leaves) -> bool:
            who = "SELECT 1 FROM events WHERE scan = ? AND before = ? AND who = ?"
            return bool(rows(place, who, number, leaves, place.dana.id))

        await until(moved, (action, element["value"]))
