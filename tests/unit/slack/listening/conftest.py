"""Listeners on the domain of a test: what Slack delivers goes in, and what came of it comes out."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.features.history import listeners as pages
from bot.features.submission import listeners, modal_listeners, share_listeners, shortcut_listeners
from bot.wiring.database import open_database
from tests.bench import Bench
from tests.fakes import until


@dataclass
class Slack:
    """Delivers payloads to listeners."""

    bench: Bench
    services: Any
    app: AsyncApp
    errors: list[Exception] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Deliver a payload; return the status and the JSON of the acknowledgement."""
        self.answered.clear()
        answer = await self.app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        self.answered.set()
        return answer.status, json.loads(answer.body) if answer.body.startswith("{") else answer.body

    async def refused(self, body: dict[str, Any]) -> Exception:
        """Deliver a payload that a listener fails at; return its error."""
        before = len(self.errors)
        await self.deliver(body)
        await until(lambda: len(self.errors) > before)
        return self.errors[-1]

    async def unchanged(self, number: int) -> bool:
        """Tell whether nothing happened to a scan since it was shared."""
        return len(await self.bench.store.scans.events(number)) == 1


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncIterator[Slack]:
    database = await open_database(tmp_path / "appscan.db")
    bench = Bench(database, tmp_path / "builds")
    services = SimpleNamespace(
        choices=bench.choices,
        intake=bench.intake,
        records=bench.records,
        cards=bench.cards,
        policy=bench.policy,
        words=frozenset({"governance", "urls"}),
    )

    async def signed_in(**_: object) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_user_id="UBOT")

    app = AsyncApp(authorize=signed_in, signing_secret="unused", request_verification_enabled=False)
    register: list[Callable[[AsyncApp, Any], None]] = [
        each.register for each in (listeners, share_listeners, pages, shortcut_listeners, modal_listeners)
    ]
    for each in register:
        each(app, services)
    opened = Slack(bench=bench, services=services, app=app)

    @app.error
    async def failed(error: Exception, response: BoltResponse | None) -> BoltResponse | None:
        opened.errors.append(error)
        if response is None:  # acknowledged before it failed, which Bolt has to have seen before this ends
            await opened.answered.wait()
        return response

    yield opened
    await database.close()
