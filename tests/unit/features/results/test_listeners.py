"""A file is scanned once more where OneTrust's scan of it came to no result, and nowhere else."""

import pytest

from bot.errors import NotFound, Superseded
from bot.features.results.listeners import scan_again
from bot.features.results.models import ResultState
from tests.fakes import APP_ID, SHOP, a_share


@pytest.mark.parametrize("state", ResultState)
async def test_a_scan_is_made_once_more_where_onetrusts_came_to_nothing_and_nowhere_else(bench, state):
    scan = await bench.submitted(a_share(comment=f"rescan {APP_ID}"))
    await bench.store.results.update(scan.number, state=state)
    if state is ResultState.INTERRUPTED:  # what the scan was of is known without a link
        await bench.store.links.remove(SHOP.bundle_id, SHOP.platform)
    if state not in {ResultState.FAILED, ResultState.INTERRUPTED}:
        with pytest.raises(Superseded):
            await scan_again(bench.store, bench.choices, scan.number, "UBEN")
        return
    await scan_again(bench.store, bench.choices, scan.number, "UBEN")

    again = await bench.scan(scan.number + 1)
    assert (again.thread_ts, again.file_id, again.asked_by) == (scan.thread_ts, scan.file_id, "UBEN")
    assert again.original == scan.number
    await bench.pipeline.run(again.number)
    assert (await bench.scan(again.number)).app_id == APP_ID
    with pytest.raises(Superseded, match=f"scan #{again.number} already"):
        await scan_again(bench.store, bench.choices, scan.number, "UBEN")


async def test_a_build_from_the_command_line_is_not_made_once_more_in_slack(bench):
    scan = await bench.submitted(a_share())
    row = "UPDATE scans SET source = 'shell' WHERE number = ?"
    await bench.database.write(lambda db: db.execute(row, [scan.number]))
    await bench.store.results.update(scan.number, state=ResultState.FAILED)
    with pytest.raises(NotFound, match="command line"):
        await scan_again(bench.store, bench.choices, scan.number, "UBEN")
