"""Servers that are no use: one that refuses every connection, and one that takes them and never answers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def dead_server(how: str) -> AsyncIterator[str]:
    """Give the URL of a server that is ``down`` or ``wedged``, on loopback."""
    if how == "down":
        with socket.socket() as held:  # bound, so that nobody else gets the port, and not listened on
            held.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{held.getsockname()[1]}"
        return
    if how != "wedged":
        raise ValueError(f"{how!r} is neither down nor wedged")
    taken: set[asyncio.StreamWriter] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.add(writer)
        try:
            while await reader.read(64 * 1024):
                pass
        except ConnectionError:  # whoever gave up may reset
            pass
        finally:
            taken.discard(writer)
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in taken:
            writer.transport.abort()
