"""The bytes of files, for whoever shows the bot's token.

Without a good token Slack answers with a page to sign in, and HTTP 200.

Fault points: ``download``, with the facts ``file`` (ID) and ``name``; ``download.origin`` where a redirect
led to ``/files-origin/…``. They may ``hold`` (after ``hold_after`` bytes), answer with ``status``,
``location`` or ``body``, ``cut_after`` bytes, say a wrong ``content_length``, or ``drop`` the connection.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import BinaryIO

from aiohttp import web

from sandbox.faults import Fault, points
from sandbox.slack.service import Service
from sandbox.world import File, FileMode

POINTS = points(
    ["download", "download.origin"],
    *("status", "retry_after", "headers", "body", "content_type", "location"),
    *("cut_after", "content_length", "drop", "hold", "hold_after"),
)
"""Where this can go wrong."""

CHUNK_BYTES = 256 * 1024

SIGN_IN_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Sign in | Slack</title></head>
<body><h1>Sign in to your workspace</h1><form method="post"><input name="email"></form></body></html>
"""


async def _chunks(file: File) -> AsyncIterator[bytes]:
    if file.path is None:
        for start in range(0, len(file.content), CHUNK_BYTES):
            yield file.content[start : start + CHUNK_BYTES]
        return
    source: BinaryIO = await asyncio.to_thread(file.path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(source.read, CHUNK_BYTES):
            yield chunk
    finally:
        source.close()


def _split(chunk: bytes, sent: int, marks: list[int]) -> list[bytes]:
    """Cut a chunk where one of the marks (counted from the file's start) lies in it."""
    places = sorted({mark - sent for mark in marks if 0 < mark - sent < len(chunk)})
    edges = [0, *places, len(chunk)]
    return [chunk[start:end] for start, end in itertools.pairwise(edges)]


class Downloads:
    """Serves files."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for a file's bytes."""
        file = self._service.world.files.get(request.match_info["file"])
        point = "download.origin" if request.path.startswith("/files-origin") else "download"
        facts = {"file": file.id, "name": file.name} if file else {}
        fault = self._service.faults.take(point, facts) or Fault()
        if fault.hold_after == 0:
            await fault.hold()
        answer = self._refusal(request, file, fault)
        if answer is None and file is not None:
            return await self._stream(request, file, fault)
        answer = answer or web.Response(status=404, text="not found", content_type="text/html")
        self._log(request, file, answer.status, 0, whole=False)
        if fault.drop and request.transport:
            request.transport.abort()
        return answer

    def _refusal(self, request: web.Request, file: File | None, fault: Fault) -> web.Response | None:
        headers = dict(fault.headers)
        if fault.retry_after is not None:
            headers["Retry-After"] = f"{fault.retry_after:g}"
        if fault.location is not None:
            return web.Response(status=fault.status or 302, headers={**headers, "Location": fault.location})
        if fault.drop or fault.status or fault.body is not None:
            status, kind = fault.status or 200, fault.content_type or "text/html"
            return web.Response(status=status, headers=headers, text=fault.body or "", content_type=kind)
        app = self._service.app
        allowed = request.headers.get("Authorization") == f"Bearer {app.bot_token}"
        if not allowed or "files:read" not in app.scopes:
            return web.Response(text=SIGN_IN_PAGE, content_type="text/html")
        seen = file is not None and any(
            self._service.bot_sees(self._service.world.channels[share.channel]) for share in file.shares
        )
        if file is None or not seen or file.access_denied:
            return web.Response(status=404, text="not found", content_type="text/html")
        if file.mode not in {FileMode.HOSTED, FileMode.FILE_ACCESS}:
            return web.Response(status=404, text="not found", content_type="text/html")
        return None

    async def _stream(self, request: web.Request, file: File, fault: Fault) -> web.StreamResponse:
        length = file.size_bytes if fault.content_length is None else fault.content_length
        kind = fault.content_type or file.mimetype
        headers = {"Content-Type": kind, "Content-Length": str(length), **fault.headers}
        answer = web.StreamResponse(headers=headers)
        sent = 0
        marks = [mark for mark in (fault.cut_after, fault.hold_after) if mark is not None]
        cut = fault.cut_after == 0
        try:
            await answer.prepare(request)
            async for chunk in _chunks(file):
                for piece in [] if cut else _split(chunk, sent, marks):
                    await answer.write(piece)
                    sent += len(piece)
                    if sent == fault.hold_after:
                        await fault.hold()
                    cut = cut or sent == fault.cut_after
                    if cut:
                        break
            if not cut and length <= file.size_bytes:
                await answer.write_eof()
        except ConnectionError:
            cut = True
        self._log(request, file, 200, sent, whole=not cut)
        if (cut or length > file.size_bytes) and request.transport:
            request.transport.close()
        return answer

    def _log(self, request: web.Request, file: File | None, status: int, sent: int, *, whole: bool) -> None:
        arguments = {"file": file.id if file else "", "path": request.path}
        self._service.world.log("download", arguments, {"ok": whole, "sent_bytes": sent}, status)
