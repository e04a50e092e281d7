import asyncio
import shutil
import ssl
import subprocess
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.core.scan import FileType, Kind
from bot.features.submission.routes import Order
from sandbox.onetrust import OneTrustSandbox
from tests.unit.scanners.onetrust.submitting import Watch

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def onetrust() -> AsyncIterator[OneTrustSandbox]:
    async with OneTrustSandbox() as server:
        yield server


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def raw_server():
    """A server that does with each connection just what a test says."""

    @asynccontextmanager
    async def serve(handle: Handler) -> AsyncIterator[str]:
        tasks: list[asyncio.Task[None]] = []

        async def handled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(asyncio.current_task())
            try:
                await handle(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(handled, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
        await asyncio.gather(*tasks)

    return serve


@pytest.fixture
def make_order(tmp_path: Path):
    """A file of some size, which begins and ends as a zip does, and the order to submit it."""

    def make(size_bytes: int = 1000, **more: object) -> tuple[Order, Path]:
        path = tmp_path / "build"
        with path.open("wb") as file:
            file.write(b"PK\x03\x04")
            file.truncate(size_bytes - 22)
            file.seek(0, 2)
            file.write(b"PK\x05\x06" + bytes(18))
        about: dict[str, object] = {
            "number": 1,
            "kind": Kind.NEW,
            "file_type": FileType.APK,
            "sha256": "ab" * 32,
            "name": "Shop",
            "app_id": None,
            "file_name": "shop-4.2.0.apk",
            "size_bytes": size_bytes,
        }
        return Order(**(about | more)), path  # type: ignore[arg-type]

    return make


@pytest.fixture
def spoken():
    """All that a logged error would show, its causes and contexts as well, even those Python leaves out."""

    def say(error: BaseException) -> str:
        def chain(each: BaseException | None) -> Iterator[BaseException]:
            if each is not None:
                yield each
                yield from chain(each.__cause__)
                yield from chain(each.__context__)

        return "\n".join(
            f"{each!r} {each} {vars(each)} {''.join(traceback.format_exception(each))}"
            for each in chain(error)
        )

    return say


@pytest.fixture(scope="session")
def untrusted_tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's context with a certificate that nobody signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the Debian package openssl, to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", "key.pem", "-out", "certificate.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
