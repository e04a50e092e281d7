"""Downloading a file from Slack to disk.

The bot's token is sent with each request, so each URL is checked first, also after a redirect (an Enterprise
Grid redirects from files.slack.com to files-origin.slack.com): its host here, the addresses of the host by
``resolver``. Slack answers an invalid token with a sign-in page and HTTP 200.

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
from bot.slack.api.file_info import CHECK, EMPTY, NO_ADDRESS, NOT_ALLOWED, NOT_VISIBLE, FileInfo
from bot.slack.api.file_sink import FileSink
from bot.slack.transport.allowed_hosts import NotPublicError, is_slack

MAX_REDIRECTS: Final = 5
BLOCK_BYTES: Final = 512 * 1024
"""Written at a time, at most."""

HEAD_BYTES: Final = 512
"""Examined to detect a web page."""

OTHER_SITE = (
    "Slack redirects to another site for this file, where the bot must not send its token. "
    "Share the build again."
)
SIGN_IN_PAGE = (
    f"Slack sent a sign-in page instead of the file: it did not accept the bot's token. {CHECK} its Slack "
    "token and that it has the scope `files:read`."
)
PRIVATE_ADDRESS = (
    "Slack's file server resolves to a private network, where the bot must not send its token. "
    f"{CHECK} DNS on the bot's network, or the proxy in `HTTPS_PROXY`."
)
NOT_SERVED = "Slack does not serve this file. Share the build again."
UNAVAILABLE = "Slack can't serve this file right now."
CONNECTION_LOST = "The connection to Slack was lost while this file was being downloaded."
WRONG_SIZE = "Slack sent this file with the wrong size."


@dataclass(frozen=True, kw_only=True)
class DownloadTimeouts:
    """Timeouts of a download, in seconds."""

    connect_s: float = 30.0
    silence_s: float = 60.0
    """Without any data."""
    min_bytes_per_s: float = 20_000.0
    """On average over the whole file."""


class Download:
    """Downloads files with ``token``, from Slack's https hosts and from the host and port of ``api_url``.

    ``resolver`` raises ``NotPublicError`` for hosts that the bot must not connect to.
    """

    def __init__(
        self,
        *,
        api_url: str,
        token: str,
        tls: ssl.SSLContext | None,
        timeouts: DownloadTimeouts,
        resolver: Callable[[], AbstractResolver],
    ) -> None:
        self._api = URL(api_url)
        self._resolver = resolver
        self._token = token
        self._tls = tls
        self._timeouts = timeouts

    async def fetch(self, info: FileInfo, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:
        """Write a file to ``to``, readable by its owner only; raises as ``Files.pull`` does."""
        sink = FileSink(to)
        try:
            await asyncio.to_thread(sink.open)
            async with self._session(info.size_bytes or limit_bytes) as session:
                return await self._follow(session, info, sink, limit_bytes, progress)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error.__cause__, NotPublicError):
                raise FileUnavailable(PRIVATE_ADDRESS) from error.__cause__
            detail = f"the download failed: {type(error).__name__}"
        finally:
            await asyncio.to_thread(sink.close)
        # Raised here, without the cause: aiohttp's errors contain the URL, which may be signed.
        raise PullFailed(CONNECTION_LOST, detail=detail)

    def _session(self, size_bytes: int) -> aiohttp.ClientSession:
        async def authorize(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            # Set here, as aiohttp would otherwise prefer an entry for this host in .netrc.
            request.headers["Authorization"] = f"Bearer {self._token}"
            return await handler(request)

        timeouts = self._timeouts
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                force_close=True, ssl=self._tls or True, resolver=self._resolver()
            ),
            timeout=aiohttp.ClientTimeout(
                total=2 * timeouts.silence_s + size_bytes / timeouts.min_bytes_per_s,
                sock_connect=timeouts.connect_s,
                sock_read=timeouts.silence_s,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            middlewares=(authorize,),
            auto_decompress=False,
            read_bufsize=BLOCK_BYTES,
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
        for _ in range(MAX_REDIRECTS + 1):
            async with session.get(url, allow_redirects=False) as response:
                if response.status not in {301, 302, 303, 307, 308}:
                    _check_status(response)
                    return await _save(response, info.size_bytes, sink, limit_bytes, progress)
                url = self._checked(url, response.headers.get("Location", ""))
        raise FileUnavailable(NO_ADDRESS, detail="too many redirects")

    def _checked(self, base: URL, location: str) -> URL:
        try:
            url = base.join(URL(location, encoded=True))
            allowed = is_slack(url, self._api)
        except ValueError:
            allowed = False
        if not allowed:
            raise FileUnavailable(OTHER_SITE)
        return url


def _check_status(response: aiohttp.ClientResponse) -> None:
    status = response.status
    detail = f"the download failed with status {status}"
    if status == 200:
        return
    if status in {408, 429} or status >= 500:
        wait_s = retry_after_s(response.headers.get("Retry-After"))
        raise PullFailed(UNAVAILABLE, retry_after_s=wait_s, limited=status == 429, detail=detail)
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
    while len(block) < HEAD_BYTES and (more := await response.content.read(HEAD_BYTES - len(block))):
        block += more
    is_page = _is_page(response, block)
    done = 0
    while block:
        done += len(block)
        if done >= limit_bytes:
            raise TooLarge(size_bytes=size_bytes)
        await asyncio.to_thread(sink.write, block)
        progress(done, total)
        block = await response.content.read(BLOCK_BYTES)
    # A page of exactly the file's size is the file itself: a web page was shared.
    if is_page and done != size_bytes:
        raise FileUnavailable(SIGN_IN_PAGE)
    if size_bytes is not None and done != size_bytes:
        raise PullFailed(WRONG_SIZE, detail=f"received {done} of {size_bytes} bytes")
    if done == 0:
        raise BuildRejected(EMPTY)
    return Pulled(size_bytes=done, sha256=sink.sha256)


def _is_page(response: aiohttp.ClientResponse, head: bytes) -> bool:
    if head.startswith(b"PK"):
        return False
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return response.content_type == "text/html" or start.startswith((b"<!doctype", b"<html"))
