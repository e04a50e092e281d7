"""A database that an older bot left, from when there was one route: its scans go on, whatever their state."""

from dataclasses import replace

import sqlite_utils

from bot.core.scan import State
from bot.storage.migrations import MIGRATIONS
from bot.wiring.features import open_database
from tests.bench import Bench
from tests.fakes import SHOP, until

LEFT = {
    # state, and that of the submission: what becomes of it
    ("received", "pending"): State.SUBMITTED,
    ("pulling", "pending"): State.SUBMITTED,
    ("checking", "pending"): State.SUBMITTED,
    ("waiting", "pending"): State.SUBMITTED,
    ("submitting", "sending"): State.SUBMITTED,
    ("queued", "pending"): State.SUBMITTED,
    ("submitting", "committed"): State.UNCERTAIN,
    ("uncertain", "uncertain"): State.UNCERTAIN,
    ("asking", "pending"): State.ASKING,
    ("failed", "pending"): State.FAILED,
}
ABOUT = {
    "source": "slack",
    "created_at": 1,
    "updated_at": 1,
    "channel": "C1",
    "channel_kind": "public",
    "thread_ts": "1.1",
    "size_bytes": 1000,
    "platform": "android",
    "kind": "new",
    "reason": "first",
}


async def test_scans_of_before_there_were_routes_go_on(tmp_path):
    path = tmp_path / "appscan.db"
    old = sqlite_utils.Database(path)
    MIGRATIONS.apply(old, stop_before="0008_file_type")
    for number, (state, submission) in enumerate(LEFT, 1):
        scan = ABOUT | {
            "state": state,
            "message_ts": f"{number}.1",
            "file_id": f"F{number}",
            "file_name": f"{number}.apk",
            "bundle_id": f"com.example.app{number}",
            "question": "seen_before" if state == "asking" else None,
        }
        old["scans"].insert(scan)
        old["submissions"].insert({"scan": number, "scanner": "onetrust", "state": submission, "attempts": 1})
    old.close()

    database = await open_database(path)
    bench = Bench(database, tmp_path / "builds")
    for number in range(1, len(LEFT) + 1):
        build = replace(SHOP, bundle_id=f"com.example.app{number}")
        bench.reader.by_name[f"{number}.apk"] = build
    await bench.runner.start()
    try:
        for number, state in enumerate(LEFT.values(), 1):

            async def there(number: int = number, state: State = state) -> bool:
                return await bench.state(number) is state

            await until(there)
        # What a person decides goes on as well.
        for number, ((state, _), becomes) in enumerate(LEFT.items(), 1):
            if becomes is State.UNCERTAIN:
                await bench.choices.submit_again(number, "UANA")
            elif state == "failed":
                await bench.choices.try_again(number, "UANA")
            elif state == "asking":
                await bench.choices.scan_as_new(number, "UANA")
        bench.runner.wake()
        for number in range(1, len(LEFT) + 1):

            async def taken(number: int = number) -> bool:
                return await bench.state(number) is State.SUBMITTED

            await until(taken)
        assert sorted(order.number for order in bench.scanner.orders) == list(range(1, len(LEFT) + 1))
    finally:
        await bench.runner.stop()
        await database.close()
