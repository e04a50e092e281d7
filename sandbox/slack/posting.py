"""What the bot writes: new messages, ephemeral ones, updates and deletions, checked as Slack checks them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.slack.blockkit import check_blocks, completed
from sandbox.slack.events import Events
from sandbox.slack.payloads import message_json
from sandbox.slack.service import Service, SlackError
from sandbox.world import Channel, Json, Message

MOST_TEXT = 40_000


def parsed(value: Any, error: str) -> Any:
    """Return JSON that may have come as a string, as in a form.

    Raises:
        SlackError: ``error``, where it is no JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as exc:
        raise SlackError(error) from exc


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a message is made of; ``None`` where the app did not say."""

    text: str | None
    blocks: list[Json] | None
    attachments: list[Json] | None
    metadata: Json | None


def read_parts(arguments: Mapping[str, Any]) -> Parts:
    """Read the parts of a message from a call's arguments.

    Raises:
        SlackError: ``no_text``, ``msg_too_long``, ``invalid_blocks``, ``invalid_blocks_format``,
            ``invalid_attachments``, ``invalid_metadata_format``.
    """
    text = arguments.get("text")
    if text is not None and not isinstance(text, str):
        text = str(text)
    if text and len(text) > MOST_TEXT:
        raise SlackError("msg_too_long")
    blocks = parsed(arguments.get("blocks"), "invalid_blocks_format")
    if blocks is not None:
        if not isinstance(blocks, list):
            raise SlackError("invalid_blocks_format")
        messages = check_blocks(blocks)
        if messages:
            raise SlackError("invalid_blocks", **problems(messages))
        if any(block["type"] == "input" for block in blocks):
            raise SlackError("invalid_blocks", **problems(["unsupported type: input [json-pointer:/blocks]"]))
    attachments = parsed(arguments.get("attachments"), "invalid_attachments")
    if attachments is not None and not isinstance(attachments, list):
        raise SlackError("invalid_attachments")
    metadata = parsed(arguments.get("metadata"), "invalid_metadata_format")
    if metadata is not None and not _is_metadata(metadata):
        raise SlackError("invalid_metadata_format")
    if not (text and text.strip()) and not blocks and not attachments:
        raise SlackError("no_text")
    return Parts(text=text, blocks=blocks, attachments=attachments, metadata=metadata)


def _is_metadata(metadata: Any) -> bool:
    if metadata == {}:
        return True
    return (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    )


def problems(messages: list[str]) -> dict[str, object]:
    """Return what Slack puts beside an error about blocks or views."""
    told = [f"[ERROR] {message}" for message in messages]
    return {"errors": messages, "response_metadata": {"messages": told}}


class Posting:
    """Writes as the bot."""

    def __init__(self, service: Service, events: Events) -> None:
        self._service = service
        self._events = events

    def post(
        self, channel: Channel, parts: Parts, *, thread_ts: str | None = None, broadcast: bool = False
    ) -> Message:
        """Post a message.

        A reply to what is not there, or to a reply, stands in the conversation instead: Slack answers
        ``ok`` and leaves ``thread_ts`` out (https://github.com/slack-go/slack/issues/1571).
        """
        head = self._service.world.find_message(channel.id, thread_ts) if thread_ts else None
        if head is None or head.is_reply:
            thread_ts = None
        message = self._new(channel, parts, thread_ts=thread_ts, broadcast=broadcast)
        self._events.posted(message)
        return message

    def post_ephemeral(
        self, channel: Channel, parts: Parts, *, user: str, thread_ts: str | None = None
    ) -> Message:
        """Show a message to one person only."""
        return self._new(channel, parts, thread_ts=thread_ts, ephemeral_to=user)

    def update(self, message: Message, parts: Parts) -> None:
        """Put other parts into the bot's own message; text alone takes the blocks away.

        Raises:
            SlackError: ``invalid_blocks``, where the workspace does not take them.
        """
        self._taken(parts)
        before = message_json(self._service, message)
        self._service.world.rewrite(
            message,
            by=self._service.bot.id,
            text=parts.text or "",
            blocks=completed(parts.blocks or [], message.ts),
            attachments=parts.attachments or [],
            metadata=message.metadata if parts.metadata is None else parts.metadata,
        )
        if message.ephemeral_to is None:
            self._events.changed(before, message)

    def delete(self, message: Message) -> None:
        """Take a message away."""
        before = message_json(self._service, message)
        self._service.world.delete(message)
        if message.ephemeral_to is not None:
            return
        if message.tombstone:
            self._events.changed(before, message)
        else:
            self._events.deleted(before, message)

    def _taken(self, parts: Parts) -> None:
        charts = any(block["type"] == "data_visualization" for block in parts.blocks or ())
        if charts and not self._service.world.team.charts:
            raise SlackError("invalid_blocks", **problems(["unsupported type: data_visualization"]))

    def _new(self, channel: Channel, parts: Parts, **more: Any) -> Message:
        self._taken(parts)
        message = self._service.world.post(
            channel.id,
            user=self._service.bot.id,
            bot_id=self._service.bot_id,
            app_id=self._service.app.app_id,
            text=parts.text or "",
            attachments=parts.attachments or [],
            metadata=parts.metadata,
            **more,
        )
        message.blocks = completed(parts.blocks or [], message.ts)
        return message
