"""One notice a channel about its queue.

It is up while more builds wait there than can each be answered at once, and while the scanner takes none.
Slack takes about one new message a second in a channel, so of a hundred builds shared at once the last one's
reply comes late; the notice says at once that all of them were seen.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.core.scheduler import Job
from bot.features.backlog.messages import BacklogMessages
from bot.features.backlog.models import Backlog, Notice
from bot.features.backlog.repository import BacklogRepository

logger = logging.getLogger(__name__)

LOOK_S = 3.0
UPDATE_S = 10.0
"""A notice is brought up to date no more often than this."""
AWAY_S = 20.0
"""A scanner that is away for less than this is no news."""
FLOOD = 10
"""More builds than this without a reply are a flood: the last of them would wait longer than ten seconds."""


class BacklogNotices:
    """Keeps the notices.

    ``away_s`` tells for how many seconds the scanner has taken no builds, ``None`` where it takes them;
    ``heard`` whether it gave an answer since this process began: until then an absence that was told lasts.
    """

    def __init__(
        self,
        *,
        rows: BacklogRepository,
        board: BacklogMessages,
        clock: Clock,
        away_s: Callable[[], float | None],
        heard: Callable[[], bool],
    ) -> None:
        self._rows = rows
        self._board = board
        self._clock = clock
        self._steady = SteadyClock(clock)
        self._away_s = away_s
        self._heard = heard
        self._shown_at: dict[str, float] = {}

    @property
    def job(self) -> Job:
        """Looks at the rows; where it is cancelled, open notices are gone on with at the next start."""
        return Job(name="notices", run=self.look, interval_s=LOOK_S)

    async def look(self) -> None:
        """Open, update and close notices as the rows have it now."""
        backlogs = {backlog.channel: backlog for backlog in await self._rows.backlogs()}
        open_ = {notice.channel: notice for notice in await self._rows.open()}
        for channel in sorted(backlogs.keys() | open_.keys()):
            backlog = backlogs.get(channel, Backlog(channel=channel, waiting=0, unanswered=0))
            try:
                await self._show(backlog, open_.get(channel))
            except Exception as error:  # noqa: BLE001 - the other channels are not to wait for this one
                logger.warning("the notice of a channel could not be shown: %s", type(error).__name__)

    async def _show(self, backlog: Backlog, notice: Notice | None) -> None:
        now, steady, away_s = self._clock.now(), self._steady.now(), self._away_s()
        early = steady - self._shown_at.get(backlog.channel, float("-inf")) < UPDATE_S
        away_since = notice.away_since if notice is not None else None
        if backlog.waiting == 0 or (away_s is None and self._heard()):
            away_since = None
        elif away_since is None and away_s is not None and away_s >= AWAY_S:
            away_since = now - away_s
        away = away_since is not None
        if notice is None:
            if not early and (away or backlog.unanswered > FLOOD):
                notice = Notice(
                    channel=backlog.channel,
                    opened_at=now,
                    away_since=away_since,
                    waiting=backlog.waiting,
                    unanswered=backlog.unanswered,
                )
                self._shown_at[backlog.channel] = steady
                message_ts = await self._board.post(notice)
                await self._rows.put(replace(notice, message_ts=message_ts))
            return
        over = not away and not backlog.unanswered
        if not over and early:
            return
        fresh = replace(
            notice,
            away_since=away_since,
            was_away=notice.was_away or notice.away_since is not None,
            waiting=backlog.waiting,
            unanswered=backlog.unanswered,
            closed_at=now if over else None,
        )
        if fresh != notice:
            if not await self._board.update(fresh):
                return
            self._shown_at[backlog.channel] = steady
            await self._rows.put(fresh)
        if over:
            self._shown_at.pop(backlog.channel, None)
            await self._rows.remove(backlog.channel)
