"""The bot's app as it is registered at Slack: its tokens, scopes, events and commands."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.world import new_id

SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "mpim:history",
        "mpim:read",
        "users:read",
    }
)
"""What the bot's token may do, unless told otherwise."""

EVENTS = frozenset(
    {
        "app_mention",
        "file_shared",
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
    }
)
"""What the app is subscribed to, unless told otherwise; in a manifest's words (``bot_events``)."""

_TOKEN = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+")


def mask(value: Any) -> Any:
    """Return a JSON value with every token in it made unreadable."""
    if isinstance(value, str):
        return _TOKEN.sub(lambda found: found[0][:5] + "…", value)
    if isinstance(value, Mapping):
        return {key: "…" if key == "token" else mask(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask(item) for item in value]
    return value


@dataclass(kw_only=True)
class App:
    """The app. ``commands`` says of each slash command whether its text is escaped (``should_escape``)."""

    app_id: str = field(default_factory=lambda: new_id("A"))
    bot_token: str = field(default_factory=lambda: f"xoxb-sandbox-{secrets.token_hex(12)}")
    app_token: str = field(default_factory=lambda: f"xapp-1-sandbox-{secrets.token_hex(12)}")
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    verification_token: str = field(default_factory=lambda: secrets.token_hex(12))
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    events: set[str] = field(default_factory=lambda: set(EVENTS))
    commands: dict[str, bool] = field(default_factory=lambda: {"/appscan": True})
    shortcuts: set[str] | None = None
    """The callback IDs of its message shortcuts; ``None`` for any."""
