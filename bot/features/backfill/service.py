"""Taking up what was shared while nobody heard Slack: the bot was stopped, or its connection was down.

A heartbeat is kept while Slack is heard. Where it was silent, what may have been missed is first noted in
the database, conversation by conversation, and a note goes only when its conversation was looked through.
What is found goes the same way as what Slack tells of: a share that is known already changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable

from bot.core.backoff import Backoff
from bot.core.ports import Clock
from bot.core.scheduler import Job, Scheduler
from bot.errors import AppscanError, NotAllowed, NotInvited
from bot.features.backfill.ports import Past
from bot.features.backfill.repository import HeartbeatRepository
from bot.features.submission.intake import Intake

logger = logging.getLogger(__name__)

BEAT_S = 30.0
GAP_S = 180.0
"""A running bot may have missed something in so long a silence; a shorter one Slack's retries bridge."""
MARGIN_S = 300.0
"""Looked through before each silence: a connection can be dead before it is noticed, and clocks differ."""
LOOK_BACKOFF = Backoff(first_s=30.0, maximum_s=900.0)
_SEARCH = "search for what was missed"


class Backfill:
    """Keeps the heartbeat, and looks through what was missed beside all other work."""

    def __init__(
        self,
        *,
        alive: HeartbeatRepository,
        past: Past,
        intake: Intake,
        hears: Callable[[], Awaitable[bool]],
        clock: Clock,
        scheduler: Scheduler,
        within_s: float,
    ) -> None:
        """``hears`` tells whether Slack reaches the bot; ``within_s`` bounds the look back, 0 for none."""
        self._alive = alive
        self._past = past
        self._intake = intake
        self._hears = hears
        self._clock = clock
        self._within_s = within_s
        self._scheduler = scheduler
        self._begun = False
        self._failures = 0
        self._jobs = (
            Job(name="heartbeat", run=self._beat, interval_s=BEAT_S),
            Job(name=_SEARCH, run=self._search, interval_s=None),
        )

    def start(self) -> None:
        """Begin; returns at once."""
        self._scheduler.start(*self._jobs)

    async def stop(self) -> None:
        """Stop looking, and note that Slack was heard until now."""
        await self._scheduler.stop(*(job.name for job in self._jobs))
        await self._beat()

    async def _beat(self) -> None:
        try:
            if not await self._hears():
                return
            # A process that has just begun was silent, however short that was.
            if await self._alive.beat(gap_s=GAP_S if self._begun else 0.0, margin_s=MARGIN_S):
                self._scheduler.wake(_SEARCH)
            self._begun = True
        except Exception as error:  # noqa: BLE001 - a beat that is left out only makes the look back longer
            logger.warning("the heartbeat could not be written: %s", type(error).__name__)

    async def _search(self) -> float | None:
        """Look until nothing is left, or the heartbeat finds that more was missed."""
        try:
            done = await self.look()
        except Exception as error:  # noqa: BLE001 - what was missed stays noted
            logger.warning("what was missed can't be looked for now: %s", _named(error))
            done = False
        self._failures = 0 if done else self._failures + 1
        return None if done else self._clock.now() + LOOK_BACKOFF.delay_s(self._failures)

    async def look(self) -> bool:
        """Look through what was missed; return whether nothing is left to look through."""
        if not self._within_s:
            await self._alive.forget()
            return True
        since = await self._alive.everywhere()
        if since is not None:
            await self._alive.spread(await self._past.conversations(), since)
        done = True
        for channel, since in await self._alive.missed():
            try:
                found = await self._take_up(channel, max(since, self._clock.now() - self._within_s))
            except NotInvited as error:
                logger.info("what was missed in %s is not looked for: %s", channel, error)
            except Exception as error:  # noqa: BLE001 - the others are not to wait for what one of them met
                logger.warning("what was missed in %s can't be looked for now: %s", channel, _named(error))
                done = False
                continue
            else:
                if found:
                    logger.info("took up %d builds that were shared in %s unheard", found, channel)
            await self._alive.looked(channel)
        return done

    async def _take_up(self, channel: str, since: float) -> int:
        """Take up the builds of a conversation; return how many were not known."""
        found = 0
        trouble: Exception | None = None
        for message in await self._past.messages(channel, since):
            try:
                found += await self._intake.message(message)
            except NotAllowed:
                logger.debug("a build in %s was passed over: the allow-lists say no", channel)
            except Exception as error:  # noqa: BLE001 - the messages after it are not to wait for it
                trouble = error
        if trouble is not None:
            raise trouble
        return found


def _named(error: Exception) -> str:
    return str(error) if isinstance(error, AppscanError) else type(error).__name__
