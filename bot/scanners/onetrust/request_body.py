"""The bodies of requests that submit: ``multipart/form-data`` with a build from disk, and JSON.

A body never holds more than one block of a build, and its last bytes are sent only after
``Journal.committing`` has been awaited: until then no server can have all of it.

Source: "Test a New App Scan" and "Test Rescan of App" in
https://developer.onetrust.com/onetrust/docs/scan-apps-via-api; RFC 7578.
"""

import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiohttp.abc import AbstractStreamWriter

from bot.core.scan import Kind
from bot.features.submission.routes import Journal, Order
from bot.scanners.http.body import Body, FileBody
from bot.scanners.http.build_file import BuildFile

HELD_BACK: Final = 64 * 1024
"""Bytes of the build, at most, that are sent only after ``committing``, with the closing boundary."""

_FILE_NAME_LIMIT = 100


class JsonBody(Body):
    """A JSON object; ``journal`` commits before any of it is sent."""

    def __init__(self, value: Mapping[str, object], journal: Journal) -> None:
        self._content = json.dumps(value).encode("ascii")
        super().__init__(self._content, "application/json")
        self._size = len(self._content)
        self._journal = journal

    async def _write(self, writer: AbstractStreamWriter) -> None:
        with self._keeping_failure():
            await self._journal.committing()
        self.committed = True
        await writer.write(self._content)
        self.complete = True
        with self._keeping_failure():
            self.moved()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return it as text, for aiohttp."""
        return self._content.decode(encoding, errors)


class BuildBody(FileBody):
    """``multipart/form-data``: the fields given, then the part ``file``."""

    def __init__(self, order: Order, path: Path, journal: Journal, fields: Mapping[str, str]) -> None:
        boundary = secrets.token_hex(24)
        super().__init__(BuildFile(path, order.size_bytes), f"multipart/form-data; boundary={boundary}")
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{safe_file_name(order)}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self._head = "".join([*parts, head]).encode("ascii")
        self._tail = f"\r\n--{boundary}--\r\n".encode("ascii")
        self._size = len(self._head) + order.size_bytes + len(self._tail)
        self._journal = journal

    async def _write(self, writer: AbstractStreamWriter) -> None:
        await writer.write(self._head)
        self.moved()
        held_back = min(HELD_BACK, self._file.size_bytes)
        await self._write_blocks(writer, self._file.size_bytes - held_back)
        block = await self._read(held_back)
        with self._keeping_failure():
            await self._journal.committing()
        self.committed = True
        await writer.write(block + self._tail)
        self.complete = True
        self._done = self._file.size_bytes
        self._report()

    def _report(self) -> None:
        with self._keeping_failure():
            self.moved()
            self._journal.progress(self._done, self._file.size_bytes)


def data_fields(order: Order) -> str:
    """Return the ``dataFields`` part, in ASCII."""
    fields = {"appId": order.app_id} if order.kind is Kind.RESCAN else {"name": order.name}
    return json.dumps({**fields, "platform": order.platform.name})


def safe_file_name(order: Order) -> str:
    """Return a file name that is safe in a header, and ends as its file type does."""
    ending = f".{order.file_type}"
    stem = order.file_name.replace("\\", "/").rpartition("/")[2]
    stem = stem[: -len(ending)] if stem.lower().endswith(ending) else stem
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", stem)[:_FILE_NAME_LIMIT].strip("._")
    return (stem or "build") + ending
