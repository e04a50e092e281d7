"""Socket Mode: the connection over which Slack sends what people do, and a watch over it.

The SDK reconnects by itself, but while a WebSocket address stays dead it tries that one for ever. So a
connection that has been down for a while is replaced by a new one, with an address of its own.
"""

import asyncio
import contextlib
import logging

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.errors import SLACK_TROUBLE, slack_code
from bot.scans.ports import Clock

logger = logging.getLogger(__name__)

LOOK_S = 5.0
PATIENCE_S = 30.0
"""How long a connection may be down before it is replaced."""
CLOSE_S = 5.0
CONNECT_S = 20.0
"""How long one address may be tried."""


class SocketMode:
    """Keeps a Socket Mode connection up from ``start`` to ``stop``."""

    def __init__(self, app: AsyncApp, app_token: str, clock: Clock, *, connect_s: float = CONNECT_S) -> None:
        self._app = app
        self._app_token = app_token
        self._clock = clock
        self._connect_s = connect_s
        self._handler: AsyncSocketModeHandler | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, and keep watch; where Slack can't be reached now, the watch connects later.

        Raises:
            SlackApiError: Slack refuses the app-level token.
        """
        try:
            self._handler = await self._connect()
        except SlackApiError as error:
            if slack_code(error) not in SLACK_TROUBLE:
                raise
            logger.warning("no connection to Slack yet: %s", slack_code(error))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.warning("no connection to Slack yet: %s", type(error).__name__)
        self._watch = asyncio.create_task(self._keep_up(), name="socket-watch")

    async def _connect(self) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(self._app, self._app_token)
        try:
            async with asyncio.timeout(self._connect_s):  # by itself it would try one dead address for ever
                # Asked for here, as the SDK asks with a refused token for ever too.
                handler.client.wss_uri = await handler.client.issue_new_wss_url()
                await handler.connect_async()  # type: ignore[no-untyped-call]
        except BaseException:
            await self._close(handler)
            raise
        return handler

    async def connected(self) -> bool:
        """Tell whether Slack can reach the bot now."""
        return self._handler is not None and await self._handler.client.is_connected()

    async def _keep_up(self) -> None:
        down_since: float | None = None
        while True:
            await self._clock.sleep(LOOK_S)
            if await self.connected():
                down_since = None
                continue
            down_since = down_since or self._clock.now()
            if self._clock.now() - down_since < PATIENCE_S:
                continue
            logger.warning("the connection to Slack has been down for a while; making a new one")
            try:
                fresh = await self._connect()
            except Exception as error:  # noqa: BLE001 - whatever it was, the watch goes on
                logger.warning("no new connection to Slack: %s", type(error).__name__)
                continue
            old, self._handler = self._handler, fresh
            down_since = None
            if old is not None:
                await self._close(old)

    @staticmethod
    async def _close(handler: AsyncSocketModeHandler) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await handler.close_async()  # type: ignore[no-untyped-call]

    async def stop(self) -> None:
        """Disconnect; nothing more comes from Slack."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._handler is not None:
            await self._close(self._handler)
            self._handler = None
