"""Certificates for servers of tests: good ones, and each kind that a client has to refuse.

They are made with OpenSSL's command line, so that no library is needed that the bot itself doesn't use.
"""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout")


class Authority:
    """A certificate authority of one test run, in ``folder``; ``certificate`` is what clients may trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0
        self.certificate = folder / "authority.pem"
        self._openssl(
            *("req", "-x509", *_KEY, "authority.key", "-days", "2", "-subj", "/CN=authority of the tests"),
            *("-addext", "keyUsage=critical,keyCertSign", "-out", self.certificate.name),
        )

    def server(self, *, names: str = "IP:127.0.0.1", days: int = 2, signed: bool = True) -> ssl.SSLContext:
        """Return a server's context: ``names`` as in ``subjectAltName``; it ends in ``days``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.files(names=names, days=days, signed=signed))
        return context

    def files(self, *, names: str = "IP:127.0.0.1", days: int = 2, signed: bool = True) -> tuple[Path, Path]:
        """Return a server's certificate and its key."""
        self._made += 1
        key, request, certificate = (f"{self._made}.{kind}" for kind in ("key", "csr", "pem"))
        (self._folder / "names").write_text(f"subjectAltName={names}\n")
        self._openssl("req", "-new", *_KEY, key, "-subj", "/CN=onetrust", "-out", request)
        signer = ("-CA", self.certificate.name, "-CAkey", "authority.key") if signed else ("-signkey", key)
        self._openssl(
            *("x509", "-req", "-in", request, *signer, "-set_serial", str(self._made)),
            *("-days", str(days), "-extfile", "names", "-out", certificate),
        )
        return self._folder / certificate, self._folder / key

    def _openssl(self, *arguments: str) -> None:
        program = shutil.which("openssl")
        if program is None:
            pytest.skip("needs the Debian package openssl, to make certificates")
        subprocess.run([program, *arguments], cwd=self._folder, check=True, capture_output=True)
