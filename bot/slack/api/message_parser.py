"""Parsing Slack messages for files that may be builds."""

from collections.abc import Mapping
from typing import Any

from bot.core.identifiers import is_timestamp
from bot.core.scan import ChannelKind, Seen, Share

_KINDS = {
    "channel": ChannelKind.PUBLIC,
    "group": ChannelKind.PRIVATE,
    "im": ChannelKind.IM,
    "mpim": ChannelKind.MPIM,
}
"""``channel_type`` of message events. Source: https://docs.slack.dev/reference/events/message"""

_SHARING = {"file_share", "bot_message", "thread_broadcast", "me_message"}
"""Subtypes of posted messages; the others are about changes."""

_ID_LIMIT = 100
COMMENT_LIMIT = 4000
_NO_SIZE = 2**53
"""Bytes; more than any file has, and within the integers of the database."""


def kind_of_type(channel_type: object) -> ChannelKind | None:
    """Return the kind of a ``channel_type``; ``None`` for an unknown type."""
    return _KINDS.get(channel_type) if isinstance(channel_type, str) else None


def type_of_kind(kind: ChannelKind) -> str:
    """Return the ``channel_type`` of a kind."""
    return next(type_ for type_, each in _KINDS.items() if each is kind)


def kind_of_info(channel: Mapping[str, Any]) -> ChannelKind:
    """Return the kind of a conversation from ``conversations.info``; private unless certainly public."""
    if channel.get("is_im"):
        return ChannelKind.IM
    if channel.get("is_mpim"):
        return ChannelKind.MPIM
    public = channel.get("is_channel") and not channel.get("is_private")
    return ChannelKind.PUBLIC if public else ChannelKind.PRIVATE


def read_message(message: Mapping[str, Any], channel: str, kind: ChannelKind) -> Seen:
    """Return the files of a posted message, with its text as their comment."""
    subtype = message.get("subtype")
    if subtype is not None and (not isinstance(subtype, str) or subtype not in _SHARING):
        return Seen()
    ts = message.get("ts")
    if not is_timestamp(ts) or not id_of(channel):
        return Seen()
    shares, unnamed = [], []
    files = message.get("files")
    for file in files if isinstance(files, list) else ():
        file_id = id_of(file.get("id")) if isinstance(file, Mapping) else None
        if file_id is None:
            continue
        # Slack Connect sends a stub with only the ID; a hidden or deleted file keeps its name.
        if file.get("file_access") == "check_file_info" or not file.get("name"):
            unnamed.append(file_id)
            continue
        size = file.get("size")
        shares.append(
            Share(
                channel=channel,
                channel_kind=kind,
                message_ts=ts,
                thread_ts=id_of(message.get("thread_ts")) or ts,
                file_id=file_id,
                file_name=str(file["name"])[:1000],
                size_bytes=size if isinstance(size, int) and 0 <= size < _NO_SIZE else None,
                shared_by=id_of(message.get("user"))
                or id_of(message.get("bot_id"))
                or id_of(file.get("user")),
                bot_id=id_of(message.get("bot_id")),
                comment=str(message.get("text") or "")[:COMMENT_LIMIT],
            )
        )
    return Seen(shares=tuple(shares), unnamed=tuple(unnamed))


def id_of(value: object) -> str | None:
    """Return an ID from a payload; ``None`` if it is not a valid one."""
    return value if isinstance(value, str) and value and value.isascii() and len(value) <= _ID_LIMIT else None
