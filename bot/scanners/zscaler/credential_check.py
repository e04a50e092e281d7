"""Checking a token or key without sending a file or using up a lookup.

Neither API has a call for that. An empty body for an instant verdict, and a lookup that names no app, are
invalid on purpose: only a caller with a valid token or key learns that something is missing. Zscaler
publishes no status for a bad token of the Sandbox; 401 and 403 count as that.

Sources: https://help.zscaler.com/zia/sandbox-submission-api, https://help.zscaler.com/zia/apptotal-api
"""

from typing import Final

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
        "Sandbox Submission API", "ZSCALER_CLOUD or ZSCALER_SANDBOX_URL", "ZSCALER_SANDBOX_TOKEN"
    )
    response = await _client(client, statuses, timeout_s).send(
        "POST",
        "sandbox_discan",
        f"{url}/discan",
        params={"api_token": token},
        content=b"",
        headers={"Content-Type": "application/octet-stream"},
    )
    _check(response, {*range(200, 300), 400, 411, 413, 415, 422}, statuses)


async def try_governance(
    client: httpx.AsyncClient, url: str, key: str, *, timeout_s: float = TIMEOUT_S
) -> bool:
    """Check whether the 3rd-Party App Governance API accepts a key; no app is looked up.

    Return whether it still has calls for today; raises as ``try_sandbox`` does.
    """
    statuses = _statuses("3rd-Party App Governance API", "ZSCALER_APPTOTAL_URL", "ZSCALER_APPTOTAL_KEY")
    auth = HeaderAuth(headers={"X-API-KEY": key})
    api = _client(client, statuses, timeout_s)
    response = await api.send("GET", "governance", f"{url}/apps/app", auth=auth)
    _check(response, {400, 409, 422}, statuses)
    return response.status != 409


def _client(client: httpx.AsyncClient, statuses: StatusCodes, timeout_s: float) -> JsonClient:
    return JsonClient(client, statuses=statuses, timeout_s=timeout_s, max_bytes=READ_BYTES, reads_errors=True)


def _statuses(api: str, address: str, secret: str) -> StatusCodes:
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


def _check(response: Response, expected: set[int], statuses: StatusCodes) -> None:
    """Return if only a caller with a valid token or key gets this response."""
    if response.status not in expected:
        raise statuses.error(response.status)
    if response.body.lstrip()[:1] == b"<":
        raise Refused(statuses.other.format(status=response.status), status=response.status)
