"""The buttons of scans and of rescan requests, their forms, and the message shortcut.

What a press changes is written before the press is acknowledged, so that an acknowledged press is never lost.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.scan import Scan, State
from bot.errors import NotFound
from bot.features.rescan_requests import views as waiting
from bot.features.submission import modals
from bot.features.submission import views as reply
from bot.features.submission.intake import Intake
from bot.features.submission.user_actions import UNLINKED, UserActions
from bot.slack.blocks import short_answers, text
from bot.slack.blocks.elements import Block
from bot.slack.blocks.message import Message
from bot.slack.blocks.scan_text import app as app_of
from bot.slack.listening.modals import open_form, take_form
from bot.slack.listening.payload import needed, read_payload, said
from bot.slack.listening.respond import answer

SCAN_THIS_BUILD = "scan_this_build"

Choice = Callable[[int, str], Awaitable[object]]


def register_buttons(
    app: AsyncApp, actions: UserActions, details_of: Callable[[str, str, str], Awaitable[Message]]
) -> None:
    """Register the buttons of scans; ``details_of`` shows a scan, by its number, to a person in a channel."""
    choices: dict[str, Choice] = {
        reply.CANCEL: actions.cancel,
        reply.DISMISS: actions.dismiss,
        reply.NEW_APP: actions.scan_as_new,
        reply.RESCAN_ANYWAY: actions.rescan_anyway,
        reply.SCAN_AGAIN: actions.scan_again,
        reply.TRY_AGAIN: actions.try_again,
        reply.SUBMIT_AGAIN: actions.submit_again,
    }
    for action_id, choice in choices.items():
        decide_on_press(app, action_id, choice, actions)

    def ask(action_id: str, form_for: Callable[[Scan, str], Block]) -> None:
        @app.action(action_id)
        async def pressed(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            number, user, channel = _press(body)
            await open_form(client, body, form_for(await actions.scan(number, user, channel), user))

    def app_to_link(scan: Scan, user: str) -> Block:
        actions.access.admit_to_links(user)
        return modals.app_id_modal(scan, purpose=modals.Purpose.LINK)

    def arrived(scan: Scan, _: str) -> Block:
        if scan.state is not State.UNCERTAIN:
            raise NotFound(f"Scan #{scan.number} is already settled.")
        return modals.request_id_modal(scan)

    ask(reply.RESCAN_AS, lambda scan, _: modals.app_id_modal(scan, purpose=modals.Purpose.RESCAN))
    ask(reply.LINK_APP, app_to_link)
    ask(reply.ARRIVED, arrived)

    @app.action(reply.DETAILS)
    async def details(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        number, user, channel = _press(body)
        await answer(respond, await details_of(user, channel, str(number)))

    @app.action(reply.OPEN_LOG)
    async def log_opened(ack: AsyncAck) -> None:
        await ack()


def decide_on_press(app: AsyncApp, action_id: str, choice: Choice, actions: UserActions) -> None:
    """Register a button of a scan that decides about it; the value is the scan's number."""

    @app.action(action_id)
    async def pressed(ack: AsyncAck, body: dict[str, Any]) -> None:
        number, user, channel = _press(body)
        await actions.scan(number, user, channel)
        await choice(number, user)
        await ack()


def register_forms(app: AsyncApp, actions: UserActions) -> None:
    """Register the forms."""

    async def app_id_given(user: str, view: Mapping[str, Any]) -> str | None:
        number, purpose, app_id = modals.read_app_id(view)
        await actions.scan(number, user)
        choose = actions.rescan_as if purpose is modals.Purpose.RESCAN else actions.link
        done = await choose(number, user, app_id)
        if done.admins_only:
            return UNLINKED
        if done.other is None:
            return None
        return (
            f"Done. {text.code(app_id)} is also linked to {app_of(done.other)}. If that is a mistake, "
            "remove one of the links with `/appscan unlink`."
        )

    async def request_id_given(user: str, view: Mapping[str, Any]) -> None:
        number, request_id = modals.read_request_id(view)
        await actions.scan(number, user)
        await actions.arrived(number, user, request_id)

    take_form(app, modals.APP_ID_FORM, app_id_given, error_block=modals.APP_ID_BLOCK)
    take_form(app, modals.REQUEST_ID_FORM, request_id_given, error_block=modals.REQUEST_ID_BLOCK)


def register_requests(app: AsyncApp, intake: Intake, permalink: Callable[[Scan], str | None]) -> None:
    """Register the button of rescan requests, and the shortcut "Scan this build"."""

    def linked(scan: Scan) -> str:
        name, url = f"scan #{scan.number}", permalink(scan)
        return text.link(url, name) if url else name

    @app.action(waiting.SCAN_LATEST)
    async def scan_latest(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        number, user, channel = _press(body)
        scan, new = await intake.scan_latest(user, channel, number)
        await ack()
        if not new:
            known = f"That build is {linked(scan)} already; its reply is in the thread."
            await answer(respond, short_answers.prepared(known))

    @app.shortcut(SCAN_THIS_BUILD)
    async def scan_this_build(ack: AsyncAck, shortcut: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        asked = read_payload(shortcut)
        message_ts, thread_ts = needed(shortcut, "message", "ts"), said(shortcut, "message", "thread_ts")
        requested = await intake.scan_message(asked.user, asked.channel, message_ts, thread_ts or None)
        lines = [
            f"On it: {linked(scan)}, in the message's thread."
            if new
            else f"That build is {linked(scan)} already; its reply is in the message's thread."
            for scan, new in requested
        ]
        await answer(respond, short_answers.prepared(" ".join(lines)))


def _press(body: dict[str, Any]) -> tuple[int, str, str]:
    """Return the number in the button's value, who pressed it and in which conversation."""
    press = read_payload(body)
    return press.number(digits=15, example="/appscan history"), press.user, press.channel
