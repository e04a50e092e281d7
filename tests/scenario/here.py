"""A reader of builds that starts no process: most scenarios are not about that, and it takes long."""

import asyncio
import json
from pathlib import Path

from bot.builds.read_child import answer
from bot.builds.reader import BuildFileReader


class ReaderHere(BuildFileReader):
    """Asks what a child would ask, in a thread; what is said is checked as a child's word is."""

    async def ask(self, path: Path) -> bytes:
        """Return what a child would say."""

        def read() -> bytes:
            with path.open("rb") as file:
                return json.dumps(answer(file)).encode()

        return await asyncio.to_thread(read)
