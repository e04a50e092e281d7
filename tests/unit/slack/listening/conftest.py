"""Listeners on the domain of a test: what Slack delivers goes in, and what came of it comes out."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.features.history.compare import Comparisons
from bot.features.history.listeners import HistoryCommands
from bot.features.hosts.listeners import urls_command
from bot.features.hosts.lookup import CategoryCache, UrlLookupService
from bot.features.onetrust_apps import listeners as onetrust_apps
from bot.features.onetrust_apps.service import OneTrustApps
from bot.features.results import listeners as results
from bot.features.shell import feature as shell
from bot.features.submission import listeners, share_listeners, views
from bot.features.third_party_apps.listeners import governance_command
from bot.features.third_party_apps.service import ThirdPartyApps
from bot.slack.listening.log_context import ListeningApp
from bot.wiring.feature import Surface, register
from bot.wiring.features import open_database
from tests.bench import Bench
from tests.fakes import until
from tests.unit.features.lookups import FakeLookup
from tests.unit.features.third_party_apps.test_service import FakeApi, FakeSender


@dataclass
class Slack:
    """Delivers payloads to listeners."""

    bench: Bench
    app: ListeningApp
    response_url: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    """What was posted to the response URL."""
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

    async def told(self, body: dict[str, Any]) -> str:
        """Deliver a payload with a response URL; return the text of the answer."""
        before = len(self.answers)
        await self.deliver(body | {"response_url": self.response_url})
        await until(lambda: len(self.answers) > before or bool(self.errors))
        assert self.errors == []
        return str(self.answers[-1]["text"])

    async def unchanged(self, number: int) -> bool:
        """Tell whether nothing happened to a scan since it was shared."""
        return len(await self.bench.store.scans.events(number)) == 1


def surfaces(bench: Bench) -> list[Surface]:
    """Return what the features bring, with two of the words that Zscaler's APIs bring."""
    cards, records, actions, intake = bench.cards, bench.records, bench.choices, bench.intake
    comparisons = Comparisons(
        store=bench.store,
        access=bench.policy,
        reads=lambda: True,
        unread=lambda: False,
    )
    apps = OneTrustApps(
        applications=None,
        store=bench.store,
        policy=bench.policy,
        clock=bench.clock,
    )
    third_party = ThirdPartyApps(
        api=FakeApi(),
        lookups=bench.store.governance,
        send=FakeSender().send,
        policy=bench.policy,
        clock=bench.clock,
        wake=lambda *_: None,
    )
    categories = CategoryCache(rows=bench.store.hosts, lookup=FakeLookup(), clock=bench.clock)
    commands = HistoryCommands(records, comparisons, apps)
    return [
        Surface(
            topics={"share": share_listeners.SHARE},
            listeners=(
                lambda app: share_listeners.register(app, intake),
                lambda app: listeners.register_buttons(app, actions, commands.details),
                lambda app: listeners.register_forms(app, actions),
                lambda app: listeners.register_requests(app, intake, cards.permalink),
            ),
            scan_buttons=views.BUTTONS,
        ),
        Surface(
            commands=(onetrust_apps.rescan_command(apps, intake, cards.permalink),),
            listeners=(lambda app: onetrust_apps.register(app, apps, intake),),
        ),
        Surface(listeners=(lambda app: results.register(app, records.status, bench.store, actions),)),
        Surface(
            commands=commands.commands,
            listeners=(commands.register,),
        ),
        Surface(topics={"ci": shell.CI}),
        Surface(commands=(governance_command(third_party), urls_command(UrlLookupService(categories)))),
    ]


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncIterator[Slack]:
    database = await open_database(tmp_path / "appscan.db")
    bench = Bench(database, tmp_path / "builds")

    async def signed_in(**_: object) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_user_id="UBOT")

    app = ListeningApp(authorize=signed_in, signing_secret="unused", request_verification_enabled=False)
    register(app, surfaces(bench), bench.policy.admit)
    opened = Slack(bench=bench, app=app)

    @app.error  # in place of the answer to the person
    async def failed(error: Exception, response: BoltResponse | None) -> BoltResponse | None:
        opened.errors.append(error)
        if response is None:  # acknowledged before it failed, which Bolt has to have seen before this ends
            await opened.answered.wait()
        return response

    async def keep(request: web.Request) -> web.Response:
        opened.answers.append(await request.json())
        return web.Response(text="ok")

    pages = web.Application()
    pages.router.add_post("/", keep)
    runner = web.AppRunner(pages)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    opened.response_url = "http://127.0.0.1:{1}/".format(*runner.addresses[0])
    yield opened
    await runner.cleanup()
    await database.close()
