"""The way to Slack's Web API: short waits that Slack asks for are kept, long ones are told to the caller.

An answer that is none of Slack's, such as a proxy's page, is an error like those that Slack tells of.

A call that slept for minutes would hold what it works for: a build's place in the queue, a person's answer.
"""

import random
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryState
from slack_sdk.http_retry.async_handler import AsyncRetryHandler

from bot.core.ports import Clock
from bot.errors import wait_asked_s

SHORT_S: Final = 10.0
"""Waits up to this are waited out within a call."""
RETRIES: Final = 5
ANSWER_S: Final = 30.0
"""How long a call may take in all; of the SDK's own time limit nothing is left with a session given."""
CONNECT_S: Final = 10.0


class ShortWaits(AsyncRetryHandler):
    """Makes a call again that Slack did not take, after the wait it asked for, where that is a short one.

    What is left is a ``SlackApiError`` of which ``errors.slack_wait_s`` tells the wait. Nothing else is made
    again here: an answer to a post that was lost may be a message.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(max_retry_count=RETRIES)
        self._clock = clock

    async def _can_retry_async(
        self,
        *,
        state: RetryState,  # noqa: ARG002 - the SDK's signature
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002
    ) -> bool:
        return response is not None and response.status_code == 429 and _wait_s(response) <= SHORT_S

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002
    ) -> None:
        """Wait as long as was asked for."""
        state.next_attempt_requested = True
        if response is not None:
            await self._clock.sleep(_wait_s(response) + random.random() / 2)  # noqa: S311 - no secret
        state.increment_current_attempt()


class ObjectsOnly(AsyncRetryHandler):
    """Makes nothing again: refuses an answer that is text, or JSON but no object.

    The SDK stumbles over these with an ``AttributeError``; this is its only door between an answer and the
    reading of it. What comes of it is a ``SlackApiError`` of which ``errors.slack_code`` tells no code.
    """

    async def _can_retry_async(
        self,
        *,
        state: RetryState,  # noqa: ARG002 - the SDK's signature
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if error is None and response is not None and response.status_code == 200:
            answer: object = response.body if response.data is None else response.data
            if answer and not isinstance(answer, dict):
                raise SlackApiError("the answer is none of Slack's", response)  # type: ignore[no-untyped-call]
        return False


def _wait_s(response: HttpResponse) -> float:
    named = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), [""])
    return wait_asked_s(named[0] if named else "")


def slack_session(*, trace: aiohttp.TraceConfig | None = None) -> aiohttp.ClientSession:
    """Open a session for calls of the Web API, bounded in time; ``trace`` is told of each."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_S, sock_connect=CONNECT_S)
    return aiohttp.ClientSession(trust_env=True, timeout=timeout, trace_configs=[trace] if trace else None)
