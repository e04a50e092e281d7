"""Answers go to Slack, whatever address a payload names for them."""

from pathlib import Path

import pytest
from aiohttp import web

from tests.scenario.office import apk, office


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_payload_that_wants_its_answer_elsewhere_is_refused(tmp_path: Path, mode: str):
    came = []

    async def take(request: web.Request) -> web.Response:
        came.append(await request.text())
        return web.Response()

    server = web.Application()
    server.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    elsewhere = f"http://127.0.0.1:{runner.addresses[0][1]}/respond"
    try:
        async with office(tmp_path, mode=mode) as place:
            await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk())]))
            place.slack.faults.add("response_url.named", location=elsewhere)

            refused = await place.dana.slash(place.builds_channel, "/appscan", "history")

            assert not refused.acked
            assert "#1 Shop" in await place.command("history")
            assert came == []
    finally:
        await runner.cleanup()
