"""Letting OneTrust be done with a scan, as the rows say it."""

from pathlib import Path

from bot.core.clock import SystemClock
from bot.features.compliance.rules import Judge
from bot.features.results.models import OneTrustScanStatus, Results, ResultState
from bot.features.results.repository import ResultRepository
from bot.slack.messages.living_message import REFRESH_INTERVAL_S
from bot.wiring.features import open_database
from sandbox.slack import Shared
from sandbox.world import Message
from tests.scenario.office import Office
from tests.unit.features import samples

RESULTS = samples.RESULTS


async def ended(
    place: Office, number: int, results: Results | None = RESULTS, judge: Judge | None = None
) -> None:
    """Keep what a scan found, or that it failed; the bot tells of it at its next look."""
    clock = SystemClock()
    database = await open_database(Path(place.environ["APPSCAN_DB"]))
    try:
        store = ResultRepository(database, clock)
        if results is not None:
            await store.keep(number, results, judge)
        else:
            await store.update(
                number, state=ResultState.FAILED, status=OneTrustScanStatus.FAILED, ended_at=clock.now()
            )
    finally:
        await database.close()
    place.clock.advance(REFRESH_INTERVAL_S)


async def announced(
    place: Office, shared: Shared, results: Results | None = RESULTS, judge: Judge | None = None
) -> Message:
    """Share a build's result in its thread; return the message."""
    scan = place.read(place.replies(shared)[0]).split("Scan #")[1].split(" ")[0]
    await ended(place, int(scan), results, judge)
    return await place.reply(shared, f"Scan #{scan}", number=1)
