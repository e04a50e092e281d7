"""Modals: opened by a button, paged through and searched in place, or submitted as a form."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import AppscanError, UsageError, slack_code
from bot.slack.blocks.elements import Block
from bot.slack.blocks.forms import notice_modal
from bot.slack.blocks.paged_modal import ModalState, PagedModal
from bot.slack.listening.payload import Payload, actor, read_payload, said

logger = logging.getLogger(__name__)

REFUSED = frozenset({"invalid_blocks", "invalid_arguments", "view_too_large"})
"""Errors about the content of a modal. Source: https://docs.slack.dev/reference/methods/views.open#errors"""
MOVED_ON = frozenset({"hash_conflict", "not_found"})
"""Errors after a later press, or after the modal was closed.

Source: https://docs.slack.dev/reference/methods/views.update#errors
"""

Load = Callable[[str, ModalState], Awaitable[Block]]
"""Returns the modal in a state, as a person may see it; an ``AppscanError`` is shown instead of it."""
Submit = Callable[[str, Mapping[str, Any]], Awaitable[str | None]]
"""Does what a person submitted; returns a sentence to show in place of the form, if there is one."""


async def open_form(client: AsyncWebClient, body: Mapping[str, Any], form: Block) -> None:
    """Open a modal for the person who pressed a button.

    If Slack rejects it, open it with its inputs only: the other blocks contain names from outside.
    """
    trigger_id = said(body, "trigger_id")
    try:
        await client.views_open(trigger_id=trigger_id, view=form)
    except SlackApiError as error:
        if slack_code(error) not in REFUSED:
            raise
        logger.warning("Slack rejected a modal (%s); retrying with its inputs only", slack_code(error))
        inputs = [block for block in form["blocks"] if block["type"] == "input"]
        await client.views_open(trigger_id=trigger_id, view={**form, "blocks": inputs})


def open_paged(
    app: AsyncApp,
    modal: PagedModal,
    load: Load,
    *,
    button: str | re.Pattern[str],
    state: Callable[[Payload], ModalState] | None = None,
) -> None:
    """Register a paged modal, its page buttons, tabs and search.

    ``button`` is the action ID of the button that opens it; ``state`` reads what to open from a press, by
    default the scan whose number is the button's value.
    """

    def of_scan(press: Payload) -> ModalState:
        return modal.opened(press.number(digits=15, example="/appscan history"), press.channel)

    async def current(user: str, view: Mapping[str, Any], pressed: Mapping[str, Any] | None = None) -> Block:
        try:
            opened = modal.read(view)
            if pressed is not None:
                opened = modal.pressed(opened, said(pressed, "action_id"), said(pressed, "value"))
            return await load(user, opened)
        except AppscanError as error:
            return notice_modal(error.user_message)

    async def opens(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = read_payload(body)
        await open_form(client, body, await load(press.user, (state or of_scan)(press)))

    async def pressed(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        view = body["view"]
        shown = await current(actor(body), view, body["actions"][0])
        try:
            await client.views_update(view_id=said(view, "id"), hash=said(view, "hash") or None, view=shown)
        except SlackApiError as error:
            if slack_code(error) not in MOVED_ON:
                raise
            logger.info("a page of a modal is not shown: %s", slack_code(error))

    async def searched(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        await ack(response_action="update", view=await current(actor(body), view))

    app.action(button)(opens)
    for action_id in (*modal.tabs, modal.previous_id, modal.next_id):
        app.action(action_id)(pressed)
    if modal.search_hint:
        app.view(modal.callback_id)(searched)


def take_form(app: AsyncApp, callback_id: str, submit: Submit, *, error_block: str) -> None:
    """Register a form; it is acknowledged when ``submit`` is done, so that nothing acknowledged is lost.

    A ``UsageError`` is shown beside the input of ``error_block``; another ``AppscanError`` replaces the form.
    """

    async def submitted(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        try:
            sentence = await submit(actor(body), view)
        except UsageError as error:  # Slack formats nothing beside an input
            errors = {error_block: error.user_message.replace("`", "")}
            await ack(response_action="errors", errors=errors)
            return
        except AppscanError as error:
            sentence = error.user_message
        await (ack(response_action="update", view=notice_modal(sentence)) if sentence else ack())

    app.view(callback_id)(submitted)
