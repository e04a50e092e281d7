"""One notice per channel about its queue, while many builds wait for a reply or the scanner accepts none.

Slack allows about one new message per second in a channel, so the last of a hundred builds is answered late;
the notice says at once that all were received.
"""

import logging
from dataclasses import dataclass, field, replace

from bot.core.circuit_breaker import CircuitBreaker
from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.core.scheduler import Job
from bot.features.backlog.messages import BacklogMessages
from bot.features.backlog.models import Backlog, Notice
from bot.features.backlog.repository import BacklogRepository

logger = logging.getLogger(__name__)

INTERVAL_S = 3.0
UPDATE_INTERVAL_S = 10.0
"""The shortest time between two updates of a notice."""
AWAY_S = 20.0
"""Shorter absences of the scanner are not shown."""
MAX_UNANSWERED = 10
"""More builds without a reply get a notice: the last would be answered after more than ten seconds."""


@dataclass(kw_only=True, eq=False, repr=False)
class BacklogNotices:
    """Opens, updates and closes the notices."""

    rows: BacklogRepository
    board: BacklogMessages
    clock: Clock
    breaker: CircuitBreaker
    """Until it has an answer, an absence that an earlier process showed lasts."""
    _shown_at: dict[str, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._steady = SteadyClock(self.clock)

    @property
    def job(self) -> Job:
        """The job that keeps the notices; the next process continues with open ones."""
        return Job(name="notices", run=self.refresh, interval_s=INTERVAL_S)

    async def refresh(self) -> None:
        """Open, update and close notices by the rows."""
        backlogs = {backlog.channel: backlog for backlog in await self.rows.backlogs()}
        open_ = {notice.channel: notice for notice in await self.rows.open()}
        for channel in sorted(backlogs.keys() | open_.keys()):
            try:
                await self._show(backlogs.get(channel, Backlog(channel=channel)), open_.get(channel))
            except Exception as error:  # noqa: BLE001 - the other channels don't wait for this one
                logger.warning("the notice of a channel could not be shown: %s", type(error).__name__)

    async def _show(self, backlog: Backlog, notice: Notice | None) -> None:
        now, steady = self.clock.now(), self._steady.now()
        is_early = steady - self._shown_at.get(backlog.channel, float("-inf")) < UPDATE_INTERVAL_S
        away_since = self._away_since(backlog, notice)
        is_over = away_since is None and not backlog.unanswered
        if notice is None:
            if not is_early and (away_since is not None or backlog.unanswered > MAX_UNANSWERED):
                notice = Notice(**vars(backlog), opened_at=now, away_since=away_since)
                self._shown_at[backlog.channel] = steady
                await self.rows.put(replace(notice, message_ts=await self.board.post(notice)))
            return
        if is_early and not is_over:
            return
        changed = replace(
            notice,
            **vars(backlog),
            away_since=away_since,
            was_away=notice.was_away or notice.away_since is not None,
            closed_at=now if is_over else None,
        )
        if changed != notice:
            if not await self.board.update(changed):
                return
            self._shown_at[backlog.channel] = steady
            await self.rows.put(changed)
        if is_over:
            self._shown_at.pop(backlog.channel, None)
            await self.rows.remove(backlog.channel)

    def _away_since(self, backlog: Backlog, notice: Notice | None) -> float | None:
        away_s = self.breaker.open_s
        if backlog.waiting == 0 or (away_s is None and self.breaker.has_answered):
            return None
        if notice is not None and notice.away_since is not None:
            return notice.away_since
        return self.clock.now() - away_s if away_s is not None and away_s >= AWAY_S else None
