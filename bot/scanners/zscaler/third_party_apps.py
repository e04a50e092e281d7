"""The 3rd-Party App Governance API: looks up one third-party app.

A 202 means that the app is queued for analysis: ask again a day later.

Source: https://help.zscaler.com/zia/getting-started-zia-api, https://help.zscaler.com/zia/apptotal-api
"""

import re
import time
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Final
from urllib.parse import quote

import httpx

from bot.errors import NotFound, TryLater
from bot.features.third_party_apps.models import AppLookupAnswer
from bot.scanners.http.json_client import HeaderAuth, JsonClient
from bot.scanners.http.responses import Response
from bot.scanners.http.status_codes import CHECK, StatusCodes
from bot.scanners.zscaler import third_party_parsing

ENDPOINT: Final = "governance"
"""Its name in the metrics."""

UNKNOWN: Final = (
    "Zscaler knows no such third-party app (404). Look whether the app ID or the link is right; where you "
    "have both, try the other one."
)
UNREADABLE: Final = (
    "What came back is no answer about a third-party app ({status}): something on the way to Zscaler may "
    "have answered. Ask again in a few minutes; if it lasts, tell the operator of this bot."
)

STATUS_CODES: Final = StatusCodes(
    server="Zscaler",
    address="`ZSCALER_APPTOTAL_URL`",
    unreachable="Zscaler can't be reached right now. Ask again in a few minutes.",
    retry={
        409: "The day's limit of questions about third-party apps is reached (409): Zscaler answers 25 a day "
        "on a trial, 1,000 with a license. Ask again tomorrow.",
        429: "Zscaler is getting too many questions about third-party apps right now (429). Ask again in a "
        "minute.",
    },
    unavailable="Zscaler can't tell of third-party apps right now ({status}). Ask again in a few minutes.",
    rejected={
        400: "Zscaler can't make sense of that app ID or link (400). Copy it again: the app ID is the client "
        "ID in the link of the consent page.",
        401: f"Zscaler does not accept the key for third-party apps (401). {CHECK} `ZSCALER_APPTOTAL_KEY`.",
        403: "The key for third-party apps may not ask this (403): its trial or license may have ended. Ask "
        "your Zscaler administrator.",
    },
    other="Zscaler said no ({status}) to a question about third-party apps.",
)


@dataclass(eq=False, repr=False)
class ThirdPartyAppsClient:
    """Looks up apps with the key. Implements the ``ThirdPartyAppsApi`` port.

    ``client`` stays its owner's. ``timeout_s`` is for one request with its response; ``now`` is seconds since
    the epoch.
    """

    client: httpx.AsyncClient
    base_url: str
    key: str
    _: KW_ONLY
    timeout_s: float = 20.0
    now: Callable[[], float] = time.time

    async def app(self, *, app_id: str = "", url: str = "") -> AppLookupAnswer:
        """Look up an app by its ID or link; an answer without an app means that it is queued for analysis.

        Raises:
            NotFound: Zscaler knows no such app.
            Refused, TryLater: as ``STATUS_CODES`` has it.
        """
        name, value = ("url", url) if url else ("app_id", app_id)
        # All but the unreserved characters of RFC 3986 are encoded.
        address = f"{self.base_url}/apps/app?{name}={quote(value, safe='')}"
        auth = HeaderAuth(headers={"X-API-KEY": self.key})
        json_client = JsonClient(self.client, statuses=STATUS_CODES, timeout_s=self.timeout_s)
        response = await json_client.send("GET", ENDPOINT, address, auth=auth)
        status, left = response.status, calls_left(response)
        if status == 202:
            return AppLookupAnswer(app=None, remaining=left)
        if status == 404:
            raise NotFound(UNKNOWN)
        if not response.is_success:
            raise STATUS_CODES.error(status, response.retry_after_s(self.now()))
        found = third_party_parsing.third_party_app(response.object())
        if status != 200 or found is None:
            raise TryLater(UNREADABLE.format(status=status), status=status)
        return AppLookupAnswer(app=found, remaining=left)


def calls_left(response: Response) -> int | None:
    """Return the calls left today, from ``X-Rate-Limit-Remaining``; ``None`` if it holds no count."""
    value = response.headers.get("X-Rate-Limit-Remaining", "").strip()
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else None
