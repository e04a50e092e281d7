"""Settings of the FTP route: where builds are uploaded, and which workflows fetch them from there.

A path in the address is as curl reads it for FTP (RFC 1738): ``/builds`` is a folder in the one where the
login begins, and ``//builds`` is at the server's root.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from bot.config import env
from bot.config.env import Invalid, Reader, Secret, variable
from bot.config.urls import webhook
from bot.scanners.onetrust.file_server_address import FileServerAddress

LONGEST = 500
"""Characters of a user name, a password or a folder."""

_PORTS = {"ftp": 21, "ftps": 21, "sftp": 22}
_IMPLICIT_TLS_PORT = 990  # TLS begins with the first byte; on other ports the client asks for it (RFC 4217)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?|[0-9a-f:]+(?:[0-9.]+)?")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
_PUBLIC_KEY = re.compile(r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: .*)?")


def server_address(url: str) -> FileServerAddress:
    """Parse ``ftp://``, ``ftps://`` or ``sftp://``, then ``user:password@host:port/folder``."""
    if not env.VISIBLE.fullmatch(url):
        raise Invalid("holds blanks or characters that can't be in it: write those as %20 and the like")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in _PORTS or port == 0 or not _HOST.fullmatch(host):
        raise Invalid(
            "must look like sftp://user:password@host:port/folder, or begin with ftps:// or ftp://; write "
            "/ # ? in the password as %2F %23 %3F, or set the password as ONETRUST_FTP_PASSWORD"
        )
    if "?" in url or "#" in url:
        raise Invalid("must hold no ? and no #: in a password or a folder they are written as %3F and %23")
    user, password, path = map(_unquote, (parts.username or "", parts.password or "", parts.path))
    names = path.split("/")[1:]
    if any(name in {".", ".."} for name in names):
        raise Invalid("must name its folder without . and ..")
    if not user:
        raise Invalid("must name the user: sftp://user@host/folder")
    return FileServerAddress(
        scheme=parts.scheme,
        host=host,
        port=port or _PORTS[parts.scheme],
        user=user,
        password=password or None,
        folder=("/" if path.startswith("//") else "") + "/".join(filter(None, names)),
        implicit_tls=parts.scheme == "ftps" and port == _IMPLICIT_TLS_PORT,
    )


def _unquote(text: str) -> str:
    """Decode a part of the address; nothing in it may end a line of FTP's."""
    if _STRAY_PERCENT.search(text):
        raise Invalid("holds a plain %: write it as %25")
    try:
        return _login_text(unquote(text, errors="strict"))
    except UnicodeDecodeError:
        return _login_text("\0")


def _login_text(value: str) -> str:
    if not value.isprintable() or len(value) > LONGEST:
        raise Invalid("holds characters that no user name, password or folder can have: copy it again")
    return value


def _host_key(value: str) -> str:
    """Parse a fingerprint, or a public key with or without the host that ``ssh-keyscan`` prints before it."""
    for key in (value, value.partition(" ")[2].strip()):
        if _FINGERPRINT.fullmatch(value) or _PUBLIC_KEY.fullmatch(key):
            return key
    raise Invalid("must be a public key in one line, such as ssh-ed25519 AAAA…, or a fingerprint, SHA256:…")


def _remote_path(value: str) -> str:
    if not value.isprintable() or ".." in value.split("/") or "\\" in value:
        raise Invalid("must be the path of a folder, with / between and no ..")
    return value


@dataclass(frozen=True, kw_only=True, repr=False)
class _Server:
    """The parts of the address."""

    address: FileServerAddress | None = variable("ONETRUST_FTP_URL", server_address)
    password: str | None = variable("ONETRUST_FTP_PASSWORD", _login_text)
    key_file: Path | None = variable("ONETRUST_FTP_KEY_FILE", env.existing_file)
    key_passphrase: str | None = variable("ONETRUST_FTP_KEY_PASSPHRASE", _login_text)
    host_key: str | None = variable("ONETRUST_FTP_HOST_KEY", _host_key)
    known_hosts: Path | None = variable("ONETRUST_FTP_KNOWN_HOSTS", env.existing_file)
    ca_file: Path | None = variable("ONETRUST_FTP_CA", env.existing_file)
    implicit_tls: bool = variable("ONETRUST_FTP_IMPLICIT_TLS", env.switch, default=False)
    plaintext: bool = variable("ONETRUST_FTP_PLAINTEXT", env.switch, default=False)


@dataclass(frozen=True, kw_only=True)
class FtpSettings:
    """Settings of the FTP route."""

    address: FileServerAddress
    webhook_url: Secret = variable("ONETRUST_FTP_WEBHOOK_URL", webhook, Secret(""))
    """Of the workflow for new apps."""
    rescan_webhook_url: Secret | None = variable("ONETRUST_FTP_RESCAN_WEBHOOK_URL", webhook)
    """Of the workflow whose body template maps ``appId`` as well."""
    remote_path: str | None = variable("ONETRUST_FTP_REMOTE_PATH", _remote_path)
    """The folder for OneTrust's login; ``None`` if it is the same as the bot's."""
    keep_hours: int = variable("ONETRUST_FTP_KEEP_HOURS", env.number, 72, least=1, most=8760)
    """Hours until an uploaded build is removed."""

    @property
    def passwords(self) -> tuple[str, ...]:
        """The login's secrets, also URL-quoted."""
        return tuple(text for secret in self.address.secrets() for text in (secret, quote(secret, safe="")))

    def path_of(self, name: str) -> str:
        """Return the path of an uploaded build for OneTrust's login."""
        if self.remote_path is None:
            return self.address.path_of(name)
        return f"{self.remote_path.rstrip('/')}/{name}"


FTP_VARIABLES = env.declared(_Server, FtpSettings)


def read_ftp(reader: Reader) -> FtpSettings | None:
    """Read the route's settings; ``None`` if it is not set up, or not validly."""
    if not reader.text("ONETRUST_FTP_URL"):
        for name in filter(reader.text, FTP_VARIABLES):
            reader.problem(name, "is set, and ONETRUST_FTP_URL is not: set both, or neither")
        return None
    server = reader.read(_Server)
    address = _address(reader, server, server.address) if server.address else None
    reader.require("ONETRUST_FTP_WEBHOOK_URL", "copy the HTTP POST URL of the workflow that fetches by FTP")
    settings = reader.read(FtpSettings, address=address)
    return settings if address else None


def _address(reader: Reader, server: _Server, address: FileServerAddress) -> FileServerAddress:
    """Add the other settings to the address."""
    sftp = address.scheme == "sftp"
    if address.password and server.password:
        reader.problem("ONETRUST_FTP_PASSWORD", "and the password in ONETRUST_FTP_URL are both set: keep one")
    password = server.password or address.password
    if password and len(password) < env.SECRET_MIN:
        short = f"is shorter than {env.SECRET_MIN} characters, so the log could not hide it: set a longer one"
        reader.problem("ONETRUST_FTP_PASSWORD", short)
    if not password and not reader.text("ONETRUST_FTP_KEY_FILE"):
        reader.require("ONETRUST_FTP_PASSWORD", "set it, or ONETRUST_FTP_KEY_FILE" if sftp else "set it")
    if server.key_file and not sftp:
        reader.problem("ONETRUST_FTP_KEY_FILE", "is for sftp:// alone: remove it")
    if sftp and not reader.text("ONETRUST_FTP_KNOWN_HOSTS"):
        how = "set the server's public key, as ssh-keyscan prints it, or its fingerprint (ssh-keygen -lf)"
        reader.require("ONETRUST_FTP_HOST_KEY", how)
    if address.scheme == "ftp" and not server.plaintext:
        reader.problem(
            "ONETRUST_FTP_URL",
            "begins with ftp://, where the password and every build go unencrypted: use sftp:// or ftps://, "
            "or say that you want it so with ONETRUST_FTP_PLAINTEXT=1",
        )
    return replace(
        address,
        password=password,
        key_file=server.key_file,
        key_passphrase=server.key_passphrase,
        host_key=server.host_key,
        known_hosts=server.known_hosts,
        ca_file=server.ca_file,
        implicit_tls=address.implicit_tls or (server.implicit_tls and address.scheme == "ftps"),
    )
