"""A stand-in for the FTP server that builds are put on for OneTrust to fetch: SFTP, FTPS or plain FTP.

SFTP is asyncssh's server on the running event loop. FTP and FTPS are pyftpdlib's in a thread, which is there
where the project is developed only.
"""

import asyncio
import contextlib
import errno
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import asyncssh

from sandbox.faults import Gate


class FtpSandbox:
    """An FTP server on loopback, with one login, which begins in ``root``.

    ``kind`` is ``sftp``, ``ftps`` (explicit TLS, which needs ``certificate`` and ``key``) or ``ftp``.
    ``room_bytes`` is how much can be written before its disk is full; ``None`` is without end.
    """

    def __init__(
        self,
        kind: str = "sftp",
        *,
        root: Path | None = None,
        user: str = "appscan",
        password: str = "builds for OneTrust",
        certificate: Path | None = None,
        key: Path | None = None,
        passive_ports: range | None = None,
    ) -> None:
        self.kind = kind
        self.user = user
        self.password = password
        self.host = "127.0.0.1"
        self.port = 0
        self.host_key = ""
        """SFTP: the server's public key, as OpenSSH writes it."""
        self.authorized_key = ""
        """SFTP: a public key that may log in as well."""
        self.room_bytes: int | None = None
        self.failing: frozenset[str] = frozenset()
        """SFTP: of ``open`` and ``write``, what fails with no more said than ``Failure``."""
        self.gate: Gate | None = None
        """SFTP: where each write waits; ``None`` lets them go on."""
        self.connections: list[asyncssh.SSHServerConnection] = []
        """SFTP: those that there have been."""
        self.read_only = False
        """Whether the login may only read; set before the start."""
        self._root = root
        self._certificate = certificate
        self._key = key
        self._passive_ports = passive_ports
        self._stack = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """The address, with user and password, as a setting would have it."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"{self.kind}://{login}@{self.host}:{self.port}"

    @property
    def root(self) -> Path:
        """The folder on disk where the login begins."""
        if self._root is None:
            raise RuntimeError("the server has not been started")
        return self._root

    def stored(self) -> dict[str, int]:
        """Return what is there: paths in ``root``, with sizes in bytes."""
        files = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        return {str(path.relative_to(self.root)): path.stat().st_size for path in files}

    async def __aenter__(self) -> Self:
        if self._root is None:
            self._root = Path(self._stack.enter_context(TemporaryDirectory(prefix="appscan-ftp-")))
        if self.kind == "sftp":
            await self._serve_sftp()
        else:
            self._serve_ftp()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def take(self, size_bytes: int) -> None:
        """Use up room on the disk.

        Raises:
            OSError: there is none left, as a disk says it.
        """
        if self.room_bytes is None:
            return
        if size_bytes > self.room_bytes:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room_bytes -= size_bytes

    async def _serve_sftp(self) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = key.export_public_key().decode("ascii").strip()
        server = await asyncssh.create_server(
            lambda: _Login(self),
            self.host,
            0,
            server_host_keys=[key],
            sftp_factory=lambda channel: _Folder(channel, self),
            allow_scp=False,
        )
        self.port = server.get_port()

        async def close() -> None:
            server.close()
            for connection in self.connections:
                connection.abort()
            await server.wait_closed()

        self._stack.push_async_callback(close)

    def _serve_ftp(self) -> None:
        server = _ftp_server(self, self._certificate, self._key, self._passive_ports)
        self.port = server.address[1]
        ending = threading.Event()

        def serve() -> None:
            while not ending.is_set():
                server.ioloop.loop(timeout=0.02, blocking=False)
            server.close_all()

        thread = threading.Thread(target=serve, name="ftp-sandbox")
        thread.start()

        async def close() -> None:
            ending.set()
            await asyncio.to_thread(thread.join)

        self._stack.push_async_callback(close)


class _Login(asyncssh.SSHServer):
    def __init__(self, sandbox: FtpSandbox) -> None:
        self._sandbox = sandbox

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._sandbox.connections.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (self._sandbox.user, self._sandbox.password)

    def public_key_auth_supported(self) -> bool:
        return bool(self._sandbox.authorized_key)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = asyncssh.import_public_key(self._sandbox.authorized_key)
        return (username, key) == (self._sandbox.user, known)


class _Folder(asyncssh.SFTPServer):
    def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]", sandbox: FtpSandbox) -> None:
        super().__init__(channel, chroot=bytes(sandbox.root))
        self._sandbox = sandbox

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if self._sandbox.read_only and pflags & asyncssh.FXF_WRITE:
            raise asyncssh.SFTPPermissionDenied("this login may only read")
        if pflags & asyncssh.FXF_WRITE:
            self._fail("open")
        return super().open(path, pflags, attrs)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if (gate := self._sandbox.gate) is not None:
            await gate.wait()
        self._fail("write")
        self._sandbox.take(len(data))
        return super().write(file_obj, offset, data)  # type: ignore[return-value]

    def _fail(self, what: str) -> None:
        if what in self._sandbox.failing:
            raise asyncssh.SFTPFailure("Failure")


def _ftp_server(
    sandbox: FtpSandbox, certificate: Path | None, key: Path | None, passive_ports: range | None
) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it is built on asyncore
        from pyftpdlib.authorizers import DummyAuthorizer  # noqa: PLC0415 - a development dependency
        from pyftpdlib.filesystems import AbstractedFS  # noqa: PLC0415
        from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler  # noqa: PLC0415
        from pyftpdlib.servers import FTPServer  # noqa: PLC0415

    class Folder(AbstractedFS):  # type: ignore[misc]
        def open(self, filename: str, mode: str) -> Any:
            file = super().open(filename, mode)
            return _Limited(file, sandbox.take) if "r" not in mode or "+" in mode else file

    authorizer = DummyAuthorizer()
    authorizer.add_user(
        sandbox.user, sandbox.password, str(sandbox.root), perm="elr" if sandbox.read_only else "elradfmw"
    )
    about: dict[str, Any] = {
        "authorizer": authorizer,
        "abstracted_fs": Folder,
        "passive_ports": passive_ports,
        "auth_failed_timeout": 0,
        "use_sendfile": False,
    }
    if sandbox.kind == "ftps":
        about |= {"certfile": str(certificate), "keyfile": str(key)}
        about |= {"tls_control_required": True, "tls_data_required": True}
    base: Any = TLS_FTPHandler if sandbox.kind == "ftps" else FTPHandler

    def full(data: Any) -> None:
        data._resp = ("552 Exceeded storage allocation.", data.log)  # noqa: SLF001 - what it answers with
        data.close()

    # pyftpdlib itself forgets why it could not write, and says nothing at all under TLS.
    about["dtp_handler"] = type("Data", (base.dtp_handler,), {"handle_error": full})
    handler = type("Handler", (base,), about)
    return FTPServer((sandbox.host, 0), handler)


class _Limited:
    """A file on a disk that may become full."""

    def __init__(self, file: Any, take: Callable[[int], None]) -> None:
        self._file = file
        self._take = take

    def write(self, data: bytes) -> int:
        self._take(len(data))
        written: int = self._file.write(data)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
