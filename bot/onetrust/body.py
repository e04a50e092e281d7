"""The bodies of calls that submit: ``multipart/form-data`` with a build from disk, and JSON.

A body's length is known before it is sent, it never holds more than one block of a build, and its last bytes
go only once ``Journal.committing`` has been awaited: until then no server can have the whole of it.

Source: "Test a New App Scan" and "Test Rescan of App" in
https://developer.onetrust.com/onetrust/docs/scan-apps-via-api; RFC 7578.
"""

import asyncio
import contextlib
import json
import re
import secrets
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from bot.calls.build_file import BLOCK, BuildFile
from bot.scans.models import Kind
from bot.scans.routes import Journal, Order

HELD_BACK: Final = 64 * 1024
"""Bytes of the build, at most, that go only after ``committing``, with the closing boundary."""

_FILE_NAME_LIMIT = 100


class Body(aiohttp.Payload):
    """What one call sends: its length is known before, and how far it has gone can be told at any time.

    ``moved``, set by who sends it, is called each time some of it has gone.
    """

    def __init__(self, value: object, content_type: str) -> None:
        super().__init__(value, content_type=content_type)
        self.moved: Callable[[], None] = lambda: None
        self._ended = asyncio.Event()
        self.begun = False
        """Whether any of it may have gone."""
        self.committed = False
        """Whether its last bytes may have gone."""
        self.complete = False
        """Whether all of it has gone, as far as can be seen from here."""
        self.failure: BaseException | None = None
        """What its source or the journal raised; aiohttp shows it in an error of its own."""

    async def open(self) -> None:
        """Make ready what it is read from.

        Raises:
            BuildChanged: that is not what was ordered.
        """

    async def settled(self) -> None:
        """Wait until sending has ended, if it ever began: nothing of it happens after this."""
        if self.begun:
            await self._ended.wait()

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it; called by aiohttp, in a task of its own that it cancels once an answer has come.

        aiohttp sends a PUT once more by itself where the connection ended without an answer. A scan that was
        asked for may not be asked for again: the second time, this refuses.
        """
        if self.begun:
            raise RuntimeError("a body is sent once")
        self.begun = self._consumed = True
        try:
            await self._write(writer)
        finally:
            self._ended.set()

    @abstractmethod
    async def _write(self, writer: AbstractStreamWriter) -> None:
        """Send it, saying on the way how far it has gone."""

    @contextlib.contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except asyncio.CancelledError as exc:
            task = asyncio.current_task()
            if task is not None and not task.cancelling():  # raised in here, not by who cancels the sending
                self.failure = exc
            raise
        except Exception as exc:
            self.failure = exc
            raise


class JsonBody(Body):
    """A JSON object; ``journal`` commits before any of it goes."""

    def __init__(self, value: Mapping[str, object], journal: Journal) -> None:
        self._content = json.dumps(value).encode("ascii")
        super().__init__(self._content, "application/json")
        self._size = len(self._content)
        self._journal = journal

    async def _write(self, writer: AbstractStreamWriter) -> None:
        with self._kept():
            await self._journal.committing()
        self.committed = True
        await writer.write(self._content)
        self.complete = True
        with self._kept():
            self.moved()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return it as text, as aiohttp wants of a payload."""
        return self._content.decode(encoding, errors)


class BuildBody(Body):
    """``multipart/form-data``: the fields given, then the part ``file``."""

    def __init__(self, order: Order, path: Path, journal: Journal, fields: Mapping[str, str]) -> None:
        boundary = secrets.token_hex(24)
        file = BuildFile(path, order.size_bytes)
        super().__init__(file, f"multipart/form-data; boundary={boundary}")
        self._file = file
        self._file_size = order.size_bytes
        self._head = "".join(
            [
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in fields.items()
            ]
            + [
                f"--{boundary}\r\n"
                f'Content-Disposition: form-data; name="file"; filename="{safe_file_name(order)}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n"
            ]
        ).encode("ascii")
        self._tail = f"\r\n--{boundary}--\r\n".encode("ascii")
        self._size = len(self._head) + order.size_bytes + len(self._tail)
        self._journal = journal

    async def open(self) -> None:
        """Open the build.

        Raises:
            BuildChanged: it is not there, or of another size.
        """
        await asyncio.to_thread(self._file.open)

    async def settled(self) -> None:
        """Wait until sending has ended, and close the build."""
        await super().settled()
        await asyncio.to_thread(self._file.close)

    async def _write(self, writer: AbstractStreamWriter) -> None:
        await writer.write(self._head)
        self.moved()
        done, held_back = 0, min(HELD_BACK, self._file_size)
        while (left := self._file_size - held_back - done) > 0:
            block = await self._read(min(BLOCK, left))
            await writer.write(block)
            done += len(block)
            self._tell(done)
        block = await self._read(held_back)
        with self._kept():
            await self._journal.committing()
        self.committed = True
        await writer.write(block + self._tail)
        self.complete = True
        self._tell(self._file_size)

    async def _read(self, size: int) -> bytes:
        with self._kept():
            return await asyncio.to_thread(self._file.read, size)

    def _tell(self, done: int) -> None:
        with self._kept():
            self.moved()
            self._journal.progress(done, self._file_size)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - as aiohttp has it
        """Refuse: a build is never text."""
        raise TypeError("a build's body is only ever streamed")


def data_fields(order: Order) -> str:
    """Write the ``dataFields`` part, in ASCII."""
    fields = {"appId": order.app_id} if order.kind is Kind.RESCAN else {"name": order.name}
    return json.dumps({**fields, "platform": order.platform.name})


def safe_file_name(order: Order) -> str:
    """Make a file name that no header can be broken with, and with the ending that its kind of file has."""
    ending = f".{order.file_type}"
    stem = order.file_name.replace("\\", "/").rpartition("/")[2]
    stem = stem[: -len(ending)] if stem.lower().endswith(ending) else stem
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", stem)[:_FILE_NAME_LIMIT].strip("._")
    return (stem or "build") + ending
