"""What calls that carry a build have in common: a connection of their own, and how long it may be silent."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import Protocol

import aiohttp

ANSWER_LIMIT = 64 * 1024
"""Bytes of an answer that are read."""


class Sent(Protocol):
    """A body that is being sent."""

    @property
    def complete(self) -> bool:
        """Whether all of it has gone."""
        ...


def session(
    *, total_s: float, tls: ssl.SSLContext | None, traces: Sequence[aiohttp.TraceConfig], bearer: str | None
) -> aiohttp.ClientSession:
    """Return what makes one call, by a connection that is closed after it.

    ``total_s`` is for the whole call. ``tls`` is the context for https; ``None`` is the machine's own.
    Proxies come from the usual environment variables; what a ``.netrc`` says of the host goes to nobody.
    """

    async def authorize(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        # Done here, as aiohttp would otherwise put what a .netrc says of this host before it.
        request.headers.pop("Authorization", None)
        if bearer is not None:
            request.headers["Authorization"] = f"Bearer {bearer}"
        return await handler(request)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True, ssl=tls or True),
        timeout=aiohttp.ClientTimeout(total=total_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        middlewares=(authorize,),
        trace_configs=list(traces),
        auto_decompress=False,
        trust_env=True,
    )


def extending(
    deadline: asyncio.Timeout, body: Sent, *, silence_s: float, answer_s: float
) -> Callable[[], None]:
    """Return what is to be called when some of a body has gone: it sets the deadline anew.

    The next block may take ``silence_s``; once all has gone, the answer may take ``answer_s``.
    """

    def moved() -> None:
        if not deadline.expired() and deadline.when() is not None:
            wait_s = answer_s if body.complete else silence_s
            deadline.reschedule(asyncio.get_running_loop().time() + wait_s)

    return moved
