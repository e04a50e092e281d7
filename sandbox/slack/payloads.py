"""The JSON in which Slack tells of people, conversations, messages, files and views."""

from typing import Any

from sandbox.slack.service import Service
from sandbox.world import Channel, ChannelKind, File, FileMode, Json, Message, User, View

CHANNEL_TYPES = {
    ChannelKind.PUBLIC: "channel",
    ChannelKind.PRIVATE: "group",
    ChannelKind.IM: "im",
    ChannelKind.MPIM: "mpim",
}
"""``channel_type`` of a message event, by the kind of its conversation."""


def user_json(service: Service, user: User) -> Json:
    """Return a user as ``users.info`` does."""
    now = service.world.now()
    team = user.team or service.world.team.id
    profile: Json = {
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": "" if user.is_bot else user.name,
        "display_name_normalized": "" if user.is_bot else user.name,
        "team": team,
    }
    if user.bot_id:
        profile |= {"bot_id": user.bot_id, "api_app_id": user.app_id}
    told: Json = {}
    if user.team:  # Slack says it of people from elsewhere only
        told["is_stranger"] = user.is_stranger
    if user.enterprise:
        told["enterprise_user"] = {"id": user.id, "enterprise_id": user.enterprise, "teams": [team]}
    return {
        **told,
        "id": user.id,
        "team_id": team,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": user.tz,
        "tz_offset": user.tz_offset_s(now),
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": int(now),
    }


def channel_json(service: Service, channel: Channel) -> Json:
    """Return a conversation as ``conversations.info`` does."""
    shared: Json = {
        "id": channel.id,
        "created": int(channel.created_at),
        "is_archived": channel.archived,
        "is_im": channel.kind is ChannelKind.IM,
        "is_org_shared": False,
        "context_team_id": service.world.team.id,
    }
    if channel.kind is ChannelKind.IM:
        other = next((who for who in channel.members if who != service.bot.id), "")
        return {**shared, "user": other, "is_user_deleted": False, "is_open": True, "priority": 0}
    return {
        **shared,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind is ChannelKind.PUBLIC,
        "is_group": channel.kind is ChannelKind.PRIVATE,
        "is_mpim": channel.kind is ChannelKind.MPIM,
        "is_private": channel.kind is not ChannelKind.PUBLIC,
        "is_general": False,
        "is_shared": channel.ext_shared,
        "is_ext_shared": channel.ext_shared,
        "is_member": service.bot_sees(channel),
        "creator": channel.creator,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }


def _bot_profile(service: Service, bot_id: str, app_id: str | None) -> Json:
    named = next((user for user in service.world.users.values() if user.bot_id == bot_id), None)
    return {
        "id": bot_id,
        "app_id": app_id,
        "name": named.real_name if named else "bot",
        "deleted": False,
        "updated": 0,
        "team_id": service.world.team.id,
    }


def _thread_json(service: Service, message: Message) -> Json:
    if message.thread_ts is None:
        return {}
    if message.is_reply:
        head = service.world.messages.get((message.channel, message.thread_ts))
        return {"thread_ts": message.thread_ts, "parent_user_id": head.user if head else ""}
    replies = service.world.replies(message)
    writers = list(dict.fromkeys(reply.user for reply in replies))
    counts: Json = {"reply_count": len(replies), "reply_users_count": len(writers)}
    if replies:
        counts |= {"latest_reply": replies[-1].ts, "reply_users": writers}
    return {"thread_ts": message.thread_ts, **counts, "is_locked": False, "subscribed": False}


def message_json(service: Service, message: Message, *, metadata: bool = True) -> Json:
    """Return a message as the history and events hold it, without its conversation.

    As in Slack's history, a message with files has no ``subtype``; the event of the share adds it.
    """
    told: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
    if message.tombstone:
        told |= {"subtype": "tombstone", "hidden": True, "user": "USLACKBOT"}
        return told | _thread_json(service, message)
    told["team"] = service.world.team.id
    if message.subtype:
        told["subtype"] = message.subtype
    if message.client_msg_id:
        told["client_msg_id"] = message.client_msg_id
    if message.bot_id:
        told |= {"bot_id": message.bot_id, "app_id": message.app_id}
        told["bot_profile"] = _bot_profile(service, message.bot_id, message.app_id)
    if message.blocks:
        told["blocks"] = message.blocks
    if message.attachments:
        told["attachments"] = message.attachments
    if message.files:
        told["files"] = [file_json(service, service.world.files[id_], shares=False) for id_ in message.files]
        told |= {"upload": True, "display_as_bot": False}
    if message.edited_ts:
        told["edited"] = {"user": message.edited_by, "ts": message.edited_ts}
    if message.metadata and metadata:
        told["metadata"] = message.metadata
    return told | _thread_json(service, message)


def _shares_json(service: Service, file: File) -> Json:
    told: dict[str, dict[str, list[Any]]] = {}
    for share in reversed(file.shares):
        channel = service.world.channels[share.channel]
        if not service.bot_sees(channel):
            continue
        kind = "public" if channel.kind is ChannelKind.PUBLIC else "private"
        head = service.world.find_message(share.channel, share.ts)
        replies = service.world.replies(head) if head else []
        entry: Json = {
            "reply_users": list(dict.fromkeys(reply.user for reply in replies)),
            "reply_users_count": len({reply.user for reply in replies}),
            "reply_count": len(replies),
            "ts": share.ts,
            "channel_name": channel.name,
            "team_id": service.world.team.id,
            "share_user_id": share.user,
            "source": "UNKNOWN",
        }
        if share.thread_ts:
            entry["thread_ts"] = share.thread_ts
        told.setdefault(kind, {}).setdefault(share.channel, []).append(entry)
    return told


def file_json(service: Service, file: File, *, shares: bool = True) -> Json:
    """Return a file as ``files.info`` does; in messages it comes without its shares."""
    if file.mode is FileMode.TOMBSTONE:
        return {"id": file.id, "mode": file.mode.value}
    if not shares and file.mode is FileMode.FILE_ACCESS:
        access = {"file_access": "check_file_info", "user": file.user, "created": 0, "timestamp": 0}
        return {"id": file.id, "mode": file.mode.value, **access}
    if file.mode is FileMode.HIDDEN_BY_LIMIT:
        return {"id": file.id, "mode": file.mode.value, "created": int(file.created_at)}
    if file.access_denied:
        return {"id": file.id, "mode": FileMode.FILE_ACCESS.value, "file_access": "access_denied"}
    external = file.mode is FileMode.EXTERNAL
    told: Json = {
        "id": file.id,
        "created": int(file.created_at),
        "timestamp": int(file.created_at),
        "name": file.name,
        "title": file.name,
        "mimetype": file.mimetype,
        "filetype": file.filetype,
        "pretty_type": file.filetype.title(),
        "user": file.user,
        "user_team": service.world.team.id,
        "editable": False,
        "size": file.size_bytes,
        "mode": FileMode.EXTERNAL.value if external else FileMode.HOSTED.value,
        "is_external": external,
        "external_type": "app" if external else "",
        "is_public": any(
            service.world.channels[share.channel].kind is ChannelKind.PUBLIC for share in file.shares
        ),
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": service.file_url(file, download=False),
        "permalink": f"{service.team_url}files/{file.user}/{file.id}/",
        "has_rich_preview": False,
        "file_access": "visible",
    }
    if not external:
        told["url_private_download"] = service.file_url(file, download=True)
    if shares:
        told["shares"] = _shares_json(service, file)
        seen = {share.channel: service.world.channels[share.channel].kind for share in file.shares}
        visible = {id_: kind for id_, kind in seen.items() if service.bot_sees(service.world.channels[id_])}
        told["channels"] = [id_ for id_, kind in visible.items() if kind is ChannelKind.PUBLIC]
        told["groups"] = [
            id_ for id_, kind in visible.items() if kind in {ChannelKind.PRIVATE, ChannelKind.MPIM}
        ]
        told["ims"] = [id_ for id_, kind in visible.items() if kind is ChannelKind.IM]
        told["comments_count"] = 0
    return told


def view_json(service: Service, view: View) -> Json:
    """Return a modal as ``views.open`` and interactions do."""
    spec = view.spec
    return {
        "id": view.id,
        "team_id": service.world.team.id,
        "type": "modal",
        "blocks": spec["blocks"],
        "private_metadata": spec.get("private_metadata") or "",
        "callback_id": spec.get("callback_id") or "",
        "external_id": spec.get("external_id") or "",
        "state": {"values": view.state},
        "hash": view.hash,
        "title": spec["title"],
        "clear_on_close": bool(spec.get("clear_on_close")),
        "notify_on_close": bool(spec.get("notify_on_close")),
        "close": spec.get("close"),
        "submit": spec.get("submit"),
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": service.app.app_id,
        "app_installed_team_id": service.world.team.id,
        "bot_id": service.bot_id,
    }
