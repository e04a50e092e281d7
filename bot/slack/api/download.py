"""Fetching one file from Slack to disk.

The bot's token goes with each request, so each address is looked at before it is asked, the ones that
Slack redirects to as well (an Enterprise Grid sends from files.slack.com to files-origin.slack.com): its
name here, what the name leads to by ``resolver``.
A token that Slack does not take is answered with a sign-in page and HTTP 200.

Source: https://docs.slack.dev/reference/objects/file-object ("url_private_download").
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from bot.core.ports import Progress
from bot.core.scan import Pulled
from bot.errors import BuildRejected, FileUnavailable, PullFailed, TooLarge, retry_after_s
from bot.slack.api.file_info import EMPTY, NO_ADDRESS, NOT_ALLOWED, NOT_VISIBLE, RUNNER, FileInfo
from bot.slack.api.file_sink import FileSink
from bot.slack.transport.allowed_hosts import NotPublicError, is_slack

MAX_HOPS: Final = 5
BLOCK: Final = 512 * 1024
"""Bytes that are written at once, at most."""

HEAD: Final = 512
"""Bytes that show whether it is a page."""

ELSEWHERE = "Slack sends the bot off Slack for this file, where its token must not go. Share the build again."
SIGN_IN_PAGE = (
    f"Slack gave a sign-in page in place of the file: it did not take the bot's token. {RUNNER} its Slack "
    "token and that it has the scope `files:read`."
)
INSIDE = (
    "Here the name of Slack's file server leads into a private network, where the bot's token must not go. "
    f"{RUNNER} DNS where the bot runs, or the proxy in `HTTPS_PROXY`."
)
NOT_SERVED = "Slack does not serve this file. Share the build again."
UNREACHED = "Slack can't serve this file right now."
CUT = "The connection to Slack was lost while this file was being pulled."
SHORT = "Slack sent this file with another size than it should have."


@dataclass(frozen=True, kw_only=True)
class DownloadTimeouts:
    """How long each part of a pull may take, in seconds."""

    connect_s: float = 30.0
    silence_s: float = 60.0
    """Between two reads."""
    slowest_bytes_per_s: float = 20_000.0
    """A file that comes more slowly than this over its whole size is given up."""


class Download:
    """Fetches files with ``token``, from https hosts of Slack and from the host and port of ``api_url``.

    ``resolver`` says what a name leads to, and refuses with ``NotPublicError`` where the bot must not go.
    """

    def __init__(
        self,
        *,
        api_url: str,
        token: str,
        tls: ssl.SSLContext | None,
        patience: DownloadTimeouts,
        resolver: Callable[[], AbstractResolver],
    ) -> None:
        self._api = URL(api_url)
        self._resolver = resolver
        self._token = token
        self._tls = tls
        self._patience = patience

    async def fetch(self, info: FileInfo, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:
        """Write a file to ``to``, readable by its owner only; raises as ``Files.pull`` does."""
        sink = FileSink(to)
        try:
            await asyncio.to_thread(sink.open)
            async with self._session(info.size_bytes or limit_bytes) as session:
                return await self._follow(session, info, sink, limit_bytes, progress)
        except (aiohttp.ClientError, OSError) as exc:
            if isinstance(exc.__cause__, NotPublicError):
                raise FileUnavailable(INSIDE) from exc.__cause__
            detail = f"the download failed: {type(exc).__name__}"
        finally:
            await asyncio.to_thread(sink.close)
        # Raised out here: aiohttp's errors carry the file's address, which may be signed.
        raise PullFailed(CUT, detail=detail)

    def _session(self, size_bytes: int) -> aiohttp.ClientSession:
        async def authorize(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            # Set here, as aiohttp would otherwise put what a .netrc says of this host before it.
            request.headers["Authorization"] = f"Bearer {self._token}"
            return await handler(request)

        patience = self._patience
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                force_close=True, ssl=self._tls or True, resolver=self._resolver()
            ),
            timeout=aiohttp.ClientTimeout(
                total=2 * patience.silence_s + size_bytes / patience.slowest_bytes_per_s,
                sock_connect=patience.connect_s,
                sock_read=patience.silence_s,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            middlewares=(authorize,),
            auto_decompress=False,
            read_bufsize=BLOCK,
            trust_env=True,
        )

    async def _follow(
        self,
        session: aiohttp.ClientSession,
        info: FileInfo,
        sink: FileSink,
        limit_bytes: int,
        progress: Progress,
    ) -> Pulled:
        url = self._checked(URL(), info.url)
        for _ in range(MAX_HOPS + 1):
            async with session.get(url, allow_redirects=False) as response:
                if response.status not in {301, 302, 303, 307, 308}:
                    _check_status(response)
                    return await _save(response, info.size_bytes, sink, limit_bytes, progress)
                url = self._checked(url, response.headers.get("Location", ""))
        raise FileUnavailable(NO_ADDRESS, detail="too many redirects")

    def _checked(self, base: URL, address: str) -> URL:
        try:
            url = base.join(URL(address, encoded=True))
            allowed = is_slack(url, self._api)
        except ValueError:
            allowed = False
        if not allowed:
            raise FileUnavailable(ELSEWHERE)
        return url


def _check_status(response: aiohttp.ClientResponse) -> None:
    status = response.status
    detail = f"the download was answered {status}"
    if status == 200:
        return
    if status in {408, 429} or status >= 500:
        wait_s = retry_after_s(response.headers.get("Retry-After"))
        raise PullFailed(UNREACHED, retry_after_s=wait_s, limited=status == 429, detail=detail)
    if status in {404, 410}:
        raise FileUnavailable(NOT_VISIBLE, detail=detail)
    if status in {401, 403}:
        raise FileUnavailable(NOT_ALLOWED, detail=detail)
    raise FileUnavailable(NOT_SERVED, detail=detail)


async def _save(
    response: aiohttp.ClientResponse,
    size_bytes: int | None,
    sink: FileSink,
    limit_bytes: int,
    progress: Progress,
) -> Pulled:
    total = size_bytes if size_bytes is not None else response.content_length or 0
    block = b""
    while len(block) < HEAD and (more := await response.content.read(HEAD - len(block))):
        block += more
    is_page = _is_page(response, block)
    done = 0
    while block:
        done += len(block)
        if done >= limit_bytes:
            raise TooLarge(size_bytes=size_bytes)
        await asyncio.to_thread(sink.write, block)
        progress(done, total)
        block = await response.content.read(BLOCK)
    # A page of just the size that Slack has for the file is the file: somebody shared a page.
    if is_page and done != size_bytes:
        raise FileUnavailable(SIGN_IN_PAGE)
    if size_bytes is not None and done != size_bytes:
        raise PullFailed(SHORT, detail=f"{done} bytes came where {size_bytes} should have")
    if done == 0:
        raise BuildRejected(EMPTY)
    return Pulled(size_bytes=done, sha256=sink.sha256)


def _is_page(response: aiohttp.ClientResponse, head: bytes) -> bool:
    if head.startswith(b"PK"):
        return False
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return response.content_type == "text/html" or start.startswith((b"<!doctype", b"<html"))
