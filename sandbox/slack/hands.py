"""What a person does to the bot by hand: commands, buttons, modals and shortcuts."""

from collections.abc import Mapping
from typing import Any

from sandbox.slack.blockkit import elements_of
from sandbox.slack.events import Events
from sandbox.slack.interactions import Interactions, Invocation
from sandbox.slack.service import CannotDo, Service
from sandbox.slack.views import Views, chosen
from sandbox.world import Channel, ChannelKind, Json, User, View


class Hands:
    """A person's hands. Each act waits until the bot has acknowledged it, or Slack has given it up."""

    def __init__(
        self, user: User, service: Service, events: Events, interactions: Interactions, views: Views
    ) -> None:
        self.user = user
        self._service = service
        self._world = service.world
        self._events = events
        self._interactions = interactions
        self._views = views

    @property
    def id(self) -> str:
        """The person's user ID."""
        return self.user.id

    @property
    def name(self) -> str:
        """The person's name, as after an ``@``."""
        return self.user.name

    def im(self) -> Channel:
        """Return the person's conversation with the bot; made where there is none."""
        return self._world.im(self.id, self._service.bot.id)

    async def slash(self, channel: Channel | str, command: str, text: str = "") -> Invocation:
        """Type a slash command; the answers are in the invocation, as they come."""
        return await self._interactions.command(self.user, self._writable(channel), command, text)

    async def press(
        self,
        channel: Channel | str,
        message_ts: str,
        action: str,
        value: str | None = None,
        *,
        block_id: str | None = None,
    ) -> Invocation:
        """Press a button of a message, by its action ID or its label, or choose ``value`` in a menu.

        Where several buttons fit, ``value`` or ``block_id`` says which.
        """
        where = self._readable(channel)
        message = self._world.messages.get((where.id, message_ts))
        if message is None or message.deleted or message.ephemeral_to not in {None, self.id}:
            raise CannotDo("there is no such message")
        block, element = _find(message.blocks, action, value, block_id)
        invocation = await self._interactions.action(self.user, where, message, block, _used(element, value))
        invocation.url = element.get("url", "")
        return invocation

    async def press_in_view(self, action: str, value: str | None = None) -> Invocation:
        """Press a button in the modal that is open, or choose ``value`` in a menu there."""
        view = self._top()
        block, element = _find(view.spec["blocks"], action, value, None)
        return await self._interactions.view_action(self.user, view, block, _used(element, value))

    async def submit_view(
        self, values: Mapping[str, Any] | None = None, *, view_id: str | None = None
    ) -> Invocation:
        """Fill in the modal that is open (or the one named) and submit it.

        ``values`` are by action ID or block ID. What the app found wrong is in the invocation's ``errors``.
        """
        view = self._top() if view_id is None else self._world.views.get(view_id)
        if view is None or not view.open or view.user != self.id:
            raise CannotDo("there is no such modal before them")
        if not view.spec.get("submit"):
            raise CannotDo("the modal can't be submitted")
        self._views.enter(view, values or {})
        return await self._interactions.submit(self.user, view)

    async def close_view(self) -> Invocation:
        """Close the modal that is open."""
        return await self._interactions.close(self.user, self._top())

    async def shortcut(self, channel: Channel | str, message_ts: str, callback_id: str) -> Invocation:
        """Use a message shortcut on a message."""
        where = self._readable(channel)
        message = self._world.find_message(where.id, message_ts)
        if message is None or message.tombstone:
            raise CannotDo("there is no such message")
        return await self._interactions.shortcut(self.user, where, message, callback_id)

    def _top(self) -> View:
        stack = self._world.open_views(self.id)
        if not stack:
            raise CannotDo("no modal is open")
        return stack[-1]

    def _where(self, channel: Channel | str) -> Channel:
        found = channel if isinstance(channel, Channel) else self._world.find_channel(channel)
        if found is None:
            raise CannotDo(f"there is no conversation {channel!r}")
        return found

    def _readable(self, channel: Channel | str) -> Channel:
        where = self._where(channel)
        if where.kind is not ChannelKind.PUBLIC and self.id not in where.members:
            raise CannotDo(f"{self.name} does not see that conversation")
        return where

    def _writable(self, channel: Channel | str) -> Channel:
        where = self._readable(channel)
        if self.id not in where.members:
            raise CannotDo(f"{self.name} is not in that conversation")
        if where.archived:
            raise CannotDo("the conversation is archived")
        return where


def _label(element: Json) -> str:
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", ""))


def _find(blocks: list[Json], action: str, value: str | None, block_id: str | None) -> tuple[str, Json]:
    found: list[tuple[str, Json]] = []
    for block in blocks:
        if block["type"] == "input" or block_id not in {None, block.get("block_id")}:
            continue
        for element in elements_of(block):
            fits = "action_id" in element and action in {element["action_id"], _label(element)}
            if fits and (element["type"] != "button" or value in {None, element.get("value")}):
                found.append((block["block_id"], element))
    if not found:
        raise CannotDo(f"there is no button {action!r}")
    if len(found) > 1:
        raise CannotDo(f"there are {len(found)} buttons {action!r}; say which by value or block_id")
    return found[0]


def _used(element: Json, value: str | None) -> Json:
    action_id = {"action_id": element["action_id"]}
    if element["type"] == "button":
        return {name: part for name, part in element.items() if name not in {"confirm", "url"}}
    return {**action_id, **chosen(element, value), "placeholder": element.get("placeholder")}
