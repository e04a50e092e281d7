"""Finds builds shared while Slack didn't reach the bot: it was stopped, or its connection was down.

A heartbeat is stored while Slack is connected. After a gap, every conversation that may have missed builds is
noted in the database until it has been searched. Builds found this way are taken in like events: a share that
is known already changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.core.backoff import Backoff
from bot.core.ports import Clock
from bot.core.scheduler import Job, Scheduler
from bot.errors import AppscanError, NotAllowed, NotInvited
from bot.features.backfill.repository import HeartbeatRepository
from bot.features.submission.intake import Intake

logger = logging.getLogger(__name__)

HEARTBEAT_INTERVAL_S = 30.0
GAP_S = 180.0
"""A running bot may have missed builds after this long without Slack; Slack's retries bridge shorter gaps."""
MARGIN_S = 300.0
"""Also searched, before each gap: a broken connection is noticed late, and clocks differ."""
SEARCH_BACKOFF = Backoff(first_s=30.0, maximum_s=900.0)
_SEARCH = "search for missed builds"


class Past(Protocol):
    """Older messages in Slack."""

    async def conversations(self) -> list[str]:
        """Return the IDs of all conversations that the bot is in."""

    async def messages(self, channel: str, since: float) -> list[Mapping[str, Any]]:
        """Return the messages with files since then, in the form of events, oldest first.

        None from before the bot joined.

        Raises:
            NotInvited: the bot can't read the conversation.
            PullFailed: a retry may succeed.
        """


@dataclass(kw_only=True, eq=False, repr=False)
class Backfill:
    """Stores the heartbeat, and searches for missed builds in the background."""

    alive: HeartbeatRepository
    past: Past
    intake: Intake
    hears: Callable[[], Awaitable[bool]]
    """Returns whether Slack reaches the bot now."""
    clock: Clock
    scheduler: Scheduler
    within_s: float
    """The longest time to search back; 0 searches nothing."""
    _has_beaten: bool = field(init=False, default=False)
    _failures: int = field(init=False, default=0)

    def start(self) -> None:
        """Start the jobs; returns at once."""
        self.scheduler.start(
            Job(name="heartbeat", run=self._beat, interval_s=HEARTBEAT_INTERVAL_S),
            Job(name=_SEARCH, run=self._search, interval_s=None),
        )

    async def stop(self) -> None:
        """Stop the jobs after a last heartbeat."""
        await self.scheduler.stop("heartbeat", _SEARCH)
        await self._beat()

    async def _beat(self) -> None:
        try:
            if not await self.hears():
                return
            # Before a process's first heartbeat there was a gap, however short.
            if await self.alive.beat(gap_s=GAP_S if self._has_beaten else 0.0, margin_s=MARGIN_S):
                self.scheduler.wake(_SEARCH)
            self._has_beaten = True
        except Exception as error:  # noqa: BLE001 - without this heartbeat, the next search is only longer
            logger.warning("the heartbeat could not be stored: %s", type(error).__name__)

    async def _search(self) -> float | None:
        """Search until nothing is left; return when to retry."""
        try:
            done = await self.search()
        except Exception as error:  # noqa: BLE001 - what is left stays noted
            logger.warning("the search for missed builds failed: %s", _named(error))
            done = False
        self._failures = 0 if done else self._failures + 1
        return None if done else self.clock.now() + SEARCH_BACKOFF.delay_s(self._failures)

    async def search(self) -> bool:
        """Search the noted conversations; return whether none is left."""
        if not self.within_s:
            await self.alive.forget()
            return True
        since = await self.alive.everywhere()
        if since is not None:
            await self.alive.spread(await self.past.conversations(), since)
        done = True
        for channel, since in await self.alive.missed():
            try:
                if found := await self._take_in(channel, max(since, self.clock.now() - self.within_s)):
                    logger.info("found %d missed builds in %s", found, channel)
            except NotInvited as error:
                logger.info("%s is not searched for missed builds: %s", channel, error)
            except Exception as error:  # noqa: BLE001 - the other conversations don't wait for this one
                logger.warning("the search for missed builds in %s failed: %s", channel, _named(error))
                done = False
                continue
            await self.alive.searched(channel)
        return done

    async def _take_in(self, channel: str, since: float) -> int:
        """Take in the builds of a conversation; return how many were new."""
        found = 0
        failure: Exception | None = None
        for message in await self.past.messages(channel, since):
            try:
                found += await self.intake.message(message)
            except NotAllowed:
                logger.debug("a build in %s was skipped: not allowed", channel)
            except Exception as error:  # noqa: BLE001 - the messages after it don't wait for it
                failure = error
        if failure is not None:
            raise failure
        return found


def _named(error: Exception) -> str:
    return str(error) if isinstance(error, AppscanError) else type(error).__name__
