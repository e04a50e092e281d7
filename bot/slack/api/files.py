"""Builds that are files in Slack."""

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
from bot.slack.transport.allowed_hosts import PublicResolver, chosen_hosts

NOT_THE_SAME = (
    "The file behind this message is no longer the one that was checked, so it was not submitted. "
    "Share the build again."
)


class SlackFiles:
    """Builds that are files in Slack. Implements the ``Files`` port.

    ``client`` asks ``files.info``. Files are then fetched with ``token`` from https hosts of Slack, and from
    the host and port of ``api_url``. ``tls`` is the context for https; ``None`` is the machine's own.
    ``resolver`` makes what resolves names; ``None`` is the system's, held to public addresses.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        *,
        api_url: str,
        token: str,
        tls: ssl.SSLContext | None = None,
        patience: DownloadTimeouts | None = None,
        resolver: Callable[[], AbstractResolver] | None = None,
    ) -> None:
        self._client = client

        def public() -> PublicResolver:
            return PublicResolver(aiohttp.ThreadedResolver(), trusted=chosen_hosts(URL(api_url)))

        self._download = Download(
            api_url=api_url,
            token=token,
            tls=tls,
            patience=patience or DownloadTimeouts(),
            resolver=resolver or public,
        )

    async def pull(self, scan: Scan, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:
        """Write the scan's file to ``to``, readable by its owner only.

        Raises:
            TooLarge: it has ``limit_bytes`` or more.
            BuildRejected: it is empty, or not what was shared.
            FileUnavailable: it can't be had, now or later.
            PullFailed: another try may work.
            NoRoom: the bot's disk takes no more.
        """
        info = read_file_info(await self._ask(scan.file_id), limit_bytes)
        pulled = await self._download.fetch(info, to, limit_bytes=limit_bytes, progress=progress)
        if scan.sha256 is not None and scan.sha256 != pulled.sha256:
            raise BuildRejected(NOT_THE_SAME)
        return pulled

    async def _ask(self, file_id: str | None) -> dict[str, Any]:
        if not file_id:
            raise FileUnavailable(NO_ADDRESS, detail="the scan has no file in Slack")
        try:
            answer = await self._client.files_info(file=file_id)
        except SlackApiError as exc:
            wait_s = retry_after_s(getattr(exc.response, "headers", {}).get("Retry-After"))
            limited = slack_wait_s(exc) is not None
            raise file_error(slack_code(exc), retry_after_s=wait_s, limited=limited) from exc
        # slack_sdk stumbles (AttributeError) over an answer that is text, or JSON but no object.
        except (SlackClientError, aiohttp.ClientError, OSError, AttributeError) as exc:
            raise PullFailed(BUSY, detail=f"files.info failed: {type(exc).__name__}") from exc
        file = answer.get("file")
        if not isinstance(file, dict):
            raise PullFailed(BUSY, detail="files.info gave no file")
        return file
