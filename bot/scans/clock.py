"""The real clock."""

import asyncio
import time


class SystemClock:
    """Time as the machine tells it."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(max(0.0, seconds))
