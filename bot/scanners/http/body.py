"""The bodies of requests that are sent at most once: an empty one, and a file."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from bot.scanners.http.build_file import BLOCK, BuildFile


class Body(aiohttp.Payload):
    """An empty body. Subclasses send something; its length is known before that, and its progress always.

    ``moved``, set by the sender, is called after each part that was sent.
    """

    def __init__(self, value: object = b"", content_type: str = "application/octet-stream") -> None:
        super().__init__(value, content_type=content_type)
        self._size = 0
        self.moved: Callable[[], None] = lambda: None
        self._ended = asyncio.Event()
        self.begun = False
        """Whether any of it may have been sent."""
        self.committed = False
        """Whether its last bytes may have been sent, and a request may not be repeated."""
        self.complete = False
        """Whether all of it was handed to the connection."""
        self.failure: BaseException | None = None
        """What its source or the journal raised; aiohttp wraps it in an error of its own."""

    async def open(self) -> None:
        """Prepare its source.

        Raises:
            BuildChanged: the build is missing, or of another size.
        """

    async def settled(self) -> None:
        """Wait until sending has ended, if it ever began: nothing is sent after this."""
        if self.begun:
            await self._ended.wait()

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it; aiohttp calls this in a task of its own, and cancels that once a response has come.

        aiohttp repeats a PUT if the connection ended without a response. A scan that was requested
        may not be requested again: the second time, this raises.
        """
        if self.begun:
            raise RuntimeError("a body is sent once")
        self.begun = self._consumed = True
        try:
            await self._write(writer)
        finally:
            self._ended.set()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - as aiohttp has it
        """Raise: a build is never text."""
        raise TypeError("a build's body is only ever streamed")

    async def _write(self, writer: AbstractStreamWriter) -> None:
        """Send it, and call ``moved`` after each part."""

    @contextlib.contextmanager
    def _keeping_failure(self) -> Iterator[None]:
        try:
            yield
        except asyncio.CancelledError as exc:
            task = asyncio.current_task()
            if task is not None and not task.cancelling():  # raised in here, not by a cancelled request
                self.failure = exc
            raise
        except Exception as exc:
            self.failure = exc
            raise


class FileBody(Body):
    """A file as the whole body, read block by block."""

    def __init__(self, file: BuildFile, content_type: str = "application/octet-stream") -> None:
        super().__init__(file, content_type)
        self._file = file
        self._size = file.size_bytes
        self._done = 0
        """Bytes of the file that were sent."""

    async def open(self) -> None:
        """Open the file."""
        await asyncio.to_thread(self._file.open)

    async def settled(self) -> None:
        """Wait until sending has ended, and close the file."""
        await super().settled()
        await asyncio.to_thread(self._file.close)

    async def _write(self, writer: AbstractStreamWriter) -> None:
        await self._write_blocks(writer, self._file.size_bytes)

    async def _write_blocks(self, writer: AbstractStreamWriter, size: int) -> None:
        while self._done < size:
            block = await self._read(min(BLOCK, size - self._done))
            await writer.write(block)
            self._done += len(block)
            self._report()

    async def _read(self, size: int) -> bytes:
        with self._keeping_failure():
            return await asyncio.to_thread(self._file.read, size)

    def _report(self) -> None:
        self.complete = self._done == self._file.size_bytes
        self.moved()
