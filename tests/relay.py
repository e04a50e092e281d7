"""A relay between a client and a server on loopback, which counts what passes, cuts it off and holds it up.

It listens on 127.0.0.2 at the very ports that the server has on 127.0.0.1, so that an FTP client that takes
only the port from the server's answers comes through it for its data too, TLS or not.
"""

import asyncio
import contextlib
import select
from collections.abc import Iterable
from types import TracebackType
from typing import Self

HOST = "127.0.0.2"
BLOCK = 64 * 1024


class Relay:
    """Passes on what comes; ``cuts`` are the counts of bytes from the client at which all connections end."""

    def __init__(self, ports: Iterable[int], *, cuts: Iterable[int] = ()) -> None:
        self.sent_bytes = 0
        """From the client."""
        self.connections = 0
        self.cut = 0
        """How often it was cut so far."""
        self.holds_from: int | None = None
        """After so many bytes from the client no more pass; nor is anything closed."""
        self._ports = list(ports)
        self._cuts = sorted(cuts)
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        for port in self._ports:
            self._servers.append(await asyncio.start_server(self._take(port), HOST, port, limit=BLOCK))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        self.break_off()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def break_off(self) -> None:
        """Break all connections, without a goodbye to either side."""
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    def is_left(self) -> bool:
        """Whether the client has gone."""
        return not self._tasks

    async def _hold(self, writer: asyncio.StreamWriter) -> None:
        """Take nothing more until the client has gone."""
        gone = select.poll()
        gone.register(writer.get_extra_info("socket").fileno(), select.POLLRDHUP)
        while not gone.poll(0):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.01)
        self.break_off()

    def _take(self, port: int):
        async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            try:
                await self._pass(port, reader, writer)
            except asyncio.CancelledError:
                pass
            finally:
                self._tasks.discard(task)

        return taken

    async def _pass(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port, limit=BLOCK)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(server_writer)
        try:
            await asyncio.gather(
                self._pump(reader, server_writer, client=writer),
                self._pump(server_reader, writer),
            )
        finally:
            for each in (writer, server_writer):
                self._writers.discard(each)
                each.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        client: asyncio.StreamWriter | None = None,
    ) -> None:
        with contextlib.suppress(OSError):
            while block := await reader.read(BLOCK):
                if client is not None:
                    self.sent_bytes += len(block)
                    if self.holds_from is not None and self.sent_bytes >= self.holds_from:
                        await self._hold(client)
                        return
                writer.write(block)
                await writer.drain()
                if client is not None and self._cuts and self.sent_bytes >= self._cuts[0]:
                    self._cuts.pop(0)
                    self.cut += 1
                    self.break_off()
                    return
            if writer.can_write_eof():
                writer.write_eof()
