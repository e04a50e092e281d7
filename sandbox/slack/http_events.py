"""Events, commands and interactions as signed HTTP requests to the bot's own address.

Source: https://docs.slack.dev/apis/events-api/using-http-request-urls and
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.delivery import Delivery, NotAcked
from sandbox.slack.service import Service
from sandbox.world import Json


def signed(secret: str, body: str, *, timestamp: int | None = None) -> dict[str, str]:
    """Return the headers that prove a body to come from whoever has the secret."""
    at = int(time.time()) if timestamp is None else timestamp
    digest = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={digest}"}


class HttpEvents:
    """The bot's request URL; ``url`` may be set once the bot listens."""

    def __init__(self, service: Service, url: str | None, *, ack_timeout_s: float) -> None:
        self._service = service
        self._ack_timeout_s = ack_timeout_s
        self._has_url = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._url: str | None = None
        self.url = url

    @property
    def url(self) -> str | None:
        """Where the bot takes requests."""
        return self._url

    @url.setter
    def url(self, url: str | None) -> None:
        self._url = url
        if url is None:
            self._has_url.clear()
        else:
            self._has_url.set()

    async def ready(self) -> None:
        """Wait until it is known where."""
        await self._has_url.wait()

    async def deliver(self, delivery: Delivery, attempt: int, reason: str) -> Json | None:
        """Post once; the answer has to come in time, with a 2xx.

        Raises:
            NotAcked: it did not.
        """
        if self._url is None:
            raise NotAcked("connection_failed", again_at_once=True)
        headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
        if delivery.kind == "events_api":
            body, kind = json.dumps(delivery.payload), "application/json"
        else:
            kind = "application/x-www-form-urlencoded"
            flat = delivery.kind == "slash_commands"
            body = urlencode(delivery.payload if flat else {"payload": json.dumps(delivery.payload)})
        try:
            posted = self._post(body, {**headers, "Content-Type": kind})
            return await self._service.world.clock.within(self._ack_timeout_s, posted)
        except TimeoutError as exc:
            raise NotAcked("http_timeout") from exc
        except aiohttp.ClientError as exc:
            raise NotAcked("connection_failed") from exc

    async def verify(self) -> bool:
        """Send the challenge that Slack sends when the address is entered; tell whether it was met."""
        challenge = secrets.token_hex(16)
        body = {
            "type": "url_verification",
            "challenge": challenge,
            "token": self._service.app.verification_token,
        }
        answer = await self._post(json.dumps(body), {"Content-Type": "application/json"})
        return answer is not None and challenge in (answer.get("challenge"), answer.get("text"))

    async def close(self) -> None:
        """Close the client."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, body: str, headers: dict[str, str]) -> Json | None:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        sent = {**signed(self._service.app.signing_secret, body), **headers, "User-Agent": "Slackbot 1.0"}
        async with self._session.post(
            self._url or "", data=body.encode(), headers=sent, allow_redirects=False
        ) as answer:
            text = await answer.text()
            if not 200 <= answer.status < 300:
                no_retry = answer.headers.get("X-Slack-No-Retry") == "1"
                raise NotAcked("http_error", no_retry=no_retry)
        if not text:
            return None
        try:
            parsed = json.loads(text)
        except ValueError:
            return {"text": text}
        return parsed if isinstance(parsed, dict) else {"text": text}
