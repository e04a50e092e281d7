"""How fast the bot writes to Slack: new messages by channel, updates over the whole workspace.

Source: https://docs.slack.dev/apis/web-api/rate-limits
"""

from typing import Final

from bot.scans.ports import Clock

POST_GAP_S: Final = 1.0
"""Slack takes about one new message a second in a channel."""
BURST: Final = 16
"""Updates that may go at once."""
EVERY_S: Final = 2.0
"""One more update each so many seconds: 46 in any minute with the burst; Tier 3 of ``chat.update`` is 50."""
NOTICES_BURST: Final = 1
NOTICES_EVERY_S: Final = 20.0
"""The other 4 are for notices of queues: those excuse the replies that wait, and can't wait behind them."""
KEPT: Final = 8
"""Of the burst, kept free for what is final: progress waits, and is folded together meanwhile."""


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

    def wait_s(self, channel: str) -> float:
        """Return how long whoever asks for a turn now has to wait for it."""
        return max(0.0, self._next_at.get(channel, 0.0) - self._clock.now())

    def hold(self, channel: str, wait_s: float) -> None:
        """Let nothing into a channel for a while, as Slack asked."""
        at = self._clock.now() + wait_s
        self._next_at[channel] = max(at, self._next_at.get(channel, at))


class UpdatePace:
    """Shares out the updates that Slack takes among all messages."""

    def __init__(self, clock: Clock, *, burst: int = BURST, every_s: float = EVERY_S) -> None:
        self._clock = clock
        self._burst = burst
        self._every_s = every_s
        self._whole_at = clock.now()
        """When the whole burst is free again; each update moves it on."""

    async def turn(self) -> None:
        """Wait for a turn, in the order in which they ask; for what is final."""
        wait_s = self._wait_s(self._burst)
        self._take()
        if wait_s > 0:
            await self._clock.sleep(wait_s)

    def try_turn(self, *, final: bool = False) -> float:
        """Take a turn if there is one to spare; else return after how many seconds to ask again.

        What is ``final`` may take of what is kept for that.
        """
        wait_s = self._wait_s(self._burst if final else self._burst - KEPT)
        if wait_s <= 0:
            self._take()
        return max(0.0, wait_s)

    def hold(self, wait_s: float) -> None:
        """Let nothing through for a while, as Slack asked."""
        self._whole_at = max(self._whole_at, self._clock.now() + wait_s + (self._burst - 1) * self._every_s)

    def _wait_s(self, burst: int) -> float:
        return self._whole_at - self._clock.now() - (burst - 1) * self._every_s

    def _take(self) -> None:
        self._whole_at = max(self._whole_at, self._clock.now()) + self._every_s
