"""Keeps each scan's one reply in its thread up to date with its row.

The row says what there is to show; the reply follows. Changes that come faster than Slack takes updates are
folded together, and what was not shown when the bot ended is shown when it starts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import StoreUnavailable, slack_code
from bot.scans.current import concerning
from bot.scans.memory import Store
from bot.scans.models import OPEN, Card, Scan, State
from bot.scans.ports import Clock

logger = logging.getLogger(__name__)

POST_GAP_S = 1.0
"""Slack takes about one new message a second in a channel. Source: https://docs.slack.dev/apis/web-api/rate-limits"""
UPDATE_GAP_S = 1.2
"""``chat.update`` takes about 50 a minute; a state that will not move on by itself is shown at once."""
PROGRESS_STEP = 0.1
TRIES = 8
FAILURE_NAP_S = 5.0
EVENT_TYPE = "appscan_scan"

_OUT = "the bot is not in that conversation any more"
_MESSAGE_GONE = "its message is gone"
_NOT_ALLOWED = "the bot may not write there"
GONE = {
    "channel_not_found": _OUT,
    "not_in_channel": _OUT,
    "user_not_found": _OUT,
    "account_inactive": _OUT,
    "is_archived": "the channel is archived",
    "thread_not_found": _MESSAGE_GONE,
    "message_not_found": _MESSAGE_GONE,
    "cant_update_message": _NOT_ALLOWED,
    "edit_window_closed": _NOT_ALLOWED,
    "restricted_action": _NOT_ALLOWED,
    "restricted_action_thread_locked": _NOT_ALLOWED,
    "restricted_action_read_only_channel": _NOT_ALLOWED,
}
"""Errors that no further try changes, in words for the timeline."""
_BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}


class Rendered(Protocol):
    """A message ready to be sent."""

    @property
    def text(self) -> str:
        """Everything in words."""
        ...

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Block Kit."""
        ...


Render = Callable[[Card], Rendered]
LoadCard = Callable[[int], Awaitable[Card]]


async def send(call: Callable[..., Awaitable[Any]], message: Rendered, **arguments: Any) -> Any:
    """Call ``chat.postMessage`` or its like, with words alone where the workspace refuses the blocks."""
    try:
        return await call(text=message.text, blocks=message.blocks, **arguments)
    except SlackApiError as error:
        if slack_code(error) not in _BAD_BLOCKS:
            raise
        logger.warning("Slack refused the blocks of a message; it was sent as text")
        return await call(text=message.text, blocks=[], **arguments)


class ChannelPace:
    """Lets new messages into a channel one a second, in the order in which they ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next_at: dict[str, float] = {}

    async def turn(self, channel: str) -> None:
        """Wait for a turn."""
        now = self._clock.now()
        at = max(now, self._next_at.get(channel, now))
        self._next_at = {name: when for name, when in self._next_at.items() if when > now}
        self._next_at[channel] = at + POST_GAP_S
        if at > now:
            await self._clock.sleep(at - now)


class Threads:
    """Shows scans in their threads."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        bot_user_id: str,
        store: Store,
        card: LoadCard,
        render: Render,
        pace: ChannelPace,
        clock: Clock,
    ) -> None:
        self._client = client
        self._bot_user_id = bot_user_id
        self._store = store
        self._card = card
        self._render = render
        self._pace = pace
        self._clock = clock
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._changed: dict[int, asyncio.Event] = {}
        self._next_at: dict[int, float] = {}
        self._moved: dict[int, tuple[int, int]] = {}
        self._told: dict[int, float] = {}

    def changed(self, number: int) -> None:
        """Say that a scan's row has changed."""
        self._changed.setdefault(number, asyncio.Event()).set()
        if number not in self._tasks:
            self._tasks[number] = asyncio.create_task(self._show(number), name=f"reply-{number}")

    def progress(self, number: int, done_bytes: int, total_bytes: int) -> None:
        """Say how far the bytes have moved; shown in steps."""
        self._moved[number] = (done_bytes, total_bytes)
        share = done_bytes / total_bytes if total_bytes else 0.0
        told = self._told.get(number, 0.0)
        if share < told or share - told >= PROGRESS_STEP:
            self._told[number] = share
            if number not in self._tasks:
                self.changed(number)
            else:
                self._changed[number].set()

    async def settle(self, timeout_s: float) -> None:
        """Wait until all that is known is shown, or the time is up; the rest is shown at the next start."""
        if self._tasks:
            _, late = await asyncio.wait(list(self._tasks.values()), timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    @concerning
    async def _show(self, number: int) -> None:
        changed = self._changed[number]
        failures = 0
        try:
            while changed.is_set():
                changed.clear()
                card = await self._load(number)
                moving = card.scan.state in OPEN
                wait_s = self._next_at.get(number, 0.0) - self._clock.now()
                if moving and wait_s > 0:
                    await self._nap(changed, wait_s)
                    changed.set()
                    continue
                try:
                    await self._put(card.scan)
                except Exception as error:  # noqa: BLE001 - whatever it was, it may pass
                    failures += 1
                    if failures >= TRIES:
                        logger.error("the reply of scan #%d could not be brought up to date", number)  # noqa: TRY400
                        return
                    logger.warning("the reply of scan #%d will be tried again: %s", number, error_name(error))
                    await self._clock.sleep(FAILURE_NAP_S * failures)
                    changed.set()
                self._next_at[number] = self._clock.now() + UPDATE_GAP_S
                if not moving and not changed.is_set():
                    for kept in (self._next_at, self._moved, self._told):
                        kept.pop(number, None)
                    for copy in await self._store.queue.stale_copies(number):
                        self.changed(copy)
        except StoreUnavailable as error:
            logger.warning("the reply of scan #%d is shown later: %s", number, error)
        except Exception:
            logger.exception("the reply of scan #%d could not be shown", number)
        finally:
            del self._tasks[number]
            del self._changed[number]

    async def _nap(self, changed: asyncio.Event, seconds: float) -> None:
        """Wait, but not longer than until something changes that can't wait."""
        waker = asyncio.create_task(changed.wait())
        timer = asyncio.create_task(self._clock.sleep(seconds))
        await asyncio.wait({waker, timer}, return_when=asyncio.FIRST_COMPLETED)
        for task in (waker, timer):
            task.cancel()
        await asyncio.gather(waker, timer, return_exceptions=True)

    async def _load(self, number: int) -> Card:
        done, total = self._moved.get(number, (0, 0))
        return replace(await self._card(number), done_bytes=done, total_bytes=total)

    async def _put(self, scan: Scan) -> None:
        if scan.channel is None:
            return
        try:
            if not scan.reply_ts:
                await self._post(scan)
            else:
                card = await self._load(scan.number)
                await send(
                    self._client.chat_update, self._render(card), channel=scan.channel, ts=scan.reply_ts
                )
                await self._store.queue.shown(scan.number, card.scan.revision)
        except SlackApiError as error:
            code = slack_code(error)
            if code not in GONE:
                raise
            await self._unshown(scan, GONE[code])

    async def _unshown(self, scan: Scan, why: str) -> None:
        """Let it be that the reply doesn't show the scan; the timeline says so once, at the end."""
        if scan.state not in OPEN and scan.number in await self._store.queue.stale():
            await self._store.scans.note(scan.number, f"the reply could not be posted: {why}")
        await self._store.queue.shown(scan.number, scan.revision)

    async def _post(self, scan: Scan) -> None:
        if scan.reply_ts == "" and (found := await self._find(scan)) is not None:
            # The bot ended between posting and remembering it.
            await self._store.queue.set_reply(scan.number, found)
            self._changed[scan.number].set()
            return
        if scan.state is not State.CANCELLED:
            await self._store.queue.set_reply(scan.number, "")
            await self._pace.turn(scan.channel or "")
        card = await self._load(scan.number)
        if card.scan.state is State.CANCELLED:  # nobody was told of it yet, and its message may be gone
            await self._store.queue.shown(scan.number, card.scan.revision)
            return
        answer = await send(
            self._client.chat_postMessage,
            self._render(card),
            channel=scan.channel,
            thread_ts=scan.thread_ts,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"scan": scan.number}},
            unfurl_links=False,
            unfurl_media=False,
        )
        if scan.thread_ts and not answer["message"].get("thread_ts"):
            # To a message that has gone, Slack posts the reply into the channel itself.
            await self._client.chat_delete(channel=scan.channel or "", ts=str(answer["ts"]))
            await self._unshown(card.scan, _MESSAGE_GONE)
            return
        await self._store.queue.set_reply(scan.number, str(answer["ts"]))
        await self._store.queue.shown(scan.number, card.scan.revision)

    async def _find(self, scan: Scan) -> str | None:
        """Look for the scan's reply in its thread."""
        cursor = ""
        while True:
            answer = await self._client.conversations_replies(
                channel=scan.channel or "",
                ts=scan.thread_ts or "",
                oldest=scan.message_ts,
                limit=200,
                cursor=cursor,
                include_all_metadata=True,
            )
            for message in answer["messages"]:
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if message.get("user") == self._bot_user_id and payload.get("scan") == scan.number:
                    return str(message["ts"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None


def error_name(error: BaseException) -> str:
    """Name an error without its text, which can hold what was sent."""
    code = slack_code(error)
    return f"{type(error).__name__} {code or ''}".strip()
