"""Tells of one subject in each scan's thread, once: a message of its own, so that people hear of it.

The rows say what there is to tell. While a message is being posted its timestamp is empty, and where an
answer was lost, or the process, it is looked for before it is posted again.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import NotFound, StoreUnavailable, slack_code, slack_wait_s
from bot.scans.current import concerning
from bot.scans.memory import Store
from bot.scans.models import Card, Scan
from bot.scans.ports import Clock
from bot.scans.tasks import end
from bot.slack.pace import ChannelPace, UpdatePace
from bot.slack.posts import FAILURE_NAP_S, TRIES, Posts, ThreadGone
from bot.slack.sending import GONE, MESSAGE_GONE, SHUT, Rendered, error_name, send
from bot.slack.subjects import Subject

logger = logging.getLogger(__name__)

LOOK_S: Final = 60.0
"""How often it is looked for what is still to be told."""
REST_S: Final = 60.0
"""After the tries a message is let rest for so long, then twice as long, up to ``LONGEST_REST_S``."""
LONGEST_REST_S: Final = 3600.0
GIVE_UP_S: Final = 24 * 3600.0
"""A message that was refused for as long is given up; the timeline says so."""
UNTOLD: Final = "-"
"""Stands for the timestamp of a message that could not be posted, and is not tried again."""


@dataclass(frozen=True, kw_only=True)
class _Rest:
    """A message that is let be for a while."""

    since: float
    """When it was let be first."""
    until: float
    rest_s: float


class Announcements:
    """The messages about one subject."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        bot_user_id: str,
        store: Store,
        subject: Subject,
        card: Callable[[int], Awaitable[Card]],
        render: Callable[[Card], Rendered],
        pace: ChannelPace,
        updates: UpdatePace,
        clock: Clock,
    ) -> None:
        self._client = client
        self._posts = Posts(
            client, bot_user_id, pace, clock, event_type=subject.event_type, scanner=subject.scanner
        )
        self._store = store
        self._subject = subject
        self._card = card
        self._render = render
        self._pace = pace
        self._updates = updates
        self._clock = clock
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stale: set[int] = set()
        self._rests: dict[int, _Rest] = {}
        self._one_by_one: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One at a time waits for a channel's turn, so that replies to new builds come in between."""

    @property
    def busy(self) -> bool:
        """Whether something is being told, or waits for its turn."""
        return bool(self._tasks)

    def announce(self, number: int) -> None:
        """Say that there is something to tell of a scan; returns at once, and tells nothing twice."""
        if number not in self._tasks:
            self._tasks[number] = asyncio.create_task(
                self._work(number), name=f"{self._subject.name}-{number}"
            )

    def changed(self, number: int) -> None:
        """Say that what was told of a scan is different now; what comes together is shown together."""
        self._stale.add(number)
        self.announce(number)

    async def run(self) -> None:
        """Look again and again for what is still to be told, from before the last start too."""
        while True:
            try:
                for number in await self._subject.to_announce():
                    rest = self._rests.get(number)
                    if rest is None or rest.until <= self._clock.now():
                        self.announce(number)
            except Exception:  # the database may be locked: it is tried again
                logger.exception("%ss could not be looked for; trying again in a minute", self._subject.name)
            await self._clock.sleep(LOOK_S)

    async def settle(self, timeout_s: float) -> None:
        """Wait until what is being told is told, or the time is up; the rest is told at the next start."""
        if self._tasks:
            _, late = await asyncio.wait(list(self._tasks.values()), timeout=timeout_s)
            await end(*late)

    @concerning
    async def _work(self, number: int) -> None:
        try:
            await self._patiently(number, self._tell)
            while number in self._stale:
                self._stale.discard(number)
                await self._patiently(number, self._update)
        except NotFound:
            logger.info("scan #%d is not there any more: its %s is not told", number, self._subject.name)
        except StoreUnavailable as error:
            logger.warning("the %s of scan #%d is told later: %s", self._subject.name, number, error)
        except Exception:
            logger.exception("the %s of scan #%d could not be told", self._subject.name, number)
        finally:
            self._stale.discard(number)
            del self._tasks[number]

    async def _patiently(self, number: int, work: Callable[[int], Awaitable[None]]) -> None:
        """Do something that Slack may refuse for a while; after some tries let it rest."""
        failures = 0
        while True:
            try:
                await work(number)
            except (NotFound, StoreUnavailable):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it was, it may pass
                if (asked_s := slack_wait_s(error)) is not None:
                    await self._clock.sleep(max(asked_s, FAILURE_NAP_S))
                    continue
                failures += 1
                if failures >= TRIES or slack_code(error) in SHUT:
                    await self._rest(number, error)
                    return
                logger.warning(
                    "the %s of scan #%d will be tried again: %s",
                    self._subject.name,
                    number,
                    error_name(error),
                )
                await self._clock.sleep(FAILURE_NAP_S * failures)
            else:
                self._rests.pop(number, None)
                return

    async def _tell(self, number: int) -> None:
        """Post the message, where there is something to tell that was not told."""
        card = await self._card(number)
        scan, known = card.scan, self._subject.announced_ts(card)
        if not self._subject.is_there(card) or known or scan.channel is None:
            return
        try:
            ts = None
            if known is not None:  # the bot ended between posting and remembering it
                ts = await self._posts.find(scan)
            await self._subject.set_announced(number, ts or await self._post(number, scan))
        except ThreadGone:
            await self._untold(number, MESSAGE_GONE)
        except SlackApiError as error:
            code = slack_code(error)
            if code not in GONE:
                raise
            await self._untold(number, GONE[code])

    async def _post(self, number: int, scan: Scan) -> str:
        channel = scan.channel or ""
        async with self._one_by_one[channel]:
            await self._pace.turn(channel)
            card = await self._card(number)  # it may be gone by now, or there is more to tell
            await self._subject.set_announced(number, "")
            try:
                return await self._posts.post(scan, self._render(card))
            except SlackApiError as error:
                if slack_wait_s(error) is not None:  # surely not posted: nothing to look for
                    await self._subject.set_announced(number, None)
                raise

    async def _update(self, number: int) -> None:
        """Show in the message that was posted what there is to tell now."""
        await self._updates.turn()
        card = await self._card(number)
        ts = self._subject.announced_ts(card)
        if not ts or ts == UNTOLD:
            return
        try:
            await send(self._client.chat_update, self._render(card), channel=card.scan.channel, ts=ts)
        except SlackApiError as error:
            if (asked_s := slack_wait_s(error)) is not None:
                self._updates.hold(asked_s)
            if slack_code(error) not in GONE:
                raise
            logger.info("the message about scan #%d stays as it is: %s", number, slack_code(error))

    async def _untold(self, number: int, why: str) -> None:
        """Let it be that something is not told; the timeline says so."""
        await self._store.scans.note(number, f"the {self._subject.name} could not be posted: {why}")
        await self._subject.set_announced(number, UNTOLD)

    async def _rest(self, number: int, error: Exception) -> None:
        """Let a message be that was refused, longer each time, and give it up after a day."""
        logger.error(
            "the %s of scan #%d could not be posted: %s", self._subject.name, number, error_name(error)
        )
        now = self._clock.now()
        last = self._rests.get(number)
        since = now if last is None else last.since
        if now - since >= GIVE_UP_S:
            self._rests.pop(number, None)
            await self._untold(number, "Slack did not take it for a day")
            return
        rest_s = REST_S if last is None else min(LONGEST_REST_S, 2 * last.rest_s)
        self._rests[number] = _Rest(since=since, until=now + rest_s, rest_s=rest_s)
