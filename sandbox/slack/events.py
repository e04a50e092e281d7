"""What happens in the workspace, as the events that Slack sends to an app.

Only what the app is subscribed to, has the scope for and can see is sent.
Source: https://docs.slack.dev/reference/events
"""

from collections.abc import Mapping

from sandbox.slack.delivery import Delivery, Outbox
from sandbox.slack.payloads import CHANNEL_TYPES, message_json
from sandbox.slack.service import Service
from sandbox.world import Channel, ChannelKind, File, Json, Message, new_id

_MESSAGE_EVENTS = {
    ChannelKind.PUBLIC: ("message.channels", "channels:history"),
    ChannelKind.PRIVATE: ("message.groups", "groups:history"),
    ChannelKind.IM: ("message.im", "im:history"),
    ChannelKind.MPIM: ("message.mpim", "mpim:history"),
}


class Events:
    """Tells the bot what happened."""

    def __init__(self, service: Service, outbox: Outbox) -> None:
        self._service = service
        self._outbox = outbox

    def posted(self, message: Message, *, shared: bool = False) -> None:
        """Tell of a new message; ``shared`` where it came with files."""
        event = message_json(self._service, message)
        if shared:
            event["subtype"] = "file_share"
        self._message(message, event)
        channel = self._service.world.channels[message.channel]
        mentioned = f"<@{self._service.bot.id}>" in message.text
        if mentioned and channel.kind is not ChannelKind.IM and message.user != self._service.bot.id:
            mention = message_json(self._service, message) | {
                "type": "app_mention",
                "channel": message.channel,
                "event_ts": message.ts,
            }
            self._send(mention, "app_mention", "app_mentions:read", channel)

    def changed(self, before: Json, message: Message) -> None:
        """Tell that a message is not what it was, or is a tombstone now."""
        event: Json = {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "message": message_json(self._service, message),
            "previous_message": before,
            "ts": self._service.world.next_ts(),
        }
        self._message(message, event)

    def deleted(self, before: Json, message: Message) -> None:
        """Tell that a message is gone."""
        event: Json = {
            "type": "message",
            "subtype": "message_deleted",
            "hidden": True,
            "deleted_ts": message.ts,
            "previous_message": before,
            "ts": self._service.world.next_ts(),
        }
        self._message(message, event)

    def file_shared(self, file: File, message: Message) -> None:
        """Tell that a file was shared; the event has no message and no thread in it."""
        event: Json = {
            "type": "file_shared",
            "channel_id": message.channel,
            "file_id": file.id,
            "user_id": message.user,
            "file": {"id": file.id},
            "event_ts": message.ts,
        }
        channel = self._service.world.channels[message.channel]
        self._send(event, "file_shared", "files:read", channel, file=file.id, ts=message.ts)

    def file_deleted(self, file: File) -> None:
        """Tell that a file is gone."""
        event: Json = {
            "type": "file_deleted",
            "file_id": file.id,
            "event_ts": self._service.world.next_ts(),
        }
        channels = [self._service.world.channels[share.channel] for share in file.shares]
        seen = next((channel for channel in channels if self._service.bot_sees(channel)), None)
        if seen:
            self._send(event, "file_deleted", "files:read", seen, file=file.id)

    def member_joined(self, channel: Channel, user: str, inviter: str) -> None:
        """Tell that somebody came into a conversation."""
        event: Json = {
            "type": "member_joined_channel",
            "user": user,
            "channel": channel.id,
            "channel_type": "C" if channel.kind is ChannelKind.PUBLIC else "G",
            "team": self._service.world.team.id,
            "inviter": inviter,
            "event_ts": self._service.world.next_ts(),
        }
        self._send(event, "member_joined_channel", "channels:read", channel)

    def home_opened(self, user: str, im: Channel) -> None:
        """Tell that a person looks at the app's home."""
        event: Json = {
            "type": "app_home_opened",
            "user": user,
            "channel": im.id,
            "tab": "home",
            "event_ts": self._service.world.next_ts(),
        }
        self._send(event, "app_home_opened", None, im)

    def _message(self, message: Message, event: Json) -> None:
        channel = self._service.world.channels[message.channel]
        subscription, scope = _MESSAGE_EVENTS[channel.kind]
        event |= {
            "channel": channel.id,
            "channel_type": CHANNEL_TYPES[channel.kind],
            "event_ts": event["ts"],
        }
        self._send(event, subscription, scope, channel, ts=message.ts)

    def _send(
        self, event: Json, subscription: str, scope: str | None, channel: Channel, **known: str
    ) -> None:
        app = self._service.app
        if subscription not in app.events or (scope and scope not in app.scopes):
            return
        if not self._service.bot_sees(channel):
            return
        facts: Mapping[str, str] = {
            "type": event["type"],
            "subtype": event.get("subtype", ""),
            "channel": channel.id,
            "user": event.get("user") or event.get("user_id") or "",
            "ts": known.get("ts") or event["event_ts"],
            "file": known.get("file", ""),
        }
        delivery = Delivery(kind="events_api", name=event["type"], payload=self._callback(event, channel))
        self._outbox.send(delivery, facts)

    def _callback(self, event: Json, channel: Channel) -> Json:
        service = self._service
        return {
            "token": service.app.verification_token,
            "team_id": service.world.team.id,
            "context_team_id": service.world.team.id,
            "context_enterprise_id": None,
            "api_app_id": service.app.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": int(service.world.now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": service.world.team.id,
                    "user_id": service.bot.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": channel.ext_shared,
            "event_context": f"4-{channel.id}",
        }
