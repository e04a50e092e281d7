"""Pulling builds that are files in Slack."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.core.ports import Progress
from bot.core.scan import Pulled, Scan
from bot.errors import BuildRejected, FileUnavailable, PullFailed, retry_after_s, slack_code, slack_wait_s
from bot.slack.api.download import Download, DownloadTimeouts
from bot.slack.api.file_info import BUSY, NO_ADDRESS, file_error, read_file_info
from bot.slack.transport.allowed_hosts import PublicResolver, configured_hosts

FILE_CHANGED = (
    "The file in this message has changed since it was checked, so it was not submitted. "
    "Share the build again."
)


class SlackFiles:
    """Pulls builds that are files in Slack. Implements the ``Files`` port.

    ``client`` calls ``files.info``. Files are then downloaded with ``token`` from Slack's https hosts, and
    from the host and port of ``api_url``. ``tls`` is the context for https; ``None`` is the machine's own.
    ``resolver`` creates a resolver; ``None`` is the system's, restricted to public addresses.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        *,
        api_url: str,
        token: str,
        tls: ssl.SSLContext | None = None,
        timeouts: DownloadTimeouts | None = None,
        resolver: Callable[[], AbstractResolver] | None = None,
    ) -> None:
        self._client = client

        def public() -> PublicResolver:
            return PublicResolver(aiohttp.ThreadedResolver(), trusted=configured_hosts(URL(api_url)))

        self._download = Download(
            api_url=api_url,
            token=token,
            tls=tls,
            timeouts=timeouts or DownloadTimeouts(),
            resolver=resolver or public,
        )

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
        pulled = await self._download.fetch(info, to, limit_bytes=limit_bytes, progress=progress)
        if scan.sha256 is not None and scan.sha256 != pulled.sha256:
            raise BuildRejected(FILE_CHANGED)
        return pulled

    async def _info(self, file_id: str | None) -> dict[str, Any]:
        if not file_id:
            raise FileUnavailable(NO_ADDRESS, detail="the scan has no file in Slack")
        try:
            answer = await self._client.files_info(file=file_id)
        except SlackApiError as error:
            wait_s = retry_after_s(getattr(error.response, "headers", {}).get("Retry-After"))
            limited = slack_wait_s(error) is not None
            raise file_error(slack_code(error), retry_after_s=wait_s, limited=limited) from error
        # slack_sdk fails with AttributeError on a response that is not a JSON object.
        except (SlackClientError, aiohttp.ClientError, OSError, AttributeError) as error:
            raise PullFailed(BUSY, detail=f"files.info failed: {type(error).__name__}") from error
        file = answer.get("file")
        if not isinstance(file, dict):
            raise PullFailed(BUSY, detail="files.info returned no file")
        return file
