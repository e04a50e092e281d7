"""The methods of the Web API: what each does, and what it needs.

Source: https://docs.slack.dev/reference/methods
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.slack.calls import Arguments
from sandbox.slack.events import Events
from sandbox.slack.interactions import Interactions
from sandbox.slack.payloads import file_json, message_json, user_json, view_json
from sandbox.slack.posting import Posting, parsed, read_parts
from sandbox.slack.rates import Rates
from sandbox.slack.service import Service, SlackError
from sandbox.slack.views import Views
from sandbox.world import ChannelKind, FileMode, Json, Message


@dataclass(kw_only=True)
class Desk:
    """What the methods work with."""

    service: Service
    events: Events
    posting: Posting
    views: Views
    interactions: Interactions
    rates: Rates
    new_socket_url: Callable[[], str] | None
    """``None`` where the app has no Socket Mode."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method, the scope that it needs, and how it is called."""

    run: Callable[[Desk, Arguments], Json]
    scope: str | None = None
    per_minute: int = 50
    """Its tier."""
    takes_json: bool = False
    app_token: bool = False
    """Whether it is called with the app's token and not with the bot's."""


def _auth_test(desk: Desk, _arguments: Arguments) -> Json:
    service = desk.service
    return {
        "url": service.team_url,
        "team": service.world.team.name,
        "user": service.bot.name,
        "team_id": service.world.team.id,
        "user_id": service.bot.id,
        "bot_id": service.bot_id,
        "is_enterprise_install": False,
        **({"enterprise_id": service.world.team.enterprise} if service.world.team.enterprise else {}),
    }


def _open_connection(desk: Desk, _arguments: Arguments) -> Json:
    if desk.new_socket_url is None:
        raise SlackError("socket_mode_not_enabled")
    return {"url": desk.new_socket_url()}


def _post_message(desk: Desk, arguments: Arguments) -> Json:
    service, where = desk.service, arguments.text("channel")
    if where in service.world.users:  # a person's ID is as good as the conversation with them
        where = service.world.im(where, service.bot.id).id
    channel = service.joined(where)
    if channel.archived:
        raise SlackError("is_archived")
    parts = read_parts(arguments.values)
    desk.rates.post(channel.id)
    message = desk.posting.post(
        channel,
        parts,
        thread_ts=arguments.maybe("thread_ts"),
        broadcast=arguments.flag("reply_broadcast"),
    )
    return {"channel": channel.id, "ts": message.ts, "message": message_json(service, message)}


def _post_ephemeral(desk: Desk, arguments: Arguments) -> Json:
    channel = desk.service.joined(arguments.text("channel"))
    user = arguments.text("user")
    if channel.archived:
        raise SlackError("is_archived")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    parts = read_parts(arguments.values)
    message = desk.posting.post_ephemeral(channel, parts, user=user, thread_ts=arguments.maybe("thread_ts"))
    return {"message_ts": message.ts}


def _own_message(desk: Desk, arguments: Arguments, error: str) -> Message:
    channel = desk.service.channel(arguments.text("channel"))
    message = desk.service.world.find_message(channel.id, arguments.text("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message.bot_id != desk.service.bot_id or message.tombstone:
        raise SlackError(error)
    if channel.archived:
        raise SlackError("is_archived")
    return message


def _update(desk: Desk, arguments: Arguments) -> Json:
    message = _own_message(desk, arguments, "cant_update_message")
    desk.posting.update(message, read_parts(arguments.values))
    return {
        "channel": message.channel,
        "ts": message.ts,
        "text": message.text,
        "message": message_json(desk.service, message),
    }


def _delete(desk: Desk, arguments: Arguments) -> Json:
    message = _own_message(desk, arguments, "cant_delete_message")
    desk.posting.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def _permalink(desk: Desk, arguments: Arguments) -> Json:
    channel = desk.service.channel(arguments.text("channel"))
    message = desk.service.world.find_message(channel.id, arguments.text("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    return {"channel": channel.id, "permalink": desk.service.permalink(message)}


def _file_info(desk: Desk, arguments: Arguments) -> Json:
    service = desk.service
    file = service.world.files.get(arguments.text("file"))
    if file is None:
        raise SlackError("file_not_found")
    if file.mode is FileMode.TOMBSTONE:
        raise SlackError("file_deleted")
    if not any(service.bot_sees(service.world.channels[share.channel]) for share in file.shares):
        raise SlackError("file_not_found")
    return {"file": file_json(service, file), "comments": [], "response_metadata": {"next_cursor": ""}}


def _user_info(desk: Desk, arguments: Arguments) -> Json:
    user = desk.service.world.users.get(arguments.text("user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user_json(desk.service, user)}


def _bot_info(desk: Desk, arguments: Arguments) -> Json:
    wanted = arguments.text("bot")
    for user in desk.service.world.users.values():
        if user.bot_id == wanted:
            return {
                "bot": {
                    "id": wanted,
                    "deleted": user.deleted,
                    "name": user.real_name,
                    "updated": 0,
                    "app_id": user.app_id,
                    "user_id": user.id,
                }
            }
    raise SlackError("bot_not_found")


def _view_spec(arguments: Arguments) -> Any:
    return parsed(arguments.values.get("view"), "invalid_arguments")


def _open_view(desk: Desk, arguments: Arguments) -> Json:
    user = desk.interactions.redeem(arguments.text("trigger_id"))
    return {"view": view_json(desk.service, desk.views.open(user, _view_spec(arguments)))}


def _push_view(desk: Desk, arguments: Arguments) -> Json:
    user = desk.interactions.redeem(arguments.text("trigger_id"))
    return {"view": view_json(desk.service, desk.views.open(user, _view_spec(arguments), push=True))}


def _update_view(desk: Desk, arguments: Arguments) -> Json:
    view = desk.views.find(arguments.maybe("view_id"), arguments.maybe("external_id"))
    desk.views.update(view, _view_spec(arguments), expected_hash=arguments.maybe("hash"))
    return {"view": view_json(desk.service, view)}


READ_SCOPES = {
    ChannelKind.PUBLIC: "channels:read",
    ChannelKind.PRIVATE: "groups:read",
    ChannelKind.IM: "im:read",
    ChannelKind.MPIM: "mpim:read",
}
"""What it takes to know of a conversation; ``…:history`` to read it."""


METHODS: Mapping[str, Method] = {
    "auth.test": Method(run=_auth_test, per_minute=600, takes_json=True),
    "apps.connections.open": Method(run=_open_connection, app_token=True, takes_json=True),
    "chat.postMessage": Method(run=_post_message, scope="chat:write", per_minute=10_000, takes_json=True),
    "chat.postEphemeral": Method(run=_post_ephemeral, scope="chat:write", per_minute=100, takes_json=True),
    "chat.update": Method(run=_update, scope="chat:write", takes_json=True),
    "chat.delete": Method(run=_delete, scope="chat:write", takes_json=True),
    "chat.getPermalink": Method(run=_permalink, per_minute=600),
    "files.info": Method(run=_file_info, scope="files:read", per_minute=100),
    "users.info": Method(run=_user_info, scope="users:read", per_minute=100),
    "bots.info": Method(run=_bot_info, scope="users:read"),
    "views.open": Method(run=_open_view, per_minute=100, takes_json=True),
    "views.push": Method(run=_push_view, per_minute=100, takes_json=True),
    "views.update": Method(run=_update_view, per_minute=100, takes_json=True),
}
"""The methods that are not about conversations, by their names."""
