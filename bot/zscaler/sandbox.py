"""The Sandbox Submission API: a build goes in, raw; what comes back says what it is, or that it is analysed.

The token is part of the address, and aiohttp's errors carry the address: none of them is kept, not even as a
cause. Each call has a connection of its own. To send a file again does no harm, so a lost answer is
``TryLater``.

============  =========================================  ============
Status        What it means                              Raised
============  =========================================  ============
200           taken, and for which file                  -
other 2xx     no answer of this API                      Refused
3xx           the address is not the API's               Refused
401, 403      the token is not good                      Refused
403           with ``STATE_READONLY``: maintenance       Maintenance
408, 409      not right now                              TryLater
429           too fast, or too many today                TryLater
5xx           not right now                              TryLater
other         a clear no                                 Refused
============  =========================================  ============

An answer's own ``code``, text or number, counts as its status where it is no 200.
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
from bot.calls.reading import read_object
from bot.calls.trust import why_not_trusted
from bot.errors import AppscanError, Maintenance, Refused, SubmissionError, TryLater
from bot.scans.verdicts import SandboxReceipt, SandboxVerdict, Threat
from bot.zscaler.answers import NOT_TRUSTED, RUNNER, Told, retry_after_s

ANSWER_LIMIT: Final = 64 * 1024
"""Bytes of an answer that are read."""
_TEXT_LIMIT = 200
_NOTHING = frozenset({"", "none", "null", "n/a", "-"})
"""What stands where no malware was found."""
_UNCOVERED = frozenset({"unknown"})

ADDRESS: Final = "`ZSCALER_CLOUD` or `ZSCALER_SANDBOX_URL`"
NOT_REACHED: Final = "Zscaler's Sandbox can't be reached right now."
LOST: Final = "The connection to Zscaler's Sandbox was lost while this build was being sent."
BUILD_CHANGED: Final = "The bot's own copy of this build changed while it was being sent to Zscaler."
AWAY: Final = "Zscaler's Sandbox takes no files right now ({status})."
BUSY: Final = "Zscaler's Sandbox has had as many files as it takes for now (429)."
MAINTENANCE: Final = "Zscaler is under maintenance (403), and its Sandbox takes no files until that is over."
TOKEN: Final = (
    "Zscaler's Sandbox did not accept the bot's API token ({status}). "
    f"{RUNNER} `ZSCALER_SANDBOX_TOKEN`, and that it is of this cloud."
)
ELSEWHERE: Final = (
    f"The address of Zscaler's Sandbox leads elsewhere ({{status}}), and the bot does not follow. "
    f"{RUNNER} {ADDRESS}."
)
NO_API: Final = f"There is no Sandbox of Zscaler's where the bot sends to (404). {RUNNER} {ADDRESS}."
TOO_LARGE: Final = "Zscaler's Sandbox says that this build is too large (413)."
PROXY: Final = f"The proxy on the way to Zscaler let nothing through ({{status}}). {RUNNER} its settings."
OTHER_NO: Final = (
    f"Zscaler's Sandbox did not take this build ({{status}}). {RUNNER} {ADDRESS}, and what the log says."
)
NO_SENSE: Final = (
    "What answered in place of Zscaler's Sandbox makes no sense to the bot. "
    f"{RUNNER} {ADDRESS}, and the proxy on the way."
)
ANOTHER_FILE: Final = (
    "Zscaler's Sandbox says that it got another file than the one that was sent, so there is no verdict. "
    f"{RUNNER} whether a proxy on the way changes what is sent."
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
    slowest_bytes_per_s: float = 100_000.0
    """A build that goes more slowly than this over its whole size is given up."""

    def total_s(self, size_bytes: int) -> float:
        """Return how long a whole call may take."""
        return self.connect_s + self.silence_s + self.answer_s + size_bytes / self.slowest_bytes_per_s


class Sandbox:
    """Sends files to the Sandbox. Implements the ``SandboxApi`` port.

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
        traces: Callable[[str], Sequence[aiohttp.TraceConfig]] = lambda _: (),
    ) -> None:
        self._url = URL(url)
        self._token = token
        self._now = now
        self._tls = tls
        self._patience = patience or Patience()
        self._traces = traces

    async def submit(self, path: Path, md5: str) -> SandboxReceipt:
        """Send a file for dynamic analysis; one that was analysed before is not analysed again.

        Raises:
            TryLater: it may work later.
            Refused: a clear no.
        """
        answer = await self._send("submit", path, force="0")
        return _receipt(answer, md5, is_instant=False)

    async def discan(self, path: Path, md5: str) -> SandboxReceipt:
        """Send a file for an instant verdict.

        Raises:
            TryLater: it may work later.
            Refused: a clear no.
        """
        return _receipt(await self._send("discan", path), md5, is_instant=True)

    async def _send(self, verb: str, path: Path, **query: str) -> dict[str, object]:
        """Send a file, and return the object in the answer of a yes."""
        told: Told | None = None
        failure: AppscanError | None = None
        try:
            size_bytes = (await asyncio.to_thread(path.stat)).st_size
            body = _FileBody(BuildFile(path, size_bytes))
        except OSError:
            failure = TryLater(BUILD_CHANGED, scanner_failed=False)
        else:
            url = (self._url / verb).with_query(api_token=self._token, **query)
            told, failure = await self._call(verb, url, body)
        # Raised out here, where no error of aiohttp's is being handled: none becomes the context.
        if told is None:
            raise failure or RuntimeError("neither an answer nor an error")
        return _object(told, self._now())

    async def _call(self, verb: str, url: URL, body: "_FileBody") -> tuple[Told | None, AppscanError | None]:
        patience, loop = self._patience, asyncio.get_running_loop()
        deadline = asyncio.timeout(patience.connect_s)

        def moved() -> None:
            wait_s = patience.answer_s if body.complete else patience.silence_s
            if not deadline.expired() and deadline.when() is not None:
                deadline.reschedule(loop.time() + wait_s)

        body.moved = moved
        told: Told | None = None
        failure: AppscanError | None = None
        try:
            await body.open()
            async with (
                deadline,
                self._session(verb, body.size or 0) as session,
                session.post(url, data=body, allow_redirects=False) as response,
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

    def _session(self, verb: str, size_bytes: int) -> aiohttp.ClientSession:
        async def bare(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            request.headers.pop("Authorization", None)  # what a .netrc says of this host is not for it
            return await handler(request)

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, ssl=self._tls or True),
            timeout=aiohttp.ClientTimeout(total=self._patience.total_s(size_bytes)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            middlewares=(bare,),
            trace_configs=list(self._traces(verb)),
            auto_decompress=False,
            trust_env=True,
        )


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


def _object(told: Told, now: float) -> dict[str, object]:
    """Return the object in an answer that is a yes.

    Raises:
        SubmissionError: it is none.
    """
    answer = read_object(told.body)
    code = _code(answer.get("code")) if told.status == 200 else None
    status = told.status if code is None else code
    if status != 200:
        raise _no(told, status, now)
    if not told.is_whole and len(told.body) <= ANSWER_LIMIT:
        raise TryLater(LOST, status=told.status, detail="the answer of Zscaler's Sandbox broke off")
    if not isinstance(answer.get("md5"), str):
        raise Refused(NO_SENSE, status=told.status)
    return answer


def _no(told: Told, status: int, now: float) -> SubmissionError:
    if told.is_maintenance:
        return Maintenance(MAINTENANCE, status=status, retry_after_s=retry_after_s(told, now))
    if status == 429:
        return TryLater(BUSY, status=status, retry_after_s=retry_after_s(told, now))
    if status in {408, 409} or 500 <= status < 600:
        return TryLater(AWAY.format(status=status), status=status, retry_after_s=retry_after_s(told, now))
    words = {401: TOKEN, 403: TOKEN, 404: NO_API, 407: PROXY, 413: TOO_LARGE}.get(status, OTHER_NO)
    words = ELSEWHERE if 300 <= status < 400 else NO_SENSE if 200 <= status < 300 else words
    return Refused(words.format(status=status), status=status)


def _code(value: object) -> int | None:
    """Read the ``code`` of an answer, a number or its text; ``None`` where it is no HTTP status."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 100 <= value < 600 else None


def _receipt(answer: dict[str, object], md5: str, *, is_instant: bool) -> SandboxReceipt:
    """Read a yes.

    Raises:
        Refused: it is about another file.
    """
    if str(answer["md5"]).strip().lower() != md5.lower():
        raise Refused(ANOTHER_FILE, status=200)
    file_type, malware = _text(answer.get("fileType")), _text(answer.get("virusName"))
    is_covered = (file_type or "").lower() not in _UNCOVERED
    verdict = None
    if malware is not None:
        verdict = SandboxVerdict(
            threat=Threat.MALICIOUS,
            category=_text(answer.get("virusType")),
            malware=malware,
            file_type=file_type,
            is_instant=True,
        )
    elif is_instant and is_covered:
        verdict = SandboxVerdict(threat=Threat.BENIGN, file_type=file_type, is_instant=True)
    return SandboxReceipt(
        md5=md5,
        file_type=file_type,
        is_covered=is_covered,
        verdict=verdict,
        is_analysed=not (_text(answer.get("sandboxSubmission")) or "").lower().startswith("not"),
        message=_text(answer.get("message")) or "",
    )


def _text(value: object) -> str | None:
    """Return a text of Zscaler's, its length bounded; ``None`` for what stands where there is none."""
    if not isinstance(value, str) or value.strip().lower() in _NOTHING:
        return None
    return "".join(sign for sign in value.strip()[:_TEXT_LIMIT] if sign.isprintable()) or None
