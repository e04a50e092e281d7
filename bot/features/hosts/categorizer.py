"""Looks up the hosts of builds at Zscaler, those of several builds in one request; a job of the scheduler."""

import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.core.backoff import SERVER_BACKOFF
from bot.core.ports import Announcer, Clock
from bot.errors import Maintenance, Refused, TryLater
from bot.features.hosts.lookup import CategoryCache
from bot.features.hosts.models import BATCH, HostsState, ScanHosts, UrlCategories
from bot.features.hosts.repository import HostRepository

logger = logging.getLogger(__name__)

GIVE_UP_S: Final = 48 * 3600.0
"""How long looking up a build's hosts is attempted."""
PAUSE_S: Final = 3600.0
"""Pause after a permanent error; also the longest wait that Zscaler may ask for."""
_CLEANUP_INTERVAL_S: Final = 3600.0
"""Interval between two removals of old answers, which include what people typed."""
_SCANS: Final = 20
"""Maximum number of scans that share a request."""

MAINTAINED: Final = "This waits, as Zscaler is under maintenance."
GAVE_UP: Final = (
    "Zscaler could not be asked for two days, so the bot has stopped trying. "
    "Ask about single hosts with `/appscan urls`."
)
_BAD_REQUEST: Final = 400


@dataclass(kw_only=True, eq=False, repr=False)
class HostCategorizer:
    """Looks up the hosts that are due and not cached."""

    rows: HostRepository
    categories: CategoryCache
    announcer: Announcer
    clock: Clock
    _failures: int = field(init=False, default=0)
    _paused_until: float = field(init=False, default=0.0)
    _cleanup_at: float = field(init=False, default=0.0)
    _problem: str = field(init=False, default="")
    """Why it is paused."""

    async def turn(self) -> float | None:
        """Look up one batch of what is due; return when more is."""
        if self.clock.now() >= self._cleanup_at:
            self._cleanup_at = self.clock.now() + _CLEANUP_INTERVAL_S
            await self.categories.forget_old()
        due = await self.rows.due(_SCANS)
        numbers = due.now
        if numbers and self._is_paused():
            await self._reschedule(numbers)
        elif numbers and (wanted := await self._wanted(numbers)):
            await self._ask(wanted)
        return (await self.rows.due(0)).next_at if numbers else due.next_at

    def _is_paused(self) -> bool:
        return self.clock.now() < self._paused_until

    async def _pending(self, number: int) -> ScanHosts | None:
        """Return a build's hosts if they are still looked up; after ``GIVE_UP_S`` that ends."""
        hosts = await self.rows.of(number)
        if hosts is None or self.clock.now() - hosts.since <= GIVE_UP_S:
            return hosts
        await self._fail(number, GAVE_UP)
        return None

    async def _wanted(self, numbers: Iterable[int]) -> dict[int, list[str]]:
        """Store what is cached, and return one batch of the other hosts, by scan."""
        wanted: dict[int, list[str]] = {}
        batch: set[str] = set()
        for number in numbers:
            if (hosts := await self._pending(number)) is None:
                continue
            known = await self.categories.known(hosts.pending)
            if known or not hosts.pending:
                await self._store(number, list(known.values()))
            rest = [host for host in hosts.pending if host not in known]
            batch.update([host for host in rest if host not in batch][: BATCH - len(batch)])
            if mine := [host for host in rest if host in batch]:
                wanted[number] = mine
            if len(batch) == BATCH:
                break
        return wanted

    async def _ask(self, wanted: Mapping[int, Sequence[str]]) -> None:
        try:
            found = await self.categories.ask(list(dict.fromkeys(itertools.chain(*wanted.values()))))
        except TryLater as error:
            self._failures += 1
            wait_s = min(PAUSE_S, SERVER_BACKOFF.delay_s(self._failures, error.retry_after_s))
            logger.info("hosts are looked up again in %d s: %s", wait_s, error)
            self._pause(wait_s, MAINTAINED if isinstance(error, Maintenance) else error.user_message)
            await self._reschedule(wanted)
        except Refused as error:
            await self._refused(wanted, error)
        else:
            self._failures = 0
            for number, hosts in wanted.items():
                await self._store(number, [found[host] for host in hosts])

    async def _store(self, number: int, results: Sequence[UrlCategories]) -> None:
        after = await self.rows.looked_up(number, results)
        if after is not None and after.state is HostsState.KNOWN:
            self.announcer.changed(number)

    async def _refused(self, wanted: Mapping[int, Sequence[str]], error: Refused) -> None:
        """Record a permanent error; one that a single build may have caused is retried build by build."""
        if error.status == _BAD_REQUEST and len(wanted) > 1:
            for number, hosts in wanted.items():
                if self._is_paused():
                    await self._reschedule([number])
                else:
                    await self._ask({number: hosts})
            return
        logger.warning("Zscaler rejects a look-up of hosts: %s", error)
        for number in wanted:
            await self._fail(number, error.user_message)
        if error.status != _BAD_REQUEST:
            self._pause(PAUSE_S, error.user_message)

    async def _fail(self, number: int, problem: str) -> None:
        await self.rows.failed(number, problem)
        self.announcer.changed(number)

    def _pause(self, wait_s: float, problem: str) -> None:
        self._paused_until, self._problem = self.clock.now() + wait_s, problem

    async def _reschedule(self, numbers: Iterable[int]) -> None:
        """Reschedule these to the end of the pause."""
        for number in numbers:
            if await self._pending(number):
                await self.rows.reschedule(number, self._problem, self._paused_until)
                self.announcer.changed(number)
