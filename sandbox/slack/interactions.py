"""What a person sets off by hand: commands, buttons, shortcuts and modals, and what the bot answers.

Fault point: ``response_url.named`` (``location``: payloads name this address for their answers).
Source: https://docs.slack.dev/interactivity/handling-user-interaction and the payloads described there.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from sandbox.faults import points
from sandbox.slack.delivery import Delivery, Outbox
from sandbox.slack.payloads import message_json, view_json
from sandbox.slack.posting import Posting, read_parts
from sandbox.slack.service import CannotDo, Service, SlackError
from sandbox.slack.views import Views
from sandbox.slack.writing import escape, written
from sandbox.world import Channel, ChannelKind, Json, Message, User, View

POINTS = points(["response_url.named"], "location")
"""Where this can go wrong."""

TRIGGER_S = 3.0
"""How long a trigger ID may be used."""
RESPONSE_URL_S = 30 * 60
MOST_RESPONSES = 5


@dataclass(kw_only=True, eq=False)
class Invocation:
    """Something a person set off, and what came back to them.

    ``answers`` are the messages that came by the acknowledgement and the response URL, as they come.
    """

    person: str
    trigger_id: str
    issued_at: float
    response_url: str = ""
    delivery: Delivery | None = None
    answers: list[Message] = field(default_factory=list)
    url: str = ""
    """Where the person's browser went, for a button with an address."""
    errors: Json = field(default_factory=dict)
    """For a submitted modal: what the app found wrong, by block ID."""
    error: str = ""
    """What Slack tells the person where the app did not answer properly; ``operation_timeout``, …"""

    @property
    def acked(self) -> bool:
        """Whether the bot acknowledged it in time."""
        return self.delivery is not None and self.delivery.acked


@dataclass(kw_only=True, eq=False)
class _ResponseUrl:
    invocation: Invocation
    channel: Channel
    original: Message | None
    uses: int = 0


class Interactions:
    """Takes what people do to the bot, and what it answers to them."""

    def __init__(self, service: Service, outbox: Outbox, posting: Posting, views: Views) -> None:
        self._service = service
        self._outbox = outbox
        self._posting = posting
        self._views = views
        self._triggers: dict[str, Invocation] = {}
        self._response_urls: dict[str, _ResponseUrl] = {}

    async def command(self, user: User, channel: Channel, command: str, text: str) -> Invocation:
        """Type a slash command."""
        app = self._service.app
        if command not in app.commands or "commands" not in app.scopes:
            raise CannotDo(f"{command} is not a valid command")
        invocation = self._invocation(user)
        self._add_response_url(invocation, channel, None, "commands")
        payload: Json = {
            "token": app.verification_token,
            "team_id": self._service.world.team.id,
            "team_domain": self._service.world.team.domain,
            "channel_id": channel.id,
            "channel_name": _channel_name(channel),
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": written(self._service.world, text, in_command=True)
            if app.commands[command]
            else escape(text),
            "api_app_id": app.app_id,
            "is_enterprise_install": "false",
            "response_url": invocation.response_url,
            "trigger_id": invocation.trigger_id,
        }
        delivery = Delivery(kind="slash_commands", name=command, payload=payload)
        invocation.delivery = delivery
        facts = {"type": command, "channel": channel.id, "user": user.id}
        await self._outbox.ask(delivery, facts)
        if not delivery.acked:
            invocation.error = "operation_timeout" if "timeout" in delivery.error else "dispatch_failed"
        elif delivery.response:
            try:
                self._answer(invocation, channel, None, delivery.response)
            except SlackError as exc:
                invocation.error = exc.error
        return invocation

    async def action(
        self, user: User, channel: Channel, message: Message, block_id: str, action: Json
    ) -> Invocation:
        """Use an element of a message; ``action`` is the element with what was chosen."""
        invocation = self._invocation(user)
        self._add_response_url(invocation, channel, message, "actions")
        ephemeral = message.ephemeral_to is not None
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        payload = self._base("block_actions", user, invocation) | {
            "container": container,
            "channel": {"id": channel.id, "name": _channel_name(channel)},
            "state": {"values": {}},
            "response_url": invocation.response_url,
            "actions": [self._action_json(block_id, action)],
        }
        if not ephemeral:
            payload["message"] = message_json(self._service, message)
        return await self._set_off(invocation, payload, channel=channel.id, action=action["action_id"])

    async def view_action(self, user: User, view: View, block_id: str, action: Json) -> Invocation:
        """Use an element of a modal that is no input."""
        invocation = self._invocation(user)
        payload = self._base("block_actions", user, invocation) | {
            "container": {"type": "view", "view_id": view.id},
            "view": view_json(self._service, view),
            "actions": [self._action_json(block_id, action)],
        }
        return await self._set_off(invocation, payload, action=action["action_id"])

    async def shortcut(self, user: User, channel: Channel, message: Message, callback_id: str) -> Invocation:
        """Use a message shortcut; it works where the bot is not."""
        known = self._service.app.shortcuts
        if (known is not None and callback_id not in known) or "commands" not in self._service.app.scopes:
            raise CannotDo(f"there is no shortcut {callback_id!r}")
        invocation = self._invocation(user)
        self._add_response_url(invocation, channel, message, "app")
        payload = self._base("message_action", user, invocation) | {
            "action_ts": self._service.world.next_ts(),
            "channel": {"id": channel.id, "name": _channel_name(channel)},
            "callback_id": callback_id,
            "response_url": invocation.response_url,
            "message_ts": message.ts,
            "message": message_json(self._service, message),
        }
        return await self._set_off(invocation, payload, channel=channel.id, callback_id=callback_id)

    async def submit(self, user: User, view: View) -> Invocation:
        """Submit a modal as it is filled in, and do what the bot answers with."""
        invocation = self._invocation(user)
        payload = self._base("view_submission", user, invocation) | {
            "view": view_json(self._service, view),
            "response_urls": [],
        }
        view.errors = {}
        callback_id = view.spec.get("callback_id") or ""
        await self._set_off(invocation, payload, callback_id=callback_id)
        if invocation.acked:
            try:
                self._after_submit(
                    view, invocation, (invocation.delivery and invocation.delivery.response) or {}
                )
            except SlackError as exc:
                invocation.error = exc.error
        self._service.world.changes.tell()
        return invocation

    async def close(self, user: User, view: View) -> Invocation:
        """Close a modal without submitting it."""
        view.open = False
        self._service.world.changes.tell()
        invocation = self._invocation(user)
        if view.spec.get("notify_on_close"):
            payload = self._base("view_closed", user, invocation) | {
                "view": view_json(self._service, view),
                "is_cleared": False,
            }
            await self._set_off(invocation, payload)
        return invocation

    def redeem(self, trigger_id: Any) -> str:
        """Use a trigger ID up; return whose it is.

        Raises:
            SlackError: ``invalid_trigger_id``, ``exchanged_trigger_id``, ``expired_trigger_id``.
        """
        invocation = self._triggers.get(trigger_id) if isinstance(trigger_id, str) else None
        if invocation is None:
            raise SlackError("invalid_trigger_id")
        if invocation.trigger_id in self._service.used_triggers:
            raise SlackError("exchanged_trigger_id")
        if self._service.world.now() - invocation.issued_at > TRIGGER_S:
            raise SlackError("expired_trigger_id")
        self._service.used_triggers.add(invocation.trigger_id)
        return invocation.person

    def respond(self, path: str, body: Json) -> None:
        """Take what the bot posts to a response URL.

        Raises:
            SlackError: ``expired_url``, ``used_url``, and whatever a message can be refused for.
        """
        url = self._response_urls.get(path)
        if url is None or self._service.world.now() - url.invocation.issued_at > RESPONSE_URL_S:
            raise SlackError("expired_url")
        if url.uses >= MOST_RESPONSES:
            raise SlackError("used_url")
        self._answer(url.invocation, url.channel, url.original, body)
        url.uses += 1

    def _answer(self, invocation: Invocation, channel: Channel, original: Message | None, body: Json) -> None:
        if body.get("delete_original") is True and original is not None:
            self._posting.delete(original)
            return
        parts = read_parts(body)
        if body.get("replace_original") is True and original is not None and not original.deleted:
            if original.user != self._service.bot.id:
                raise SlackError("cant_update_message")
            self._posting.update(original, parts)
            invocation.answers.append(original)
        elif body.get("response_type") == "in_channel":
            invocation.answers.append(self._posting.post(channel, parts, thread_ts=body.get("thread_ts")))
        else:
            ephemeral = self._posting.post_ephemeral(
                channel, parts, user=invocation.person, thread_ts=body.get("thread_ts")
            )
            invocation.answers.append(ephemeral)
        self._service.world.changes.tell()

    def _after_submit(self, view: View, invocation: Invocation, response: Json) -> None:
        action = response.get("response_action")
        if action == "errors":
            told = response.get("errors")
            blocks = {block["block_id"] for block in view.spec["blocks"] if block["type"] == "input"}
            if not isinstance(told, dict) or not told or not set(told) <= blocks:
                raise SlackError("invalid_errors")
            view.errors = invocation.errors = told
        elif action == "update":
            self._views.update(view, response.get("view"))
        elif action == "push":
            self._views.open(view.user, response.get("view"), push=True)
        elif action == "clear":
            for one in self._service.world.open_views(view.user):
                one.open = False
        elif action is None:
            view.open = False
        else:
            raise SlackError("invalid_response_action")

    def _invocation(self, user: User) -> Invocation:
        trigger_id = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        invocation = Invocation(person=user.id, trigger_id=trigger_id, issued_at=self._service.world.now())
        self._triggers[trigger_id] = invocation
        return invocation

    def _add_response_url(
        self, invocation: Invocation, channel: Channel, original: Message | None, kind: str
    ) -> None:
        path = f"{kind}/{self._service.world.team.id}/{secrets.randbelow(10**13)}/{secrets.token_urlsafe(18)}"
        self._response_urls[path] = _ResponseUrl(invocation=invocation, channel=channel, original=original)
        fault = self._service.faults.take("response_url.named")
        invocation.response_url = (
            fault.location if fault and fault.location else f"{self._service.base_url}/respond/{path}"
        )

    async def _set_off(self, invocation: Invocation, payload: Json, **facts: str) -> Invocation:
        delivery = Delivery(kind="interactive", name=payload["type"], payload=payload)
        invocation.delivery = delivery
        await self._outbox.ask(delivery, {"type": payload["type"], "user": invocation.person, **facts})
        if not delivery.acked:
            invocation.error = "operation_timeout" if "timeout" in delivery.error else "dispatch_failed"
        return invocation

    def _base(self, kind: str, user: User, invocation: Invocation) -> Json:
        team = self._service.world.team
        return {
            "type": kind,
            "team": {"id": team.id, "domain": team.domain},
            "user": {
                "id": user.id,
                "username": user.name,
                "name": user.name,
                "team_id": user.team or team.id,
            },
            "api_app_id": self._service.app.app_id,
            "token": self._service.app.verification_token,
            "trigger_id": invocation.trigger_id,
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _action_json(self, block_id: str, action: Json) -> Json:
        return {**action, "block_id": block_id, "action_ts": self._service.world.next_ts()}


def _channel_name(channel: Channel) -> str:
    names = {ChannelKind.IM: "directmessage", ChannelKind.PRIVATE: "privategroup"}
    return names.get(channel.kind, channel.name)
