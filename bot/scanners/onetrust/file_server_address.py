"""The address of the file server where builds are uploaded for OneTrust to fetch."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class FileServerAddress:
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
    """Relative to the folder where the login begins, absolute with a leading slash; empty for that folder."""
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
