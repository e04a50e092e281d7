"""The methods of the Web API about conversations.

Source: https://docs.slack.dev/reference/methods, ``conversations.*`` and ``users.conversations``
"""

from collections.abc import Mapping, Sequence

from sandbox.slack.calls import Arguments, cursor_at
from sandbox.slack.methods import READ_SCOPES, Desk, Method
from sandbox.slack.payloads import channel_json, message_json
from sandbox.slack.service import SlackError
from sandbox.world import Channel, ChannelKind, Json, Message

_KINDS = {
    "public_channel": ChannelKind.PUBLIC,
    "private_channel": ChannelKind.PRIVATE,
    "im": ChannelKind.IM,
    "mpim": ChannelKind.MPIM,
}


def need_scope(desk: Desk, needed: str) -> None:
    """Refuse a call that the bot's token has no scope for.

    Raises:
        SlackError: ``missing_scope``, with ``needed`` and ``provided``.
    """
    scopes = desk.service.app.scopes
    if needed not in scopes:
        raise SlackError("missing_scope", needed=needed, provided=",".join(sorted(scopes)))


def _known(desk: Desk, arguments: Arguments) -> Channel:
    channel = desk.service.channel(arguments.text("channel"))
    need_scope(desk, READ_SCOPES[channel.kind])
    return channel


def _readable(desk: Desk, arguments: Arguments) -> Channel:
    channel = desk.service.joined(arguments.text("channel"))
    need_scope(desk, READ_SCOPES[channel.kind].replace(":read", ":history"))
    return channel


def _info(desk: Desk, arguments: Arguments) -> Json:
    return {"channel": channel_json(desk.service, _known(desk, arguments))}


def _in_range(message: Message, arguments: Arguments) -> bool:
    oldest, latest = arguments.maybe("oldest"), arguments.maybe("latest")
    inclusive = arguments.flag("inclusive")
    try:
        at = float(message.ts)
        after = oldest is None or at > float(oldest) or (inclusive and at == float(oldest))
        before = latest is None or at < float(latest) or (inclusive and at == float(latest))
    except ValueError as exc:
        raise SlackError("invalid_ts_oldest") from exc
    return after and before


def _page(desk: Desk, arguments: Arguments, messages: Sequence[Message]) -> Json:
    limit = arguments.number("limit", 100, most=999)
    start = arguments.start(len(messages))
    cursor = cursor_at(start + limit, len(messages))
    metadata = arguments.flag("include_all_metadata")
    return {
        "messages": [
            message_json(desk.service, one, metadata=metadata) for one in messages[start : start + limit]
        ],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def _history(desk: Desk, arguments: Arguments) -> Json:
    channel = _readable(desk, arguments)
    newest_first = [
        message
        for message in reversed(desk.service.world.in_channel(channel.id))
        if (not message.is_reply or message.broadcast) and _in_range(message, arguments)
    ]
    return {"pin_count": 0, **_page(desk, arguments, newest_first)}


def _replies(desk: Desk, arguments: Arguments) -> Json:
    channel = _readable(desk, arguments)
    head = desk.service.world.find_message(channel.id, arguments.text("ts"))
    if head is None:
        raise SlackError("thread_not_found")
    under = [] if head.is_reply else desk.service.world.replies(head)
    # The head comes first whatever the range says.
    return _page(desk, arguments, [head, *(one for one in under if _in_range(one, arguments))])


def _members(desk: Desk, arguments: Arguments) -> Json:
    channel = _known(desk, arguments)
    limit = arguments.number("limit", 100, most=1000)
    start = arguments.start(len(channel.members))
    return {
        "members": channel.members[start : start + limit],
        "response_metadata": {"next_cursor": cursor_at(start + limit, len(channel.members))},
    }


def _of_user(desk: Desk, arguments: Arguments) -> Json:
    service = desk.service
    user = arguments.maybe("user") or service.bot.id
    if user not in service.world.users:
        raise SlackError("user_not_found")
    names = arguments.text("types", "public_channel").split(",")
    if not set(names) <= set(_KINDS):
        raise SlackError("invalid_types")
    kinds = {_KINDS[name] for name in names}
    for kind in kinds:
        need_scope(desk, READ_SCOPES[kind])
    if user != service.bot.id:
        kinds.discard(ChannelKind.IM)
    found = [
        channel
        for channel in service.world.channels.values()
        if channel.kind in kinds
        and user in channel.members
        and (channel.kind is ChannelKind.PUBLIC or service.bot_sees(channel))
        and not (channel.archived and arguments.flag("exclude_archived"))
    ]
    limit = arguments.number("limit", 100, most=999)
    start = arguments.start(len(found))
    return {
        "channels": [channel_json(service, channel) for channel in found[start : start + limit]],
        "response_metadata": {"next_cursor": cursor_at(start + limit, len(found))},
    }


CONVERSATION_METHODS: Mapping[str, Method] = {
    "conversations.info": Method(run=_info),
    "conversations.history": Method(run=_history),
    "conversations.replies": Method(run=_replies),
    "conversations.members": Method(run=_members, per_minute=100),
    "users.conversations": Method(run=_of_user),
}
"""The methods about conversations, by their names; their scopes depend on the kind of conversation."""
