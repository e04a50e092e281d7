"""/metrics of the whole bot: what happened is in it, and nobody is."""

from pathlib import Path

import aiohttp

from bot.web import METRICS_TYPE
from tests.scenario.office import APP_ID, apk, office


async def page(port: int | None) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as asking, asking.get(f"http://127.0.0.1:{port}/metrics") as answer:
        return answer.status, answer.headers["Content-Type"], await answer.text()


async def test_a_scan_is_seen_from_its_share_to_its_end_and_names_nobody(tmp_path: Path):
    async with office(tmp_path, PORT="0") as place:
        shared = place.dana.share(
            place.builds_channel, [("shop-secret-name.apk", apk())], comment=f"rescan {APP_ID}"
        )
        await place.submitted(shared)
        assert place.bot is not None
        status, kind, text = await page(place.bot.port)

    assert (status, kind) == (200, METRICS_TYPE)
    lines = text.splitlines()
    for line in (
        'appscan_scans{platform="android",state="submitted"} 1.0',
        'appscan_step_seconds_count{step="pulling"} 1.0',
        'appscan_step_seconds_count{step="checking"} 1.0',
        'appscan_step_seconds_count{step="submitting"} 1.0',
        'appscan_step_seconds_count{step="total"} 1.0',
        'appscan_onetrust_calls_total{endpoint="token",status="200"} 1.0',
        'appscan_onetrust_calls_total{endpoint="webhook",status="202"} 1.0',
        f'appscan_bytes_total{{direction="pulled"}} {float(len(apk()))}',
        'appscan_slack_calls_total{method="chat.postMessage",result="ok"} 1.0',
        "appscan_queue_length 0.0",
        "appscan_database_up 1.0",
        "appscan_breaker_open 0.0",
    ):
        assert line in lines, line
    assert "appscan_socket_connections 1.0" in lines or "appscan_socket_connections 2.0" in lines
    for name in (
        *(place.dana.user.id, place.builds_channel.id, APP_ID, "com.example.shop", "shop-secret-name"),
        *(place.slack.bot_token, place.slack.app_token, place.onetrust.client_secret, "webhook/"),
    ):
        assert name not in text


async def test_in_http_mode_metrics_have_a_port_of_their_own(tmp_path: Path):
    async with office(tmp_path, mode="http", APPSCAN_METRICS_PORT="0") as place:
        assert place.bot is not None
        assert (await page(place.bot.port))[0] == 404
        assert place.bot.metrics_port != place.bot.port
        assert (await page(place.bot.metrics_port))[0] == 200
    async with office(tmp_path / "other", mode="http") as place:
        assert place.bot is not None
        assert place.bot.metrics_port is None
