"""A reader of builds that starts no process: most scenarios are not about that, and it takes long."""

import asyncio
import json
from pathlib import Path

from bot.builds import read_child
from bot.builds.child import answer
from bot.builds.child_process import ChildProcess
from bot.builds.reader import BuildFileReader


class ReaderHere(BuildFileReader):
    """Reads builds in a thread; the answer is validated as a child's is."""

    def __init__(self, *, accepts_aab: bool) -> None:
        super().__init__(accepts_aab=accepts_aab)
        self._process = _Thread((), timeout_s=0)


class _Thread(ChildProcess):
    async def run(self, path: Path) -> bytes:
        def read() -> bytes:
            with path.open("rb") as file:
                return json.dumps(answer(read_child.read, file)).encode()

        return await asyncio.to_thread(read)
