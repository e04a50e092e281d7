"""The Sandbox Submission API: a build goes in, raw; what comes back says what it is, or that it is analysed.

The token is part of the address, and aiohttp's errors carry the address: none of them is kept, not even as a
cause. Each call has a connection of its own. To send a file again does no harm, so a lost answer is
``TryLater``.

Source: https://help.zscaler.com/zia/sandbox-submission-api
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from bot.calls.build_file import BLOCK, BuildChanged, BuildFile
from bot.calls.trust import why_not_trusted
from bot.calls.upload import ANSWER_LIMIT, extending, session
from bot.errors import AppscanError, Refused, SubmissionError, TryLater
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.scans.builds import FileType
from bot.scans.verdicts import SandboxReceipt
from bot.zscaler.answers import NOT_TRUSTED, Told
from bot.zscaler.receipts import LOST, PROXY, receipt

SUBMIT_LIMIT_BYTES: Final = 20_000_000
"""Dynamic analysis takes files up to 20 MB; what is larger gets an instant verdict."""
DISCAN_LIMIT_BYTES: Final = 400_000_000
"""An instant verdict is given for files up to 400 MB."""

ONLY_APKS: Final = "Only `.apk` files are sent to the Sandbox."
TOO_LARGE: Final = "This build is larger than 400 MB, which is the most that the Sandbox takes."
NOT_REACHED: Final = "Zscaler's Sandbox can't be reached right now."
BUILD_CHANGED: Final = "The bot's own copy of this build changed while it was being sent to Zscaler."


def rejection(file_type: FileType | None, size_bytes: int | None) -> str | None:
    """Return why the Sandbox does not take such a build: it knows no iOS apps and no bundles."""
    if file_type is not FileType.APK:
        return ONLY_APKS
    return TOO_LARGE if (size_bytes or 0) > DISCAN_LIMIT_BYTES else None


PROFILE: Final = ScannerProfile(
    name="zscaler",
    vendor="Zscaler",
    product="Sandbox",
    rejection=rejection,
    daily_limit=100,
    not_covered="No rule of the Sandbox covers this type of file. Your Zscaler administrator can add one.",
    no_reports=(
        "It was sent to the Sandbox, and the verdict can't be read here: whoever runs the bot can set up the "
        "cloud service API for that (`ZSCALER_CLIENT_ID` or `ZSCALER_USERNAME`, and what goes with it)."
    ),
    missing_login="no login to its cloud service API is set up",
    not_set_up=(
        "{service} is not set up here any more, so it can't be asked again. Whoever runs the bot can "
        "set it up (`ZSCALER_SANDBOX_TOKEN`)."
    ),
)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long each part of a call may take, in seconds."""

    connect_s: float = 30.0
    """To resolve the host, connect, and shake hands (through a proxy as well)."""
    silence_s: float = 60.0
    """For one block of the build to move."""
    answer_s: float = 300.0
    """From the last byte sent to the end of the answer."""
    reach_s: float = 20.0
    """For any answer at all, before a build is sent."""
    slowest_bytes_per_s: float = 100_000.0
    """A build that goes more slowly than this over its whole size is given up."""

    def total_s(self, size_bytes: int) -> float:
        """Return how long a whole call may take."""
        return self.connect_s + self.silence_s + self.answer_s + size_bytes / self.slowest_bytes_per_s


class Sandbox:
    """Sends files to the Sandbox. Implements the ``SubmissionApi`` port.

    ``url`` is the API's base, ``token`` a secret. ``tls`` is the context for https; ``None`` is the machine's
    own. ``traces`` are made for each call, by the word of this project for what is asked.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        now: Callable[[], float],
        tls: ssl.SSLContext | None = None,
        patience: Patience | None = None,
        submit_limit_bytes: int = SUBMIT_LIMIT_BYTES,
        traces: Callable[[str], Sequence[aiohttp.TraceConfig]] = lambda _: (),
    ) -> None:
        self._url = URL(url)
        self._token = token
        self._now = now
        self._tls = tls
        self._patience = patience or Patience()
        self._submit_limit_bytes = submit_limit_bytes
        self._traces = traces

    async def reach(self) -> None:
        """Find out whether the Sandbox answers at all, by an empty body, which is no file.

        Raises:
            TryLater: it does not.
            Refused: its certificate, or the proxy on the way, is not good.
        """
        url, total_s = (self._url / "discan").with_query(api_token=self._token), self._patience.reach_s
        failure: AppscanError | None = None
        try:
            async with (
                session(total_s=total_s, tls=self._tls, traces=self._traces("discan"), bearer=None) as call,
                call.post(
                    url, data=b"", headers={"Content-Type": "application/octet-stream"}, allow_redirects=False
                ) as response,
            ):
                response.close()
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            failure = _lost(exc, begun=False)
        if failure is not None:  # raised out here, as below
            raise failure

    async def submit(self, path: Path, md5: str) -> SandboxReceipt:
        """Send a file for dynamic analysis, a large one for an instant verdict; a known one is not run again.

        Raises:
            TryLater: it may work later.
            Refused: a clear no.
        """
        try:
            size_bytes = (await asyncio.to_thread(path.stat)).st_size
        except OSError:
            raise TryLater(BUILD_CHANGED, scanner_failed=False) from None
        if size_bytes > self._submit_limit_bytes:
            told = await self._send("discan", path, size_bytes)
            return receipt(told, md5, self._now(), is_instant=True)
        told = await self._send("submit", path, size_bytes, force="0")
        return receipt(told, md5, self._now(), is_instant=False)

    async def _send(self, verb: str, path: Path, size_bytes: int, **query: str) -> Told:
        """Send a file, and return what came back."""
        url = (self._url / verb).with_query(api_token=self._token, **query)
        told, failure = await self._call(verb, url, _FileBody(BuildFile(path, size_bytes)))
        # Raised out here, where no error of aiohttp's is being handled: none becomes the context.
        if told is None:
            raise failure or RuntimeError("neither an answer nor an error")
        return told

    async def _call(self, verb: str, url: URL, body: "_FileBody") -> tuple[Told | None, AppscanError | None]:
        patience = self._patience
        deadline = asyncio.timeout(patience.connect_s)
        body.moved = extending(deadline, body, silence_s=patience.silence_s, answer_s=patience.answer_s)
        total_s, traces = patience.total_s(body.size or 0), self._traces(verb)
        told: Told | None = None
        failure: AppscanError | None = None
        try:
            await body.open()
            async with (
                deadline,
                session(total_s=total_s, tls=self._tls, traces=traces, bearer=None) as call,
                call.post(url, data=body, allow_redirects=False) as response,
            ):
                told = await _read(response)
                response.close()  # ends the sending too, where it still goes on
        except BuildChanged:
            failure = TryLater(BUILD_CHANGED, scanner_failed=False)
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            failure = _lost(exc, begun=body.begun)
        finally:
            await body.settled()
        if body.failure is not None and told is None:
            failure = TryLater(BUILD_CHANGED, scanner_failed=False)
        return told, failure


class _FileBody(aiohttp.Payload):
    """A file as the whole body; ``moved``, set by who sends it, is called each time some of it has gone."""

    def __init__(self, file: BuildFile) -> None:
        super().__init__(file, content_type="application/octet-stream")
        self._file = file
        self._size = file.size_bytes
        self._ended = asyncio.Event()
        self.moved: Callable[[], None] = lambda: None
        self.begun = False
        self.complete = False
        self.failure: Exception | None = None

    async def open(self) -> None:
        """Open the file.

        Raises:
            BuildChanged: it is not there, or of another size.
        """
        await asyncio.to_thread(self._file.open)

    async def settled(self) -> None:
        """Wait until sending has ended, if it ever began, and close the file."""
        if self.begun:
            await self._ended.wait()
        await asyncio.to_thread(self._file.close)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it; called by aiohttp, in a task of its own that it cancels once an answer has come."""
        self.begun = self._consumed = True
        try:
            left = self._file.size_bytes
            while left > 0:
                try:
                    block = await asyncio.to_thread(self._file.read, min(BLOCK, left))
                except BuildChanged as exc:
                    self.failure = exc
                    raise
                await writer.write(block)
                left -= len(block)
                self.complete = left == 0
                self.moved()
        finally:
            self._ended.set()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - as aiohttp has it
        """Refuse: a build is never text."""
        raise TypeError("a build's body is only ever streamed")


async def _read(response: aiohttp.ClientResponse) -> Told:
    """Read an answer, up to the limit; one that breaks off behind its status is not whole."""
    content, is_whole = bytearray(), False
    with contextlib.suppress(aiohttp.ClientError, OSError):
        while len(content) <= ANSWER_LIMIT:
            chunk = await response.content.read(ANSWER_LIMIT + 1 - len(content))
            if not chunk:
                is_whole = True
                break
            content += chunk
    return Told(
        status=response.status,
        body=bytes(content),
        is_whole=is_whole,
        retry_after=response.headers.get("Retry-After"),
        is_read_only=response.headers.get("x-zscaler-mode", "").lower() == "read-only",
    )


def _lost(exc: Exception, *, begun: bool) -> SubmissionError:
    """Tell what a failed call means; nothing of the error itself goes further than its name."""
    detail = f"the call to Zscaler's Sandbox failed: {type(exc).__name__}"
    if why_not_trusted(exc) is not None:
        return Refused(NOT_TRUSTED, detail=f"{detail}: the certificate does not check out")
    if isinstance(exc, aiohttp.ClientHttpProxyError) and 400 <= exc.status < 500:
        return Refused(PROXY.format(status=exc.status), detail=detail)
    return TryLater(LOST if begun else NOT_REACHED, detail=detail)
