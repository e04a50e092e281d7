"""Buttons and forms of features that are not set up any more, in messages from before."""

import re

from slack_bolt.async_app import AsyncApp

from bot.errors import NotFound

GONE = "That is no longer set up here."


def register(app: AsyncApp) -> None:
    """Register the answer to all buttons and forms that nothing else was registered for: the last to call."""

    async def absent() -> None:
        raise NotFound(GONE)

    app.action(re.compile(""))(absent)
    app.view(re.compile(""))(absent)
