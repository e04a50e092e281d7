"""Pulling builds that are files in Slack.

The bot's token is sent with each request, so each URL is checked first, also after a redirect (an Enterprise
Grid redirects from files.slack.com to files-origin.slack.com): its host here, the addresses of the host by
the resolver. Slack answers an invalid token with a sign-in page and HTTP 200.

Source: https://docs.slack.dev/reference/objects/file-object ("url_private_download").
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.core.ports import Progress
from bot.core.scan import Pulled, Scan
from bot.errors import BuildRejected, FileUnavailable, PullFailed, TooLarge, retry_after_s
from bot.slack.api.errors import CALL_ERRORS
from bot.slack.api.file_info import (
    BUSY,
    CHECK,
    EMPTY,
    NO_ADDRESS,
    NOT_ALLOWED,
    NOT_VISIBLE,
    FileInfo,
    file_error,
    read_file_info,
)
from bot.slack.api.file_sink import FileSink
from bot.slack.transport.allowed_hosts import NotPublicError, PublicResolver, configured_hosts, is_slack

MAX_REDIRECTS: Final = 5
BLOCK_BYTES: Final = 512 * 1024
"""Written at a time, at most."""
HEAD_BYTES: Final = 512
"""Examined to detect a web page."""

FILE_CHANGED: Final = (
    "The file in this message has changed since it was checked, so it was not submitted. "
    "Share the build again."
)
OTHER_SITE: Final = (
    "Slack redirects to another site for this file, where the bot must not send its token. "
    "Share the build again."
)
SIGN_IN_PAGE: Final = (
    f"Slack sent a sign-in page instead of the file: it did not accept the bot's token. {CHECK} its Slack "
    "token and that it has the scope `files:read`."
)
PRIVATE_ADDRESS: Final = (
    "Slack's file server resolves to a private network, where the bot must not send its token. "
    f"{CHECK} DNS on the bot's network, or the proxy in `HTTPS_PROXY`."
)
NOT_SERVED: Final = "Slack does not serve this file. Share the build again."
UNAVAILABLE: Final = "Slack can't serve this file right now."
CONNECTION_LOST: Final = "The connection to Slack was lost while this file was being downloaded."
WRONG_SIZE: Final = "Slack sent this file with the wrong size."

_STATUSES: Final = {401: NOT_ALLOWED, 403: NOT_ALLOWED, 404: NOT_VISIBLE, 410: NOT_VISIBLE}


@dataclass(frozen=True, kw_only=True)
class DownloadTimeouts:
    """Timeouts of a download, in seconds."""

    connect_s: float = 30.0
    silence_s: float = 60.0
    """Without any data."""
    min_bytes_per_s: float = 20_000.0
    """On average over the whole file."""


@dataclass(frozen=True, eq=False, repr=False)
class SlackFiles:
    """Pulls builds that are files in Slack. Implements the ``Files`` port.

    Downloads from Slack's https hosts, and from the host and port of ``api_url``.
    """

    client: AsyncWebClient
    _: KW_ONLY
    api_url: str
    token: str
    tls: ssl.SSLContext | None = None
    """``None`` is the machine's own."""
    timeouts: DownloadTimeouts = field(default_factory=DownloadTimeouts)
    resolver: Callable[[], AbstractResolver] | None = None
    """Raises ``NotPublicError`` for hosts that the bot must not connect to; ``None``: all but public ones."""

    async def pull(self, scan: Scan, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:
        """Write the scan's file to ``to``, readable by its owner only.

        Raises:
            TooLarge: it has ``limit_bytes`` or more.
            BuildRejected: it is empty, or has changed since it was checked.
            FileUnavailable: Slack can't serve it, now or later.
            PullFailed: a retry may work.
            NoRoom: the bot's disk is full or failing.
        """
        info = read_file_info(await self._info(scan.file_id), limit_bytes)
        pulled = await self.download(info, to, limit_bytes=limit_bytes, progress=progress)
        if scan.sha256 not in {None, pulled.sha256}:
            raise BuildRejected(FILE_CHANGED)
        return pulled

    async def download(self, info: FileInfo, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:
        """Write a file that Slack can serve; raises as ``pull`` does."""
        sink = FileSink(to)
        try:
            await asyncio.to_thread(sink.open)
            async with (
                self._session(info.size_bytes or limit_bytes) as session,
                self._response(session, info.url) as response,
            ):
                return await _save(response, info.size_bytes, sink, limit_bytes, progress)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error.__cause__, NotPublicError):
                raise FileUnavailable(PRIVATE_ADDRESS) from error.__cause__
            detail = f"the download failed: {type(error).__name__}"
        finally:
            await asyncio.to_thread(sink.close)
        # Raised here, without the cause: aiohttp's errors contain the URL, which may be signed.
        raise PullFailed(CONNECTION_LOST, detail=detail)

    async def _info(self, file_id: str | None) -> dict[str, Any]:
        if not file_id:
            raise FileUnavailable(NO_ADDRESS, detail="the scan has no file in Slack")
        try:
            file = (await self.client.files_info(file=file_id)).get("file")
        except CALL_ERRORS as error:
            raise file_error(error) from error
        if not isinstance(file, dict):
            raise PullFailed(BUSY, detail="files.info returned no file")
        return file

    def _session(self, size_bytes: int) -> aiohttp.ClientSession:
        async def authorize(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            # Set here, as aiohttp would otherwise prefer an entry for this host in .netrc.
            request.headers["Authorization"] = f"Bearer {self.token}"
            return await handler(request)

        resolver = self.resolver or self._public_resolver
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, ssl=self.tls or True, resolver=resolver()),
            timeout=aiohttp.ClientTimeout(
                total=2 * self.timeouts.silence_s + size_bytes / self.timeouts.min_bytes_per_s,
                sock_connect=self.timeouts.connect_s,
                sock_read=self.timeouts.silence_s,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            middlewares=(authorize,),
            auto_decompress=False,
            read_bufsize=BLOCK_BYTES,
            trust_env=True,
        )

    def _public_resolver(self) -> PublicResolver:
        return PublicResolver(aiohttp.ThreadedResolver(), trusted=configured_hosts(URL(self.api_url)))

    @asynccontextmanager
    async def _response(
        self, session: aiohttp.ClientSession, address: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Request a file; follow redirects to hosts that may be sent the token."""
        url = self._checked(URL(), address)
        for _ in range(MAX_REDIRECTS + 1):
            async with session.get(url, allow_redirects=False) as response:
                if response.status not in {301, 302, 303, 307, 308}:
                    _check_status(response)
                    yield response
                    return
                url = self._checked(url, response.headers.get("Location", ""))
        raise FileUnavailable(NO_ADDRESS, detail="too many redirects")

    def _checked(self, base: URL, location: str) -> URL:
        try:
            url = base.join(URL(location, encoded=True))
            allowed = is_slack(url, URL(self.api_url))
        except ValueError:
            allowed = False
        if not allowed:
            raise FileUnavailable(OTHER_SITE)
        return url


def _check_status(response: aiohttp.ClientResponse) -> None:
    status, detail = response.status, f"the download failed with status {response.status}"
    if status in {408, 429} or status >= 500:
        wait_s = retry_after_s(response.headers.get("Retry-After"))
        raise PullFailed(UNAVAILABLE, retry_after_s=wait_s, limited=status == 429, detail=detail)
    if status != 200:
        raise FileUnavailable(_STATUSES.get(status, NOT_SERVED), detail=detail)


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
