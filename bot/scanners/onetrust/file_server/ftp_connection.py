"""FTP's two connections, used by one thread and aborted by another.

On top of ``ftplib``: its sockets, TLS for both of them, and bounds on a server's replies. The data channel
resumes the control channel's TLS session, which ProFTPD and vsftpd require by default, and connects to the
control channel's host whatever address the server names.

Source: RFC 959, RFC 3659 (SIZE, REST), RFC 4217 (TLS).
"""

import contextlib
import ftplib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from bot.scanners.onetrust.file_server.session import NotResumed

BLOCK: Final = 256 * 1024
"""Bytes of a build that are sent at once."""

LINES: Final = 100
"""Lines of one reply that are read; each has at most 8192 characters."""

SOCKET_TIMEOUT_S: Final = 600.0
"""Longer than any other timeout: those are kept by the event loop, which cuts the session."""

DATA_PORT_S: Final = 20.0
"""The timeout of opening a data connection."""

REASON_S: Final = 5.0
"""The wait for the reason why a server closed the data channel."""

Address = tuple[Any, ...]
"""As ``socket.getaddrinfo`` gives it: family, type, protocol, name, socket address."""


class NoDataPort(OSError):  # noqa: N818 - the caller decides what it means
    """The server names a port for data that can't be reached."""


class FtpConnection(ftplib.FTP_TLS):
    """One FTP session. All but ``cut`` is for one thread, and raises ``ftplib``'s errors and ``OSError``.

    ``host`` is the host of the certificate; ``tls`` is ``None`` for plain FTP.
    """

    def __init__(self, host: str, tls: ssl.SSLContext | None) -> None:
        super().__init__(context=tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), timeout=SOCKET_TIMEOUT_S)
        self._name = host
        self._tls = tls
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._is_cut = False
        self._lines = 0

    def cut(self) -> None:
        """Make the thread's current call fail now."""
        with self._lock:
            self._is_cut = True
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    # Closing then drops unsent bytes and resets the connection, which is no end of a file.
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    # Not SSLSocket's own, after which the thread could continue without TLS.
                    socket.socket.shutdown(each, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close both connections."""
        if self.file is not None:
            self.file.close()
        with self._lock:
            self._is_cut = True
            for each in self._sockets:
                each.close()
            self._sockets.clear()

    def reach(self, addresses: Sequence[Address], *, implicit_tls: bool) -> None:
        """Connect, and read the server's greeting."""
        sock = self._connected(addresses)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._use(self._secured(sock) if implicit_tls else sock)
        self.welcome = self.getresp()

    def encrypt(self) -> None:
        """Request TLS and start it; anything that the server sent before that is dropped."""
        self.voidcmd("AUTH TLS")
        if self.sock is None:
            raise EOFError
        self._use(self._secured(self.sock))

    def send_file(
        self, name: str, read: Callable[[int], bytes], offset: int, size: int, moved: Callable[[int], None]
    ) -> None:
        """Store what ``read`` returns, until the server confirms it."""
        sock = self._connected_for_data()
        try:
            self._begin(name, offset)
            session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
            conn = self._secured(sock, session) if self._tls else sock
            try:
                while offset < size:
                    block = read(min(BLOCK, size - offset))
                    conn.sendall(block)
                    offset += len(block)
                    moved(offset)
                conn = self._ended(conn)
            except OSError:
                self._forget(conn)
                self._read_reason()
                raise
            self._forget(conn)
        finally:
            self._forget(sock)
        self.voidresp()

    def knock(self) -> None:
        """Open a data connection, and send nothing."""
        self._forget(self._connected_for_data())

    def makepasv(self) -> Any:
        """Ask for a data port; the host in the reply is ignored."""
        if self.sock is None:
            raise EOFError
        peer = self.sock.getpeername()
        try:
            _, port = super().makepasv()
        except ftplib.error_perm:
            if self.af != socket.AF_INET:
                raise
            _, port = ftplib.parse229(self.sendcmd("EPSV"), peer)
        if not 0 < port < 65536:
            raise ftplib.error_proto("no such port")
        return (peer[0], port, *peer[2:])

    def getline(self) -> str:
        """Read a line of a reply."""
        self._lines += 1
        if self._lines > LINES:
            raise ftplib.error_proto("an answer without end")
        return super().getline()

    def getresp(self) -> str:
        """Read a reply."""
        self._lines = 0
        return super().getresp()

    def _begin(self, name: str, offset: int) -> None:
        try:
            if offset and not self.sendcmd(f"REST {offset}").startswith("3"):
                raise NotResumed
            answer = self.sendcmd(f"STOR {name}")
        except ftplib.error_perm as exc:
            if offset and str(exc)[:3] != "552":
                raise NotResumed from None
            raise
        if not answer.startswith("1"):
            raise ftplib.error_reply(answer)

    def _ended(self, conn: socket.socket) -> socket.socket:
        """End TLS properly, as it otherwise looks like a lost connection; a server may not respond."""
        if isinstance(conn, ssl.SSLSocket):
            conn.settimeout(REASON_S)
            with contextlib.suppress(OSError):
                raw = conn.unwrap()
                self._keep(raw, instead_of=conn)
                return raw
        return conn

    def _read_reason(self) -> None:
        """Raise the server's reason for closing the data channel, if it sends one."""
        if self.sock is None:
            return
        self.sock.settimeout(REASON_S)
        try:
            self.voidresp()
        except (OSError, EOFError):
            return

    def _use(self, sock: socket.socket) -> None:
        self.sock, self.af = sock, sock.family
        self.file = sock.makefile("r", encoding=self.encoding, errors="replace")

    def _connected_for_data(self) -> socket.socket:
        target = self.makepasv()
        try:
            sock = self._connected([(self.af, socket.SOCK_STREAM, 0, "", target)], DATA_PORT_S)
        except OSError as exc:
            raise NoDataPort from exc
        sock.settimeout(SOCKET_TIMEOUT_S)
        return sock

    def _connected(self, addresses: Sequence[Address], timeout_s: float = SOCKET_TIMEOUT_S) -> socket.socket:
        failure: OSError = OSError("the host has no address")
        for family, kind, protocol, _, target in addresses:
            sock = socket.socket(family, kind, protocol)
            self._keep(sock)
            try:
                sock.settimeout(timeout_s)
                sock.connect(target)
            except OSError as exc:
                self._forget(sock)
                failure = exc
            else:
                return sock
        raise failure

    def _secured(self, sock: socket.socket, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
        if self._tls is None:
            raise ValueError("there is no TLS with plain FTP")
        secured = self._tls.wrap_socket(
            sock, server_hostname=self._name, session=session, do_handshake_on_connect=False
        )
        self._keep(secured, instead_of=sock)
        secured.do_handshake()
        return secured

    def _keep(self, sock: socket.socket, *, instead_of: socket.socket | None = None) -> None:
        with self._lock:
            if instead_of is not None:
                self._sockets.discard(instead_of)
            if self._is_cut:
                sock.close()
                raise ConnectionAbortedError("cut")
            self._sockets.add(sock)

    def _forget(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(sock)
        sock.close()
