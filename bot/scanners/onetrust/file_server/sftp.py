"""An SFTP session, by asyncssh.

Many blocks are written at a time, so that latency does not slow an upload. A server may write them in any
order: after an interruption, the last blocks of a file, which could be missing, are sent again.

The machine's own SSH setup is ignored: no ``~/.ssh``, no agent.
"""

import asyncio
import stat
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import asyncssh

from bot.errors import Refused, TryLater
from bot.scanners.http.build_file import BLOCK, BuildFile
from bot.scanners.onetrust.file_server import sentences
from bot.scanners.onetrust.file_server.host_key import Known, fingerprint_of, kinds_to_ask_for, known_hosts
from bot.scanners.onetrust.file_server.interfaces import ConnectionBroken, NotResumed
from bot.scanners.onetrust.file_server.quoting import quoted, sound_full
from bot.scanners.onetrust.file_server_address import FileServerAddress

PIECE: Final = 32 * 1024
"""Bytes of one write that every server takes (draft-ietf-secsh-filexfer-02, section 3)."""

WINDOW: Final = 32
"""Writes that may be without a response."""

_NO_RIGHT = (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect, asyncssh.SFTPOpUnsupported)
_NO_ROOM = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)


class SftpEndpoint:
    """Logs in by SFTP. Implements the ``Door`` port."""

    def __init__(self, address: FileServerAddress) -> None:
        self._address = address

    async def enter(self) -> "SftpSession":
        """Connect, check the host key, log in and check the folder."""
        connection = await self._connect()
        try:
            return await self._open(connection)
        except BaseException:
            connection.abort()
            await connection.wait_closed()
            raise

    async def _connect(self) -> asyncssh.SSHClientConnection:
        """Log in; a server that shows an unknown key may have the known one as well."""
        known = await asyncio.to_thread(known_hosts, self._address)
        keys = await asyncio.to_thread(_keys, self._address)
        failure: Exception | None = None
        for kinds in kinds_to_ask_for(self._address):
            try:
                return await self._log_in(known, keys, kinds)
            except asyncssh.HostKeyNotVerifiable:
                failure = Refused(sentences.HOST_KEY, detail="the depot's host key is another one")
            except asyncssh.KeyExchangeFailed as exc:
                failure = failure or Refused(sentences.NO_COMMON_WAY, detail=_told(exc, self._address))
            except asyncssh.PermissionDenied as exc:
                raise Refused(sentences.LOGIN, detail=type(exc).__name__) from None
            except (asyncssh.ConnectionLost, OSError, ValueError) as exc:
                raise ConnectionBroken(f"connecting: {_told(exc, self._address)}") from None
            except asyncssh.Error as exc:  # some servers report so that they have no key of these kinds
                failure = failure or ConnectionBroken(f"connecting: {_told(exc, self._address)}")
        raise failure or ConnectionBroken("connecting: no kind of host key")

    async def _log_in(
        self, known: Any, keys: list[asyncssh.SSHKey], kinds: str
    ) -> asyncssh.SSHClientConnection:
        address = self._address
        fingerprint = fingerprint_of(address)
        connection, _ = await asyncssh.create_connection(
            lambda: Known(fingerprint),
            address.host,
            address.port,
            username=address.user,
            password=address.password,
            client_keys=keys or None,
            known_hosts=known,
            server_host_key_algs=kinds or (),
            agent_path=None,
            config=None,
            gss_host=None,
            x509_trusted_certs=None,
            compression_algs=None,
        )
        return connection

    async def _open(self, connection: asyncssh.SSHClientConnection) -> "SftpSession":
        address, failure = self._address, None
        try:
            client = await connection.start_sftp_client()
            session = SftpSession(address, connection, client)
            attributes = await client.stat(address.folder or ".")
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPPermissionDenied) as exc:
            failure = Refused(sentences.FOLDER, detail=_told(exc, address))
        except asyncssh.ChannelOpenError as exc:
            failure = Refused(sentences.NO_SFTP, detail=type(exc).__name__)
        except (asyncssh.Error, OSError, ValueError) as exc:
            raise ConnectionBroken(_told(exc, address)) from None
        else:
            mode = attributes.permissions
            if mode is None or stat.S_ISDIR(mode) or attributes.type == asyncssh.FILEXFER_TYPE_DIRECTORY:
                return session
            failure = Refused(sentences.FOLDER, detail="the folder is a file")
        raise failure


class SftpSession:
    """Implements the ``Session`` port."""

    unsure_bytes: int = PIECE * WINDOW

    def __init__(
        self,
        address: FileServerAddress,
        connection: asyncssh.SSHClientConnection,
        client: asyncssh.SFTPClient,
    ) -> None:
        self._address = address
        self._connection = connection
        self._client = client

    async def size(self, name: str) -> int | None:
        """Return a file's size."""
        try:
            size = (await self._client.stat(self._path(name))).size
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return None
        except (asyncssh.Error, OSError, ValueError) as exc:
            failure = self._verdict(exc, sentences.FOLDER)
        else:
            if size is not None:
                return size
            failure = Refused(sentences.NO_SIZE)
        raise failure

    async def store(self, name: str, file: BuildFile, *, offset: int, moved: Callable[[int], None]) -> None:
        """Write the rest of a file."""
        opened = False
        try:
            mode = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | (0 if offset else asyncssh.FXF_TRUNC)
            handle = await self._client.open(self._path(name), mode, encoding=None, block_size=0)
            opened = True
            await _pour(handle, file, offset, moved)
            await handle.close()  # only now: after a cancellation or a lost connection it may never return
            return
        except (asyncssh.Error, OSError, ValueError) as exc:
            failure = self._verdict(exc, sentences.NO_WRITING)
        unexplained = isinstance(failure, TryLater) and failure.user_message == sentences.NO_REASON
        if offset and (isinstance(failure, Refused) or (unexplained and not opened)):
            raise NotResumed
        if (unexplained or isinstance(failure, ConnectionBroken)) and await self._is_full():
            failure = TryLater(sentences.FULL, scanner_failed=False, detail=str(failure))
        raise failure

    async def knock(self) -> None:
        """Do nothing: SFTP has no data connection of its own."""

    async def rename(self, old: str, new: str) -> None:
        """Rename a file."""
        await self._do(self._client.rename(self._path(old), self._path(new)), sentences.NO_RENAMING)

    async def delete(self, name: str) -> None:
        """Remove a file."""
        await self._do(self._client.remove(self._path(name)), sentences.NO_REMOVING)

    async def leave(self) -> None:
        """End the SFTP session and the connection."""
        self._client.exit()
        self._connection.close()
        await self._connection.wait_closed()

    async def drop(self) -> None:
        """Close the connection at once."""
        self._connection.abort()
        await self._connection.wait_closed()

    async def _do(self, call: Any, no: str) -> None:
        try:
            await call
            return
        except (asyncssh.Error, OSError, ValueError) as exc:
            failure = self._verdict(exc, no)
        raise failure

    def _path(self, name: str) -> str:
        return self._address.path_of(name)

    def _verdict(self, exc: Exception, no: str) -> Exception:
        """Return what an error means; ``no`` is the sentence for a rejection."""
        said = _told(exc, self._address)
        if isinstance(exc, _NO_ROOM) or (isinstance(exc, asyncssh.SFTPFailure) and sound_full(exc.reason)):
            return TryLater(sentences.FULL, scanner_failed=False, detail=said)
        if isinstance(exc, _NO_RIGHT):
            return Refused(no, detail=said)
        if isinstance(exc, asyncssh.SFTPFailure):  # a response: another connection would get the same
            return TryLater(sentences.NO_REASON, scanner_failed=False, detail=said)
        return ConnectionBroken(said)

    async def _is_full(self) -> bool:
        """Ask: version 3 of SFTP has no code for a full disk, and OpenSSH only says ``Failure``."""
        try:
            space = await self._client.statvfs(self._address.folder or ".")
        except (asyncssh.Error, OSError, ValueError):
            return False
        return space.bavail * (space.frsize or 1) < BLOCK


async def _pour(handle: Any, file: BuildFile, offset: int, moved: Callable[[int], None]) -> None:
    flying: deque[tuple[asyncio.Task[int], int]] = deque()

    async def land() -> None:
        write, end = flying[0]
        await write
        flying.popleft()
        moved(end)

    try:
        while offset < file.size_bytes:
            block = memoryview(await asyncio.to_thread(file.read, min(BLOCK, file.size_bytes - offset)))
            for start in range(0, len(block), PIECE):
                if len(flying) >= WINDOW:
                    await land()
                piece = bytes(block[start : start + PIECE])
                write = asyncio.ensure_future(handle.write(piece, offset))
                offset += len(piece)
                flying.append((write, offset))
        while flying:
            await land()
    finally:
        writes = [write for write, _ in flying]
        for write in writes:
            write.cancel()
        await asyncio.gather(*writes, return_exceptions=True)


def _keys(address: FileServerAddress) -> list[asyncssh.SSHKey]:
    if address.key_file is None:
        return []
    try:
        return [asyncssh.read_private_key(address.key_file, address.key_passphrase)]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError, ValueError) as exc:
        failure = Refused(sentences.KEY_FILE, detail=f"ONETRUST_FTP_KEY_FILE: {type(exc).__name__}")
    raise failure


def _told(exc: Exception, address: FileServerAddress) -> str:
    return f"the depot: {type(exc).__name__}: {quoted(str(exc), address.secrets())}"
