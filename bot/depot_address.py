"""Where builds are put for OneTrust to fetch: the address of an FTP or SFTP server, read from what was set.

A path in the address is as curl reads it for FTP (RFC 1738): ``/builds`` is a folder in the one
where the login begins, and ``//builds`` is at the server's root. Signs of a user name, a password or a
folder that have a meaning in addresses are written as ``%`` and two hexadecimal digits.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bot.addresses import VISIBLE

PORTS = {"ftp": 21, "ftps": 21, "sftp": 22}
IMPLICIT_TLS_PORT = 990
"""On this port TLS begins with the first byte; on others the client asks for it (RFC 4217)."""

LONGEST = 500
"""Characters of a user name, a password or a folder."""

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?|[0-9a-f:]+(?:[0-9.]+)?")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
_KEY_KIND = re.compile(r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-")
_PUBLIC_KEY = re.compile(r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: .*)?")


class AddressProblem(ValueError):  # noqa: N818 - it is told to whoever set it, by its words
    """What is wrong with the address: ``words`` follow the name of ``variable`` and repeat no value."""

    def __init__(self, words: str, variable: str = "ONETRUST_FTP_URL") -> None:
        super().__init__(f"{variable} {words}")
        self.variable = variable
        self.words = words


@dataclass(frozen=True, kw_only=True)
class DepotAddress:
    """A server, a login and a folder there."""

    scheme: str
    """``ftp`` (nothing is encrypted), ``ftps`` or ``sftp``."""
    host: str
    """A name or an IP address, IPv6 without brackets."""
    port: int
    user: str
    password: str | None = field(default=None, repr=False)
    key_file: Path | None = None
    """SFTP: the private key to log in with."""
    key_passphrase: str | None = field(default=None, repr=False)
    folder: str = ""
    """In the folder where the login begins, or from the root where a slash leads; empty for the former."""
    implicit_tls: bool = False
    """FTPS: TLS from the first byte on."""
    ca_file: Path | None = None
    """FTPS: certificates of a private authority, trusted instead of the machine's."""
    host_key: str | None = None
    """SFTP: the server's public key as OpenSSH writes it in one line, or its fingerprint, ``SHA256:…``."""
    known_hosts: Path | None = None
    """SFTP: a file as OpenSSH's ``known_hosts``, where no ``host_key`` is set."""

    def path_of(self, name: str) -> str:
        """Return the path of a file in the folder, as this login sees it."""
        return f"{self.folder.rstrip('/')}/{name}" if self.folder else name

    def secrets(self) -> tuple[str, ...]:
        """Return what no log may show."""
        return tuple(text for text in (self.password, self.key_passphrase) if text)


def parse_address(
    url: str,
    *,
    password: str | None = None,
    key_file: Path | None = None,
    key_passphrase: str | None = None,
    implicit_tls: bool = False,
    ca_file: Path | None = None,
    host_key: str | None = None,
    known_hosts: Path | None = None,
) -> DepotAddress:
    """Read ``ftp://``, ``ftps://`` or ``sftp://``, then ``user:password@host:port/folder``.

    The rest is set in settings of its own.

    Raises:
        AddressProblem: says which setting is wrong, and what to do.
    """
    scheme, host, port, given = _place(url)
    user, in_url, folder = _texts(*given)
    if in_url and password:
        raise AddressProblem(
            "and the password in ONETRUST_FTP_URL are both set: keep one", "ONETRUST_FTP_PASSWORD"
        )
    address = DepotAddress(
        scheme=scheme,
        host=host,
        port=port,
        user=user,
        password=password or in_url or None,
        key_file=key_file,
        key_passphrase=key_passphrase or None,
        folder=folder,
        implicit_tls=scheme == "ftps" and (implicit_tls or port == IMPLICIT_TLS_PORT),
        ca_file=ca_file,
        host_key=_bare_key(host_key) if host_key else None,
        known_hosts=known_hosts,
    )
    _check_login(address)
    return address


def _place(url: str) -> tuple[str, str, int, tuple[str, str, str]]:
    """Take the address apart: scheme, host, port, and user, password and path as they stand there."""
    if not VISIBLE.fullmatch(url):
        raise AddressProblem("holds blanks or signs that can't be in it: write those as %20 and the like")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in PORTS or port == 0 or not _HOST.fullmatch(host):
        raise AddressProblem(
            "must look like sftp://user:password@host:port/folder, or begin with ftps:// or ftp://; signs "
            "such as / # ? in the password are written as %2F %23 %3F, or it is set as ONETRUST_FTP_PASSWORD"
        )
    if "?" in url or "#" in url:
        raise AddressProblem(
            "must hold no ? and no #: in a password or a folder they are written as %3F and %23"
        )
    given = (parts.username or "", parts.password or "", parts.path)
    return parts.scheme, host, port or PORTS[parts.scheme], given


def _texts(user: str, password: str, path: str) -> tuple[str, str, str]:
    """Decode what may hold escaped signs; nothing in it may end a line of FTP's."""
    if any(_STRAY_PERCENT.search(text) for text in (user, password, path)):
        raise AddressProblem("holds a % that stands for itself: write it as %25")
    try:
        user, password, path = (unquote(text, errors="strict") for text in (user, password, path))
    except UnicodeDecodeError:
        user, password, path = "\0", "", ""
    if not all(text.isprintable() and len(text) <= LONGEST for text in (user, password, path)):
        raise AddressProblem("holds signs that no user name, password or folder can have: copy it again")
    names = path.split("/")[1:]
    if any(name in {".", ".."} for name in names):
        raise AddressProblem("must name its folder without . and ..")
    root = "/" if path.startswith("//") else ""
    return user, password, root + "/".join(name for name in names if name)


def _bare_key(host_key: str) -> str:
    """Return a public key without the host that ``ssh-keyscan`` prints before it."""
    host, _, rest = host_key.strip().partition(" ")
    return (
        rest.strip()
        if _PUBLIC_KEY.fullmatch(rest.strip()) and not _KEY_KIND.match(host)
        else host_key.strip()
    )


def _check_login(address: DepotAddress) -> None:
    sftp = address.scheme == "sftp"
    if not address.user:
        raise AddressProblem("must name the user: sftp://user@host/folder")
    for text, variable in (
        (address.password, "ONETRUST_FTP_PASSWORD"),
        (address.key_passphrase, "ONETRUST_FTP_KEY_PASSPHRASE"),
    ):
        if text and not (text.isprintable() and len(text) <= LONGEST):
            raise AddressProblem("holds signs that can't be in it: copy it again", variable)
    if address.key_file and not sftp:
        raise AddressProblem("is for sftp:// alone: take it away", "ONETRUST_FTP_KEY_FILE")
    if address.password is None and address.key_file is None:
        raise AddressProblem(
            "is missing: set it, or ONETRUST_FTP_KEY_FILE" if sftp else "is missing: set it",
            "ONETRUST_FTP_PASSWORD",
        )
    if not sftp:
        return
    if address.host_key is None and address.known_hosts is None:
        raise AddressProblem(
            "is missing: set the server's public key or its SHA256 fingerprint; ssh-keyscan prints the key, "
            "ssh-keygen -lf the fingerprint",
            "ONETRUST_FTP_HOST_KEY",
        )
    shapes = (_FINGERPRINT, _PUBLIC_KEY)
    if address.host_key and not any(shape.fullmatch(address.host_key) for shape in shapes):
        raise AddressProblem(
            "must be a public key in one line, such as ssh-ed25519 AAAA…, or a fingerprint, SHA256:…",
            "ONETRUST_FTP_HOST_KEY",
        )
