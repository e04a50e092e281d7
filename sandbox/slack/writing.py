"""How what a person types becomes what Slack keeps and sends.

``@ana`` becomes ``<@U…>``, ``#builds`` ``<#C…|builds>``, an address ``<https://…>``; ``&``, ``<`` and ``>``
are escaped. Source: https://docs.slack.dev/messaging/formatting-message-text and, for a command with
``should_escape``, https://docs.slack.dev/interactivity/implementing-slash-commands
"""

import re

from sandbox.world import Channel, ChannelKind, Json, User, World

_SPECIAL = re.compile(r"(?P<url>https?://[^\s<>]+)|(?P<at>(?<!\w)@[\w.-]+\w)|(?P<hash>(?<!\w)#[\w-]+)")


def escape(text: str) -> str:
    """Escape the three characters that Slack's own marks are made of."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Undo ``escape``."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _pieces(world: World, typed: str) -> list[str | tuple[str, User | Channel | None]]:
    """Split what was typed into plain pieces and (what was typed, who or where it names)."""
    pieces: list[str | tuple[str, User | Channel | None]] = []
    end = 0
    for found in _SPECIAL.finditer(typed):
        named: User | Channel | None = None
        if found["at"]:
            named = world.find_user(found[0])
        elif found["hash"]:
            channel = world.find_channel(found[0])
            named = channel if channel and channel.kind in {ChannelKind.PUBLIC, ChannelKind.PRIVATE} else None
        if named is None and not found["url"]:
            continue
        pieces += [typed[end : found.start()], (found[0], named)]
        end = found.end()
    return [*pieces, typed[end:]]


def written(world: World, typed: str, *, in_command: bool = False) -> str:
    """Return what Slack makes of typed text; in a command people are ``<@U…|name>``."""
    parts = []
    for piece in _pieces(world, typed):
        if isinstance(piece, str):
            parts.append(escape(piece))
        elif isinstance(piece[1], User):
            parts.append(f"<@{piece[1].id}|{piece[1].name}>" if in_command else f"<@{piece[1].id}>")
        elif isinstance(piece[1], Channel):
            parts.append(f"<#{piece[1].id}|{piece[1].name}>")
        else:
            parts.append(f"<{escape(piece[0])}>")
    return "".join(parts)


def rich_text(world: World, typed: str) -> list[Json]:
    """Return the blocks that Slack's own client makes of typed text."""
    elements: list[Json] = []
    for piece in _pieces(world, typed):
        if isinstance(piece, str):
            elements += [{"type": "text", "text": piece}] if piece else []
        elif isinstance(piece[1], User):
            elements.append({"type": "user", "user_id": piece[1].id})
        elif isinstance(piece[1], Channel):
            elements.append({"type": "channel", "channel_id": piece[1].id})
        else:
            elements.append({"type": "link", "url": piece[0]})
    if not elements:
        return []
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": "typed", "elements": [section]}]
