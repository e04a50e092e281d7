"""ProFTPD as a server of tests, as whoever runs them: FTPS as strict as by default, and SFTP."""

import itertools
import os
import random
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

PROGRAM = shutil.which("proftpd") or shutil.which("proftpd", path="/usr/sbin:/usr/local/sbin")
OPENSSL = shutil.which("openssl") or "openssl"
USER, PASSWORD = "appscan", "builds for OneTrust"

MODULES = Path("/usr/lib/proftpd")

needs_proftpd = pytest.mark.skipif(
    (PROGRAM is None or not (MODULES / "mod_sftp.so").exists())
    and "APPSCAN_REQUIRE_PROFTPD" not in os.environ,
    reason="needs ProFTPD (apt-get install proftpd-core proftpd-mod-crypto)",
)

_COMMON = """
ServerName depot
ServerType standalone
DefaultAddress 127.0.0.1
Port {port}
SocketBindTight on
UseIPv6 off
UseReverseDNS off
User {user}
Group {group}
RootLogin on
RequireValidShell off
AuthOrder mod_auth_file.c
AuthUserFile {folder}/users
PidFile {folder}/pid
ScoreboardFile {folder}/scoreboard
SystemLog {folder}/log
TransferLog none
WtmpLog off
DelayEngine off
PassivePorts {first} {last}
<Directory {folder}/root/closed>
  <Limit WRITE>
    DenyAll
  </Limit>
</Directory>
ModulePath {modules}
"""
_TLS = """
LoadModule mod_tls.c
TLSEngine on
TLSLog {folder}/tls.log
TLSRequired on
TLSECCertificateFile {certificate}
TLSECCertificateKeyFile {key}
TLSProtocol TLSv1.2 TLSv1.3
"""
_SFTP = """
LoadModule mod_sftp.c
SFTPEngine on
SFTPLog {folder}/sftp.log
SFTPHostKey {folder}/host_key
SFTPAuthMethods password
"""
_RESUMES = "AllowStoreRestart on\nAllowOverwrite on\n"


@dataclass(frozen=True, kw_only=True)
class ProFtpd:
    """A running server."""

    scheme: str
    port: int
    passive_ports: range
    root: Path
    host_key: str
    process: "subprocess.Popen[bytes]"


_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 9
_given = itertools.count(random.SystemRandom().randrange(200))


def free_ports(count: int, hosts: tuple[str, ...] = ("127.0.0.1",)) -> range:
    """Return up to ten ports in a row that are free on all hosts, and given to no other worker of this run.

    They are below those that connections leave from, as a server does not listen on all of them at once.
    """
    for _ in range(200):
        first = 12_000 + _WORKER * 2_000 + next(_given) % 200 * 10
        found = range(first, first + count)
        try:
            for host in hosts:
                for port in found:
                    with socket.socket() as probe:
                        probe.bind((host, port))
        except OSError:
            continue
        return found
    raise OSError("no free ports")


def start(folder: Path, *, resumes: bool, files: tuple[Path, Path] | None, more: str = "") -> ProFtpd:
    """Start a server in ``folder``: FTPS with a certificate and its key, SFTP without; ``more`` is added."""
    ports = free_ports(9, ("127.0.0.1", "127.0.0.2"))
    root = folder / "root"
    (root / "closed").mkdir(parents=True)
    hashed = subprocess.run([OPENSSL, "passwd", "-6", PASSWORD], check=True, capture_output=True, text=True)
    users = folder / "users"
    users.write_text(f"{USER}:{hashed.stdout.strip()}:{os.getuid()}:{os.getgid()}::{root}:/bin/false\n")
    users.chmod(0o600)
    about = {"folder": folder, "modules": MODULES, "port": ports[0], "first": ports[1], "last": ports[-1]}
    about |= {"user": _name("/etc/passwd", os.getuid()), "group": _name("/etc/group", os.getgid())}
    text, host_key = _COMMON, ""
    if files:
        text += _TLS
        about |= {"certificate": files[0], "key": files[1]}
    else:
        text += _SFTP
        key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
        key.write_private_key(folder / "host_key", "pkcs1-pem")
        host_key = key.export_public_key().decode().strip()
        (folder / "host_key").chmod(0o600)
    config = folder / "proftpd.conf"
    config.write_text(text.format(**about) + (_RESUMES if resumes else "") + more)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen([PROGRAM or "proftpd", "-n", "-c", config], stdout=output, stderr=output)
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", ports[0])):
                time.sleep(0.01)
                continue
        return ProFtpd(
            scheme="ftps" if files else "sftp",
            port=ports[0],
            passive_ports=ports[1:],
            root=root,
            host_key=host_key,
            process=process,
        )
    raise AssertionError((folder / "output").read_text() + (folder / "log").read_text())


def stop(server: ProFtpd) -> None:
    """Stop it, and all its sessions."""
    server.process.terminate()
    server.process.wait(20)


def _name(table: str, number: int) -> str:
    for line in Path(table).read_text().splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[2] == str(number):
            return fields[0]
    return "nobody" if table.endswith("passwd") else "nogroup"
