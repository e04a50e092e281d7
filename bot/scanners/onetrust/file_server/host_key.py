"""Verifying an SFTP server by its public key, its fingerprint, or known hosts."""

from typing import Any

import asyncssh

from bot.errors import Refused
from bot.scanners.onetrust.file_server import sentences
from bot.scanners.onetrust.file_server_address import FileServerAddress

_KNOWN, _ANY = "", "default"
_FAMILIES = ("ssh-ed25519", "ecdsa-sha2-*", "rsa-sha2-*")


class FingerprintClient(asyncssh.SSHClient):
    """Accepts a host key by its fingerprint, if one is set."""

    def __init__(self, fingerprint: str | None) -> None:
        self._fingerprint = fingerprint

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002 - asyncssh's
        return self._fingerprint is not None and key.get_fingerprint("sha256") == self._fingerprint


def fingerprint_of(address: FileServerAddress) -> str | None:
    """Return the fingerprint that is set, as asyncssh writes it; ``None`` if it is not a fingerprint."""
    text = address.host_key or ""
    return text.rstrip("=") if text.startswith("SHA256:") else None


def known_hosts(address: FileServerAddress) -> Any:
    """Return asyncssh's known hosts: never ``None``, which would accept any host.

    Raises:
        Refused: the key or the file can't be read, or neither is set.
    """
    reason = "not set"
    try:
        if fingerprint_of(address):
            return ([], [], [])
        if address.host_key:
            return ([asyncssh.import_public_key(address.host_key)], [], [])
        if address.known_hosts:
            return asyncssh.import_known_hosts(address.known_hosts.read_text(encoding="utf-8"))
    except (asyncssh.KeyImportError, OSError, ValueError) as exc:
        reason = type(exc).__name__
    raise Refused(sentences.HOST_KEY, detail=f"ONETRUST_FTP_HOST_KEY: {reason}")


def key_algorithms(address: FileServerAddress) -> tuple[str, ...]:
    """Return the algorithms of host keys to request, in order, as a server shows one of its keys.

    A fingerprint does not show its key's algorithm. That of a known key is requested first; requesting any
    after that only distinguishes a server with another key from one without a common algorithm.
    """
    return (_ANY, *_FAMILIES) if fingerprint_of(address) else (_KNOWN, _ANY)
