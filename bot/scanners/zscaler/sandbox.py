"""The Sandbox Submission API: takes a build, and returns a verdict or starts an analysis.

The token is part of the address. Sending a file again does no harm, so a lost response is ``TryLater``.

Source: https://help.zscaler.com/zia/sandbox-submission-api
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Final

import aiohttp
from yarl import URL

from bot.core.build import FileType
from bot.errors import TryLater
from bot.features.verdicts.models import SandboxReceipt
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.scanners.http.body import Body, FileBody
from bot.scanners.http.build_file import BuildFile
from bot.scanners.http.json_client import HeaderAuth
from bot.scanners.http.responses import Response
from bot.scanners.http.upload import BUILD_CHANGED, UploadClient, UploadTimeouts
from bot.scanners.zscaler.receipts import STATUS_CODES, receipt

SUBMIT_LIMIT_BYTES: Final = 20_000_000
"""Dynamic analysis takes files up to 20 MB; what is larger gets an instant verdict."""
DISCAN_LIMIT_BYTES: Final = 400_000_000
"""An instant verdict is given for files up to 400 MB."""

ONLY_APKS: Final = "Only `.apk` files are sent to the Sandbox."
TOO_LARGE: Final = "This build is larger than 400 MB, which is the most that the Sandbox takes."

TIMEOUTS: Final = UploadTimeouts(stall_s=60.0, min_bytes_per_s=100_000.0)
REACH_TIMEOUT_S: Final = 20.0
"""For any response at all, before a build is sent."""


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
        "It was sent to the Sandbox, and the verdict can't be read here: the operator of this bot can set up "
        "the cloud service API for that (`ZSCALER_CLIENT_ID` or `ZSCALER_USERNAME`, and what goes with it)."
    ),
    missing_login="no login to its cloud service API is set up",
    not_set_up=(
        "{service} is not set up here any more, so it can't be asked again. The operator of this bot can "
        "set it up (`ZSCALER_SANDBOX_TOKEN`)."
    ),
)


@dataclass(eq=False, repr=False)
class Sandbox:
    """Sends files to the Sandbox. Implements the ``SubmissionApi`` port, and raises its errors.

    ``url`` is the API's base, ``token`` a secret. ``tls`` is the context for https; ``None`` is the machine's
    own. ``traces`` returns those of one request, by the name of its endpoint.
    """

    url: str
    token: str
    _: KW_ONLY
    now: Callable[[], float]
    tls: ssl.SSLContext | None = None
    timeouts: UploadTimeouts = TIMEOUTS
    reach_timeout_s: float = REACH_TIMEOUT_S
    submit_limit_bytes: int = SUBMIT_LIMIT_BYTES
    traces: Callable[[str], Sequence[aiohttp.TraceConfig]] = lambda _: ()

    async def reach(self) -> None:
        """Check that the Sandbox responds at all, by an empty body, which is no file."""
        await self._send(
            "discan", Body(), UploadTimeouts(connect_s=self.reach_timeout_s, response_body_s=0.0)
        )

    async def submit(self, path: Path, md5: str) -> SandboxReceipt:
        """Send a file for analysis, or a large one for an instant verdict; known files are not run again."""
        try:
            size_bytes = (await asyncio.to_thread(path.stat)).st_size
        except OSError:
            raise TryLater(BUILD_CHANGED, scanner_failed=False) from None
        body = FileBody(BuildFile(path, size_bytes))
        is_instant = size_bytes > self.submit_limit_bytes
        verb, query = ("discan", {}) if is_instant else ("submit", {"force": "0"})
        response = await self._send(verb, body, self.timeouts, **query)
        return receipt(response, md5, self.now(), is_instant=is_instant)

    async def _send(self, verb: str, body: Body, timeouts: UploadTimeouts, **query: str) -> Response:
        client = UploadClient(HeaderAuth(), tls=self.tls, timeouts=timeouts, traces=self.traces(verb))
        url = (URL(self.url) / verb).with_query(api_token=self.token, **query)
        return await client.send("POST", url, body, verb, STATUS_CODES, {}, reads_errors=True)
