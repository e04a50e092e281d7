"""Checking a token or key without sending a file or using up a lookup.

Neither API has a call for that. An empty body for an instant verdict, and a lookup that names no app, are
invalid on purpose: only a caller with a valid token or key learns that something is missing. Zscaler
publishes no status for a bad token of the Sandbox; 401 and 403 count as that.

Sources: https://help.zscaler.com/zia/sandbox-submission-api, https://help.zscaler.com/zia/apptotal-api
"""

from typing import Any, Final

import httpx

from bot.errors import Refused
from bot.scanners.http.json_client import HeaderAuth, JsonClient
from bot.scanners.http.responses import Response
from bot.scanners.http.status_codes import StatusCodes

TIMEOUT_S: Final = 15.0
READ_BYTES: Final = 4096
"""Enough of a response to recognize a web page."""


async def try_sandbox(
    client: httpx.AsyncClient, url: str, token: str, *, timeout_s: float = TIMEOUT_S
) -> None:
    """Check whether the Sandbox Submission API accepts a token; no file is sent.

    Raises:
        Refused: it does not, or there is no such API.
        TryLater: unknown right now.
    """
    statuses = _statuses(
        "Sandbox Submission API",
        address="ZSCALER_CLOUD or ZSCALER_SANDBOX_URL",
        secret="ZSCALER_SANDBOX_TOKEN",  # noqa: S106 - the name of a setting
    )
    await _send(
        _client(client, statuses, timeout_s),
        {*range(200, 300), 400, 411, 413, 415, 422},
        "POST",
        "sandbox_discan",
        f"{url}/discan",
        params={"api_token": token},
        content=b"",
        headers={"Content-Type": "application/octet-stream"},
    )


async def try_governance(
    client: httpx.AsyncClient, url: str, key: str, *, timeout_s: float = TIMEOUT_S
) -> bool:
    """Check whether the 3rd-Party App Governance API accepts a key; no app is looked up.

    Return whether it still has calls for today.

    Raises:
        Refused: it does not, or there is no such API.
        TryLater: unknown right now.
    """
    statuses = _statuses(
        "3rd-Party App Governance API",
        address="ZSCALER_APPTOTAL_URL",
        secret="ZSCALER_APPTOTAL_KEY",  # noqa: S106 - the name of a setting
    )
    auth = HeaderAuth(headers={"X-API-KEY": key})
    api = _client(client, statuses, timeout_s)
    response = await _send(api, {400, 409, 422}, "GET", "governance", f"{url}/apps/app", auth=auth)
    return response.status != 409


def _client(client: httpx.AsyncClient, statuses: StatusCodes, timeout_s: float) -> JsonClient:
    return JsonClient(client, statuses=statuses, timeout_s=timeout_s, max_bytes=READ_BYTES, reads_errors=True)


def _statuses(api: str, *, address: str, secret: str) -> StatusCodes:
    api = f"Zscaler's {api}"
    not_accepted = f"{api} does not accept {secret} ({{status}}): copy it again."
    busy = f"{api} can't answer right now ({{status}}): try again later."
    other = f"What answers is not {api} ({{status}}): check {address}, and the proxy settings."
    return StatusCodes(
        server=api,
        address=address,
        unreachable=f"{api} can't be reached: check the network, {address}, and the proxy settings.",
        retry={429: busy},
        unavailable=busy,
        rejected={401: not_accepted, 403: not_accepted},
        redirected=other,
        other=other,
    )


async def _send(api: JsonClient, expected: set[int], *args: Any, **request: Any) -> Response:
    """Return a response that only a caller with a valid token or key gets."""
    response = await api.send(*args, **request)
    if response.status not in expected:
        raise api.statuses.error(response.status)
    if response.body.lstrip()[:1] == b"<":
        raise Refused(api.statuses.other.format(status=response.status), status=response.status)
    return response
