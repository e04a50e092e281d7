"""Whatever OneTrust answers, at either endpoint: what becomes of the scan, what is said, what is sent.

Each row of the table is played through the whole bot. Each office looks, where it ends, that no secret is in
the log at DEBUG, nor anywhere else.
"""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from sandbox.onetrust import Call
from tests import secrecy
from tests.scenario.office import Office, apk
from tests.scenario.onetrust_table import DAY_S, ELSEWHERE, FIRST_LINE, NO_LONGER_GOOD, ROWS, SOON, Row


@pytest.fixture
async def elsewhere() -> AsyncIterator[tuple[str, list[str]]]:
    """Another server, and who came to it."""
    came: list[str] = []

    async def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", came
    server.close()
    await server.wait_closed()


def _scan(place: Office) -> tuple[str, float]:
    """Return the last scan's state and when it is due, as its row says."""
    with sqlite3.connect(f"file:{place.environ['APPSCAN_DB']}?mode=ro", uri=True) as database:
        (row,) = database.execute(
            "SELECT scans.state, submissions.due_at FROM scans "
            "JOIN submissions ON submissions.scan = scans.number ORDER BY scans.number DESC LIMIT 1"
        ).fetchall()
    database.close()
    return str(row[0]), float(row[1] or 0)


def _statuses(calls: Sequence[Call], point: str) -> tuple[int | None, ...]:
    return tuple(call.status for call in calls if call.point == point)


def _play(place: Office, row: Row, elsewhere: str) -> None:
    for point, fault in row.faults:
        about = dict(fault)
        if about.get("location") == ELSEWHERE:
            about["location"] = elsewhere
        if callable(header := about.get("headers", {}).get("Retry-After")):
            about["headers"] = {"Retry-After": header()}
        place.onetrust.faults.add(point, **about)


async def _try(place: Office, row: Row, elsewhere: tuple[str, list[str]], package: str) -> None:
    address, came = elsewhere
    _play(place, row, address)
    before, calls, taken = place.clock.now(), len(place.onetrust.calls), len(place.onetrust.received)
    build = apk(package=package, padding_bytes=row.size_bytes)
    shared = place.dana.share(place.builds_channel, [("shop.apk", build)])

    message = await place.reply(shared, re.sub(r"\\|\(try.*|\[.*", "", FIRST_LINE[row.state]).strip())
    first, second, *_ = place.read(message).split("\n")
    state, due_at = _scan(place)
    after = place.clock.now()

    assert re.fullmatch(FIRST_LINE[row.state], first)
    assert second == (row.says or f"Request ID: `{place.onetrust.received[-1].request_id}`")
    assert state == row.state
    if row.wait_s is not None:
        least, most = row.wait_s
        assert before + least <= due_at <= after + most
    else:  # nothing of it goes on by itself
        place.clock.advance(2 * DAY_S)
        await place.command("help")
    assert _statuses(place.onetrust.calls[calls:], "webhook") == row.uploads
    assert _statuses(place.onetrust.calls[calls:], "token") == row.tokens
    assert len(place.onetrust.received) == taken + row.taken
    assert len(place.posts(shared)) == 1
    assert came == []
    assert "STACK-TRACE" not in str([call.arguments for call in place.slack.calls])


SETTLED = [row for row in ROWS if row.wait_s is None and row not in NO_LONGER_GOOD]
BUILDS = [row for row in SETTLED if row.name.startswith("webhook: ") and row.uploads[-1] == row.uploads[0]]
TOKENS = [row for row in SETTLED if row.name.startswith("token: ") and row.state == "failed"]
TOGETHER = [*(BUILDS[part::8] for part in range(8)), *(TOKENS[part::4] for part in range(4))]
"""Rows that leave nothing behind but a token, played one after the other; rows of a kind stand apart."""
ALONE = [row for row in ROWS if row not in BUILDS + TOKENS]


@pytest.mark.parametrize("row", ALONE, ids=lambda row: row.name)
async def test_whatever_onetrust_answers(place: Office, elsewhere: tuple[str, list[str]], row: Row):
    place.clock.hurried = row.wait_s != SOON  # which is so soon that a hurried clock passes over it
    await _try(place, row, elsewhere, "com.example.shop")
    assert len(place.onetrust.received) == row.taken


@pytest.mark.parametrize("rows", TOGETHER, ids=lambda rows: f"{rows[0].name} and more")
async def test_whatever_onetrust_answers_one_after_the_other(
    place: Office, elsewhere: tuple[str, list[str]], rows: list[Row]
):
    place.clock.hurried = True
    for number, row in enumerate(rows):
        told = replace(row, tokens=()) if number and row in BUILDS else row  # the first one's is still good
        try:
            await _try(place, told, elsewhere, f"com.example.shop{number}")
        except AssertionError as error:
            error.add_note(f"in the row {row.name!r}")
            raise


def test_each_row_is_there_once_and_the_table_is_whole():
    assert len({row.name for row in ROWS}) == len(ROWS)
    documented = {200, 201, 202, 204, 400, 401, 403, 404, 409, 429, 500, 503}  # "Getting started"
    for seen in (
        {status for row in ROWS for status in row.uploads},
        {status for row in ROWS for status in row.tokens},
    ):
        assert documented | {408, 413, 415, 422, 502, 504} <= seen


async def test_every_bearer_that_was_given_is_looked_for(place: Office):
    place.onetrust.faults.add("webhook", status=401)
    await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk())]))
    place.onetrust.tokens.revoke()
    looked_for = secrecy.secrets_of(place.environ, place.onetrust).values()

    assert len(place.onetrust.tokens.given) == 2
    assert {*place.onetrust.tokens.given} <= {*looked_for}
