"""Whether a token or key is taken, asked without sending a file or using up a look-up.

Neither API has a call for that. An empty body for an instant verdict, and a look-up that names no app, are
asked wrongly on purpose: who is let in is told that something is missing. Zscaler publishes no status for a
bad token of the Sandbox; 401 and 403 are taken as that.

httpx's errors lead to the request, and the request to token or key: none of them is kept as a cause.
Sources: https://help.zscaler.com/zia/sandbox-submission-api, https://help.zscaler.com/zia/apptotal-api
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx

from bot.calls.trust import why_not_trusted
from bot.errors import Refused, SubmissionError, TryLater

TIMEOUT_S: Final = 10.0
_READ_BYTES: Final = 4096

NOT_REACHED: Final = "Zscaler's {api} can't be reached: check the network, {address}, and the proxy settings."
NOT_TRUSTED: Final = (
    "The certificate of Zscaler's {api} does not check out: check {address}, and the certificate authorities "
    "that this machine trusts."
)
BUSY: Final = "Zscaler's {api} can't answer right now ({status}): try again later."
NOT_ACCEPTED: Final = "Zscaler's {api} does not accept {secret} ({status}): copy it again."
NO_API: Final = "What answers is not Zscaler's {api} ({status}): check {address}, and the proxy settings."


async def try_sandbox(
    client: httpx.AsyncClient, url: str, token: str, *, timeout_s: float = TIMEOUT_S
) -> None:
    """Ask whether the Sandbox Submission API takes a token; no file is sent.

    Raises:
        Refused: it does not, or there is no such API.
        TryLater: it can't be told right now.
    """
    about = {
        "api": "Sandbox Submission API",
        "address": "ZSCALER_CLOUD or ZSCALER_SANDBOX_URL",
        "secret": "ZSCALER_SANDBOX_TOKEN",
    }
    request = client.build_request(
        "POST",
        f"{url}/discan",
        params={"api_token": token},
        content=b"",
        headers={"Content-Type": "application/octet-stream"},
    )
    await _ask(client, request, about, timeout_s, there={*range(200, 300), 400, 411, 413, 415, 422})


async def try_governance(
    client: httpx.AsyncClient, url: str, key: str, *, timeout_s: float = TIMEOUT_S
) -> bool:
    """Ask whether the 3rd-Party App Governance API takes a key; no app is looked up.

    Return whether it still has calls for today.

    Raises:
        Refused: it does not, or there is no such API.
        TryLater: it can't be told right now.
    """
    about = {
        "api": "3rd-Party App Governance API",
        "address": "ZSCALER_APPTOTAL_URL",
        "secret": "ZSCALER_APPTOTAL_KEY",
    }
    request = client.build_request("GET", f"{url}/apps/app", headers={"X-API-KEY": key})
    return await _ask(client, request, about, timeout_s, there={400, 409, 422}) != 409


async def _ask(
    client: httpx.AsyncClient,
    request: httpx.Request,
    about: Mapping[str, str],
    timeout_s: float,
    *,
    there: set[int],
) -> int:
    """Return the status of an answer that only whoever is let in gets."""
    failure: SubmissionError | None = None
    read = b""
    request.headers.update({"Accept": "application/json", "Accept-Encoding": "identity"})
    try:
        async with asyncio.timeout(timeout_s):
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                async for chunk in response.aiter_raw():
                    read += chunk
                    if len(read) > _READ_BYTES:
                        break
            finally:
                await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
        is_trust = why_not_trusted(exc) is not None
        words = NOT_TRUSTED if is_trust else NOT_REACHED
        failure = TryLater(words.format(**about), detail=f"no answer: {type(exc).__name__}")
    if failure is not None:
        raise failure
    status = response.status_code
    if status in {401, 403}:
        raise Refused(NOT_ACCEPTED.format(**about, status=status), status=status)
    if status in {408, 429} or status >= 500:
        raise TryLater(BUSY.format(**about, status=status), status=status)
    if status not in there or read.lstrip()[:1] == b"<":
        raise Refused(NO_API.format(**about, status=status), status=status)
    return status
