"""Forms that are leafed through, and searched, in their place."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.elements import Block
from bot.blocks.modals import kept_in, notice_modal
from bot.errors import AppscanError, slack_code
from bot.listeners import failures
from bot.listeners.acts import actor, said
from bot.listeners.answers import whisper
from bot.listeners.forms import MOVED_ON

logger = logging.getLogger(__name__)


class Shows(Protocol):
    """Makes what a form shows next."""

    async def __call__(self, user: str, view: Mapping[str, Any], pressed: Mapping[str, Any]) -> Block:
        """Return it for somebody; ``pressed`` is the form's own button, empty where it was searched.

        Raises:
            AppscanError: it can't be shown; what it says is shown in its place.
        """
        ...


def leafed_through(app: AsyncApp, turns: Iterable[str], shows: Shows, *, searched: str | None = None) -> None:
    """Register a form's buttons, by their action IDs, and its search, by the callback ID of the form."""

    async def next_of(user: str, view: Mapping[str, Any], pressed: Mapping[str, Any]) -> Block:
        try:
            return await shows(user, view, pressed)
        except AppscanError as error:
            return notice_modal(error.user_message)

    async def turn(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        user, view = actor(body), body["view"]
        shown = await next_of(user, view, body["actions"][0])
        try:
            await client.views_update(view_id=said(view, "id"), hash=said(view, "hash") or None, view=shown)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.info("a page of a form is not shown: %s", slack_code(error) or type(error).__name__)
            if slack_code(error) not in MOVED_ON:  # a form's button has no place of its own for an answer
                await whisper(client, failures.told(error), channel=said(kept_in(view), "channel"), user=user)

    async def search(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        await ack(response_action="update", view=await next_of(actor(body), view, {}))

    for action_id in turns:
        app.action(action_id)(turn)
    if searched is not None:
        app.view(searched)(search)
