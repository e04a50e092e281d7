"""HTTP behaviour of calls to Slack's Web API: which are retried, and which responses are errors.

Short rate limits are waited out within the call. Longer ones are raised to the caller: a call that slept for
minutes would block a build's place in the queue, or the response to a person.
"""

import random
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import HttpResponse, RetryState
from slack_sdk.http_retry.async_handler import AsyncRetryHandler

from bot.core.ports import Clock
from bot.errors import wait_asked_s

MAX_WAIT_S: Final = 10.0
"""Longer rate limits are raised to the caller."""
MAX_RETRIES: Final = 5
TOTAL_TIMEOUT_S: Final = 30.0
"""Of a call; the SDK's own timeout has no effect on a given session."""
CONNECT_TIMEOUT_S: Final = 10.0


class SlackRetries(AsyncRetryHandler):
    """Retries rate-limited calls after the wait that Slack requests, if that is short.

    Otherwise the call raises ``SlackApiError``; ``errors.slack_wait_s`` returns the wait. Nothing else is
    retried here: if the response to a post is lost, the message may have been posted.

    A response that is not a JSON object, such as a proxy's page, raises ``SlackApiError`` too, without a
    code. The SDK would fail on it with an ``AttributeError``, and has no other hook before it parses.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(max_retry_count=MAX_RETRIES)
        self._clock = clock

    async def _can_retry_async(
        self, *, response: HttpResponse | None = None, error: Exception | None = None, **_: Any
    ) -> bool:
        if error is not None or response is None:
            return False
        answer: object = response.body if response.data is None else response.data
        if response.status_code == 200 and answer and not isinstance(answer, dict):
            raise SlackApiError("the response is not from Slack", response)  # type: ignore[no-untyped-call]
        return response.status_code == 429 and _wait_s(response) <= MAX_WAIT_S

    async def prepare_for_next_attempt_async(
        self, *, state: RetryState, response: HttpResponse | None = None, **_: Any
    ) -> None:
        """Wait as requested."""
        state.next_attempt_requested = True
        if response is not None:
            await self._clock.sleep(_wait_s(response) + random.random() / 2)  # noqa: S311 - no secret
        state.increment_current_attempt()


def _wait_s(response: HttpResponse) -> float:
    values = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), [""])
    return wait_asked_s(values[0] if values else "")


def slack_session(*, trace: aiohttp.TraceConfig | None = None) -> aiohttp.ClientSession:
    """Open a session with timeouts for calls of the Web API; ``trace`` observes them."""
    timeout = aiohttp.ClientTimeout(total=TOTAL_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S)
    return aiohttp.ClientSession(trust_env=True, timeout=timeout, trace_configs=[trace] if trace else None)
