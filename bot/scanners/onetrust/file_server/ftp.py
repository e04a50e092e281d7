"""An FTP or FTPS session: ``ftplib`` in a thread of its own.

Cancelling a call closes the session's connections, so that its thread ends at once, and waits for that.
"""

import asyncio
import ftplib
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from bot.errors import Refused
from bot.scanners.http.build_file import BuildFile
from bot.scanners.onetrust.file_server import sentences
from bot.scanners.onetrust.file_server.ftp_connection import Address, FtpConnection
from bot.scanners.onetrust.file_server.replies import Phase, meaning_of, size_in
from bot.scanners.onetrust.file_server.session import ConnectionBroken
from bot.scanners.onetrust.file_server_address import FileServerAddress

_T = TypeVar("_T")


async def connect_ftp(address: FileServerAddress) -> "FtpSession":
    """Log in by FTP or FTPS; see ``Connect``."""
    tls = await asyncio.to_thread(_context, address) if address.scheme == "ftps" else None
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise ConnectionBroken("the FTP server's host can't be resolved")
    session = FtpSession(address, FtpConnection(address.host, tls))
    try:
        await session.enter(found)
    except BaseException:
        await session.drop()
        raise
    return session


@dataclass(eq=False, repr=False)
class FtpSession:
    """Implements ``FileServerSession``."""

    address: FileServerAddress
    connection: FtpConnection
    unsure_bytes: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ftp")

    async def enter(self, addresses: Sequence[Address]) -> None:
        """Connect, log in and enter the folder."""
        connection, address, implicit = self.connection, self.address, self.address.implicit_tls
        await self._do(Phase.TALKING, lambda: connection.reach(addresses, implicit_tls=implicit))
        if address.scheme == "ftps" and not implicit:
            await self._do(Phase.ENCRYPTING, connection.encrypt)
        user_phase = Phase.PLAIN_USER if address.scheme == "ftp" else Phase.LOGIN
        answer = await self._do(user_phase, partial(connection.sendcmd, f"USER {address.user}"))
        if answer.startswith("3"):
            await self._command(Phase.LOGIN, f"PASS {address.password or ''}")
        if address.scheme == "ftps":
            await self._do(Phase.PROTECTING, connection.prot_p)
        if address.folder:
            await self._command(Phase.ENTERING, f"CWD {address.folder}")
        await self._command(Phase.STORING, "TYPE I")

    async def size(self, name: str) -> int | None:
        def ask() -> int | None:
            try:
                return size_in(self.connection.sendcmd(f"SIZE {name}"))
            except ftplib.error_perm as exc:
                if str(exc).startswith("550"):
                    return None
                raise

        return await self._do(Phase.ASKING_SIZE, ask)

    async def store(self, name: str, file: BuildFile, *, offset: int, moved: Callable[[int], None]) -> None:
        loop = asyncio.get_running_loop()

        def report(done: int) -> None:
            loop.call_soon_threadsafe(moved, done)

        send = partial(self.connection.send_file, name, file.read, offset, file.size_bytes, report)
        await self._do(Phase.STORING, send)

    async def knock(self) -> None:
        await self._do(Phase.STORING, self.connection.knock)

    async def rename(self, old: str, new: str) -> None:
        await self._do(Phase.RENAMING, partial(self.connection.rename, old, new))

    async def delete(self, name: str) -> None:
        await self._command(Phase.REMOVING, f"DELE {name}")

    async def leave(self) -> None:
        await self._command(Phase.TALKING, "QUIT")

    async def drop(self) -> None:
        """Abort the connections, and close them once the thread has stopped using them."""
        self.connection.cut()
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self.connection.close)
        try:
            await _wait_for_thread(closing)
        finally:
            self._thread.shutdown(wait=False)

    async def _command(self, phase: Phase, command: str) -> None:
        await self._do(phase, partial(self.connection.voidcmd, command))

    async def _do(self, phase: Phase, call: Callable[[], _T]) -> _T:
        """Run a call in the thread; errors are mapped to their meaning."""
        work = asyncio.get_running_loop().run_in_executor(self._thread, call)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self.connection.cut()
            await _wait_for_thread(work)
            raise
        except (ftplib.Error, OSError, EOFError, ValueError, IndexError, OverflowError) as exc:
            failure = meaning_of(exc, phase, self.address.secrets())
        raise failure  # out here, so that no text of the server becomes its context


async def _wait_for_thread(work: "asyncio.Future[_T]") -> None:
    """Wait for the thread, whatever its result, and even if the wait is cancelled."""
    cancelled = False
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            cancelled = True
    if not work.cancelled():
        work.exception()  # retrieved here, or asyncio would log it
    if cancelled:
        raise asyncio.CancelledError


def _context(address: FileServerAddress) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
    except (OSError, ValueError) as exc:
        raise Refused(sentences.CA_FILE, detail=f"ONETRUST_FTP_CA: {type(exc).__name__}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
