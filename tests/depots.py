"""Servers for builds, each of another make, for what is tested against all of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.scanners.onetrust.file_server import FileServer, FileServerTimeouts, open_file_server
from bot.scanners.onetrust.file_server_address import FileServerAddress
from sandbox.ftp import FtpSandbox
from tests import proftpd
from tests.certificates import Authority

NAMES = "IP:127.0.0.1,IP:127.0.0.2"


@dataclass
class Ground:
    """A folder on a running server, and how to reach it."""

    address: FileServerAddress
    folder: Path
    """The same folder, on disk."""
    resumes: bool
    ports: list[int]
    """Where the server may listen, for control and for data."""
    sandbox: FtpSandbox | None = None
    pauses: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    moved: list[tuple[int, int]] = field(default_factory=list)

    def stored(self) -> dict[str, int]:
        return {path.name: path.stat().st_size for path in self.folder.iterdir()}

    def depot(self, *, timeouts: FileServerTimeouts | None = None, **changes: object) -> FileServer:
        timeouts = timeouts or FileServerTimeouts()
        return open_file_server(
            replace(self.address, **changes), timeouts=replace(timeouts, sleep=self._sleep)
        )

    async def upload(self, path: Path, name: str = "shop.apk", *, depot: FileServer | None = None) -> int:
        size_bytes = await asyncio.to_thread(lambda: path.stat().st_size)
        return await (depot or self.depot()).upload(
            path,
            name,
            size_bytes=size_bytes,
            progress=lambda done, total: self.moved.append((done, total)),
            note=self._note,
        )

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def _note(self, sentence: str) -> None:
        self.notes.append(sentence)


class Grounds:
    """All of them; what takes long to start is started once and kept."""

    MAKES = (
        "proftpd-ftps",
        "proftpd-ftps-resuming",
        "proftpd-sftp",
        "proftpd-sftp-resuming",
        "pyftpdlib-ftp",
        "pyftpdlib-ftps",
        "asyncssh-sftp",
    )

    def __init__(self, new_folder: Callable[[], Path]) -> None:
        self._new_folder = new_folder
        self._running: dict[str, proftpd.ProFtpd] = {}
        self.authority = Authority(new_folder())
        self.files = self.authority.files(names=NAMES)

    def close(self) -> None:
        for server in self._running.values():
            proftpd.stop(server)

    @contextlib.asynccontextmanager
    async def open(self, make: str, *, read_only: bool = False) -> AsyncIterator[Ground]:
        """Give a new folder on a server of that make."""
        if make.startswith("proftpd"):
            yield self._on_proftpd(make, read_only=read_only)
            return
        kind, ports = make.rpartition("-")[2], proftpd.free_ports(4, ("127.0.0.1", "127.0.0.2"))
        sandbox = FtpSandbox(kind, certificate=self.files[0], key=self.files[1], passive_ports=ports)
        sandbox.read_only = read_only
        async with sandbox:
            (sandbox.root / "builds").mkdir()
            yield Ground(
                address=FileServerAddress(
                    scheme=kind,
                    host=sandbox.host,
                    port=sandbox.port,
                    user=sandbox.user,
                    password=sandbox.password,
                    folder="builds",
                    ca_file=self.authority.certificate,
                    host_key=sandbox.host_key or None,
                ),
                folder=sandbox.root / "builds",
                resumes=True,
                ports=[sandbox.port, *(ports if kind != "sftp" else ())],
                sandbox=sandbox,
            )

    def _on_proftpd(self, make: str, *, read_only: bool) -> Ground:
        server = self._running.get(make)
        if server is None:
            files = self.files if "ftps" in make else None
            server = proftpd.start(self._new_folder(), resumes=make.endswith("resuming"), files=files)
            self._running[make] = server
        folder = server.root / ("closed" if read_only else f"builds {len(list(server.root.iterdir()))}")
        folder.mkdir(exist_ok=True)
        return Ground(
            address=FileServerAddress(
                scheme=server.scheme,
                host="127.0.0.1",
                port=server.port,
                user=proftpd.USER,
                password=proftpd.PASSWORD,
                folder=folder.name,
                ca_file=self.authority.certificate,
                host_key=server.host_key or None,
            ),
            folder=folder,
            resumes=make.endswith("resuming"),
            ports=[server.port, *(server.passive_ports if server.scheme == "ftps" else ())],
        )
