"""The button that asks Zscaler again: pressed where its scan is, by whoever may."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.errors import NotFound, Refused
from bot.features.verdicts import listeners, views
from bot.features.verdicts.models import VerdictState
from bot.features.verdicts.retry import VerdictRetry
from bot.wiring.features import open_database
from tests.bench import Bench
from tests.unit.features.verdicts.bench import Second, a_scanner


@pytest.fixture
async def zscaler(tmp_path: Path) -> AsyncIterator[Second]:
    database = await open_database(tmp_path / "appscan.db")
    yield Second(Bench(database, tmp_path / "builds"))
    await database.close()


def press(channel: str | None) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": "UDANA"},
        "channel": {"id": channel},
        "team": {"id": "T1"},
        "actions": [{"type": "button", "action_id": views.ASK_AGAIN, "block_id": "b", "value": "1"}],
    }


async def test_a_press_asks_again_and_one_from_elsewhere_does_not(zscaler: Second) -> None:
    bench = zscaler.bench
    zscaler.sandbox.outcomes = [Refused("Mend the token.", status=401)]
    scan = await zscaler.analysing()
    asking = VerdictRetry(
        store=bench.store,
        announcer=bench.announcer,
        clock=bench.clock,
        wake=lambda *_: None,
        scanners={"zscaler": a_scanner(zscaler.sandbox, zscaler.reports)},
    )
    troubles: list[Exception] = []

    async def signed_in(**_: object) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_user_id="UBOT")

    app = AsyncApp(authorize=signed_in, signing_secret="unused", request_verification_enabled=False)

    @app.error
    async def failed(error: Exception) -> None:
        troubles.append(error)
        await asyncio.sleep(0)

    listeners.register(app, asking, bench.choices, bench.records.status)

    await app.async_dispatch(AsyncBoltRequest(body=json.dumps(press("CELSEWHERE")), mode="http"))
    assert [type(each) for each in troubles] == [NotFound]
    assert (await zscaler.verdict()).state is VerdictState.FAILED

    answer = await app.async_dispatch(AsyncBoltRequest(body=press(scan.channel), mode="socket_mode"))
    assert answer.status == 200
    assert (await zscaler.verdict()).state is VerdictState.WAITING
    assert (await bench.store.scans.events(1))[-1].who == "UDANA"
    assert len(troubles) == 1
