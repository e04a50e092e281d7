"""An SFTP session, by asyncssh.

Many blocks are written at a time, so that latency does not slow an upload. A server may write them in any
order: after an interruption, the last blocks of a file, which could be missing, are sent again.

The machine's own SSH setup is ignored: no ``~/.ssh``, no agent.
"""

import asyncio
import stat
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import asyncssh

from bot.errors import Refused, TryLater
from bot.scanners.http.build_file import BLOCK, BuildFile
from bot.scanners.onetrust.file_server import sentences
from bot.scanners.onetrust.file_server.host_key import (
    FingerprintClient,
    fingerprint_of,
    key_algorithms,
    known_hosts,
)
from bot.scanners.onetrust.file_server.session import (
    ConnectionBroken,
    NotResumed,
    quoted,
    sounds_full,
    try_later,
)
from bot.scanners.onetrust.file_server_address import FileServerAddress

PIECE: Final = 32 * 1024
"""Bytes of one write that every server takes (draft-ietf-secsh-filexfer-02, section 3)."""

WINDOW: Final = 32
"""Writes that may be without a response."""

_FAILURES = (asyncssh.Error, OSError, ValueError)
_NO_FILE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_NO_RIGHT = (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect, asyncssh.SFTPOpUnsupported)
_NO_ROOM = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)


async def connect_sftp(address: FileServerAddress) -> "SftpSession":
    """Log in by SFTP; see ``Connect``."""
    connection = await _connect(address)
    try:
        return await _open(address, connection)
    except BaseException:
        connection.abort()
        await connection.wait_closed()
        raise


async def _connect(address: FileServerAddress) -> asyncssh.SSHClientConnection:
    """Log in; a server that shows an unknown key may have the known one as well."""
    known = await asyncio.to_thread(known_hosts, address)
    keys = await asyncio.to_thread(_keys, address)
    failure: Exception | None = None
    for algorithms in key_algorithms(address):
        try:
            return await _log_in(address, known, keys, algorithms)
        except asyncssh.HostKeyNotVerifiable:
            failure = Refused(sentences.HOST_KEY, detail="the SFTP server's host key is another one")
        except asyncssh.KeyExchangeFailed as exc:
            failure = failure or Refused(sentences.NO_COMMON_WAY, detail=_detail(exc, address))
        except asyncssh.PermissionDenied as exc:
            raise Refused(sentences.LOGIN, detail=type(exc).__name__) from None
        except (asyncssh.ConnectionLost, OSError, ValueError) as exc:
            raise ConnectionBroken(f"connecting: {_detail(exc, address)}") from None
        except asyncssh.Error as exc:  # some servers report so that they have no key of these algorithms
            failure = failure or ConnectionBroken(f"connecting: {_detail(exc, address)}")
    raise failure or ConnectionBroken("connecting: no algorithm of host keys")


async def _log_in(
    address: FileServerAddress, known: Any, keys: list[asyncssh.SSHKey], algorithms: str
) -> asyncssh.SSHClientConnection:
    fingerprint = fingerprint_of(address)
    connection, _ = await asyncssh.create_connection(
        lambda: FingerprintClient(fingerprint),
        address.host,
        address.port,
        username=address.user,
        password=address.password,
        client_keys=keys or None,
        known_hosts=known,
        server_host_key_algs=algorithms or (),
        agent_path=None,
        config=None,
        gss_host=None,
        x509_trusted_certs=None,
        compression_algs=None,
    )
    return connection


async def _open(address: FileServerAddress, connection: asyncssh.SSHClientConnection) -> "SftpSession":
    try:
        client = await connection.start_sftp_client()
        attributes = await client.stat(address.folder or ".")
    except (*_NO_FILE, asyncssh.SFTPPermissionDenied) as exc:
        failure = Refused(sentences.FOLDER, detail=_detail(exc, address))
    except asyncssh.ChannelOpenError as exc:
        failure = Refused(sentences.NO_SFTP, detail=type(exc).__name__)
    except _FAILURES as exc:
        raise ConnectionBroken(_detail(exc, address)) from None
    else:
        mode = attributes.permissions
        if mode is None or stat.S_ISDIR(mode) or attributes.type == asyncssh.FILEXFER_TYPE_DIRECTORY:
            return SftpSession(address, connection, client)
        failure = Refused(sentences.FOLDER, detail="the folder is a file")
    raise failure


@dataclass(eq=False, repr=False)
class SftpSession:
    """Implements ``FileServerSession``."""

    address: FileServerAddress
    connection: asyncssh.SSHClientConnection
    client: asyncssh.SFTPClient
    unsure_bytes: int = field(init=False, default=PIECE * WINDOW)

    async def size(self, name: str) -> int | None:
        try:
            size = (await self.client.stat(self.address.path_of(name))).size
        except _NO_FILE:
            return None
        except _FAILURES as exc:
            failure = self._meaning_of(exc, sentences.FOLDER)
        else:
            if size is not None:
                return size
            failure = Refused(sentences.NO_SIZE)
        raise failure

    async def store(self, name: str, file: BuildFile, *, offset: int, moved: Callable[[int], None]) -> None:
        opened = False
        try:
            mode = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | (0 if offset else asyncssh.FXF_TRUNC)
            handle = await self.client.open(self.address.path_of(name), mode, encoding=None, block_size=0)
            opened = True
            await _write(handle, file, offset, moved)
            await handle.close()  # only now: after a cancellation or a lost connection it may never return
            return
        except _FAILURES as exc:
            failure = self._meaning_of(exc, sentences.NO_WRITING)
        unexplained = isinstance(failure, TryLater) and failure.user_message == sentences.NO_REASON
        if offset and (isinstance(failure, Refused) or (unexplained and not opened)):
            raise NotResumed
        if (unexplained or isinstance(failure, ConnectionBroken)) and await self._is_full():
            failure = try_later(sentences.FULL, str(failure))
        raise failure

    async def knock(self) -> None:
        """Do nothing: SFTP has no data connection of its own."""

    async def rename(self, old: str, new: str) -> None:
        path_of = self.address.path_of
        await self._do(self.client.rename(path_of(old), path_of(new)), sentences.NO_RENAMING)

    async def delete(self, name: str) -> None:
        await self._do(self.client.remove(self.address.path_of(name)), sentences.NO_REMOVING)

    async def leave(self) -> None:
        self.client.exit()
        self.connection.close()
        await self.connection.wait_closed()

    async def drop(self) -> None:
        self.connection.abort()
        await self.connection.wait_closed()

    async def _do(self, call: Awaitable[None], rejection: str) -> None:
        try:
            await call
            return
        except _FAILURES as exc:
            failure = self._meaning_of(exc, rejection)
        raise failure

    def _meaning_of(self, exc: Exception, rejection: str) -> Exception:
        """Return what an error means; ``rejection`` is the sentence for a permanent one."""
        detail = _detail(exc, self.address)
        if isinstance(exc, _NO_ROOM) or (isinstance(exc, asyncssh.SFTPFailure) and sounds_full(exc.reason)):
            return try_later(sentences.FULL, detail)
        if isinstance(exc, _NO_RIGHT):
            return Refused(rejection, detail=detail)
        if isinstance(exc, asyncssh.SFTPFailure):  # a response: another connection would get the same
            return try_later(sentences.NO_REASON, detail)
        return ConnectionBroken(detail)

    async def _is_full(self) -> bool:
        """Ask: version 3 of SFTP has no code for a full disk, and OpenSSH only says ``Failure``."""
        try:
            space = await self.client.statvfs(self.address.folder or ".")
        except _FAILURES:
            return False
        return space.bavail * (space.frsize or 1) < BLOCK


async def _write(handle: Any, file: BuildFile, offset: int, moved: Callable[[int], None]) -> None:
    pending: deque[tuple[asyncio.Task[int], int]] = deque()

    async def finish_oldest() -> None:
        write, end = pending[0]
        await write
        pending.popleft()
        moved(end)

    try:
        while offset < file.size_bytes:
            block = memoryview(await asyncio.to_thread(file.read, min(BLOCK, file.size_bytes - offset)))
            for start in range(0, len(block), PIECE):
                if len(pending) >= WINDOW:
                    await finish_oldest()
                piece = bytes(block[start : start + PIECE])
                write = asyncio.ensure_future(handle.write(piece, offset))
                offset += len(piece)
                pending.append((write, offset))
        while pending:
            await finish_oldest()
    finally:
        writes = [write for write, _ in pending]
        for write in writes:
            write.cancel()
        await asyncio.gather(*writes, return_exceptions=True)


def _keys(address: FileServerAddress) -> list[asyncssh.SSHKey]:
    if address.key_file is None:
        return []
    try:
        return [asyncssh.read_private_key(address.key_file, address.key_passphrase)]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError, ValueError) as exc:
        detail = f"ONETRUST_FTP_KEY_FILE: {type(exc).__name__}"
        raise Refused(sentences.KEY_FILE, detail=detail) from None


def _detail(exc: Exception, address: FileServerAddress) -> str:
    return f"the SFTP server: {type(exc).__name__}: {quoted(str(exc), address.secrets())}"
