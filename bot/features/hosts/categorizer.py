"""Looks up the hosts of builds at Zscaler, several builds' in one call; a job of the runner's."""

import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.core.backoff import SERVER_BACKOFF
from bot.core.ports import Announcer, Clock
from bot.errors import Maintenance, Refused, TryLater
from bot.features.hosts.category_cache import CategoryCache
from bot.features.hosts.models import BATCH, HostsState, UrlCategories
from bot.features.hosts.repository import HostRepository

logger = logging.getLogger(__name__)

GIVE_UP_S: Final = 48 * 3600.0
"""How long a build's hosts are tried to be looked up."""
REST_S: Final = 3600.0
"""How long nothing is asked after a clear no; also the longest wait that Zscaler may ask for."""
_TIDY_S: Final = 3600.0
"""How often what was said longer ago than a day is let go of: people's words are among it."""
_SCANS: Final = 20
"""Scans that may share a call."""

MAINTAINED: Final = "This waits, as Zscaler is being maintained."
GAVE_UP: Final = (
    "Zscaler could not be asked for two days, so the bot has stopped trying. "
    "Ask about single hosts with `/appscan urls`."
)
_BAD_REQUEST: Final = 400


class HostCategorizer:
    """Takes the hosts that are due, and asks for what was not said within a day."""

    def __init__(
        self, *, rows: HostRepository, categories: CategoryCache, announcer: Announcer, clock: Clock
    ) -> None:
        self._rows = rows
        self._categories = categories
        self._announcer = announcer
        self._clock = clock
        self._failures = 0
        self._rest_until = 0.0
        self._tidy_at = 0.0
        self._problem = ""

    async def turn(self) -> float | None:
        """Ask for one batch of what is due; return when the next is."""
        if self._clock.now() >= self._tidy_at:
            self._tidy_at = self._clock.now() + _TIDY_S
            await self._categories.forget_old()
        due = await self._rows.due(_SCANS)
        numbers = due.now
        if numbers and self._clock.now() < self._rest_until:
            await self._reschedule(numbers)
        elif numbers and (wanted := await self._wanted(numbers)):
            await self._ask(wanted)
        return (await self._rows.due(0)).next_at if numbers else due.next_at

    async def _goes_on(self, number: int) -> bool:
        """Tell whether a build's hosts are still to be looked up; where they are not, that is recorded."""
        hosts = await self._rows.of(number)
        if hosts is None or self._clock.now() - hosts.since <= GIVE_UP_S:
            return hosts is not None
        await self._rows.failed(number, GAVE_UP)
        self._announcer.changed(number)
        return False

    async def _wanted(self, numbers: Iterable[int]) -> dict[int, list[str]]:
        """Return the hosts to ask for, by scan, a batch in all; what is known already is kept."""
        wanted: dict[int, list[str]] = {}
        batch: set[str] = set()
        for number in numbers:
            if not await self._goes_on(number):
                continue
            pending = await self._rows.pending(number)
            known = await self._categories.known(pending)
            if known or not pending:
                await self._keep(number, list(known.values()))
            rest = [host for host in pending if host not in known]
            room = BATCH - len(batch)
            new = [host for host in rest if host not in batch][:room]
            batch.update(new)
            if mine := [host for host in rest if host in batch]:
                wanted[number] = mine
            if len(batch) == BATCH:
                break
        return wanted

    async def _ask(self, wanted: Mapping[int, Sequence[str]]) -> None:
        try:
            said = await self._categories.ask(list(dict.fromkeys(itertools.chain(*wanted.values()))))
        except TryLater as error:
            await self._later(wanted, error)
        except Refused as error:
            await self._refused(wanted, error)
        else:
            self._failures = 0
            for number, hosts in wanted.items():
                await self._keep(number, [said[host] for host in hosts])

    async def _keep(self, number: int, said: Sequence[UrlCategories]) -> None:
        after = await self._rows.looked_up(number, said)
        if after is not None and after.state is HostsState.KNOWN:
            self._announcer.changed(number)

    async def _later(self, numbers: Iterable[int], error: TryLater) -> None:
        self._failures += 1
        wait_s = min(REST_S, SERVER_BACKOFF.delay_s(self._failures, error.retry_after_s))
        logger.info("hosts are looked up again in %d s: %s", wait_s, error)
        self._problem = MAINTAINED if isinstance(error, Maintenance) else error.user_message
        self._rest_until = self._clock.now() + wait_s
        await self._reschedule(numbers)

    async def _refused(self, wanted: Mapping[int, Sequence[str]], error: Refused) -> None:
        """Say that it was a clear no; where it may be for one build's hosts, the others' are asked alone."""
        if error.status == _BAD_REQUEST and len(wanted) > 1:
            for number, hosts in wanted.items():
                if self._clock.now() < self._rest_until:
                    await self._reschedule([number])
                else:
                    await self._ask({number: hosts})
            return
        logger.warning("Zscaler does not tell of hosts: %s", error)
        for number in wanted:
            await self._rows.failed(number, error.user_message)
            self._announcer.changed(number)
        if error.status != _BAD_REQUEST:
            self._problem = error.user_message
            self._rest_until = self._clock.now() + REST_S

    async def _reschedule(self, numbers: Iterable[int]) -> None:
        """Have these wait until the rest is over, or no longer."""
        for number in numbers:
            if await self._goes_on(number):
                await self._rows.reschedule(number, self._problem, self._rest_until)
                self._announcer.changed(number)
