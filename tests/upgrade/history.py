"""What an installation left behind: its database, its messages and forms in Slack, what the scanners know.

A fixture is a folder. ``save`` writes one of an ``Office`` at work, as a kill would leave it; ``restored``
opens one with the bot of today in it.
"""

import base64
import json
import sqlite3
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sandbox.clock import Clock
from sandbox.onetrust import Submission
from sandbox.onetrust.records import App
from sandbox.onetrust.scanning import Scan
from sandbox.world import Channel, ChannelKind, File, FileMode, FileShare, Message, Team, User, View, World
from sandbox.zscaler.records import Submission as Sent
from sandbox.zscaler.reports import Verdict
from tests.scenario.office import Office, ShiftedClock, office

FOLDER = Path(__file__).parent / "e0843f7"

Json = dict[str, Any]


class OutsideClock(Clock):
    """The stand-ins' time: that of the bot's clock."""

    def __init__(self, clock: ShiftedClock) -> None:
        self._clock = clock

    def now(self) -> float:
        """Return the time."""
        return self._clock.now()


# The database, as SQL.


def dump(database: Path) -> Iterator[str]:
    """Tell a database as SQL, a statement a line: tables, rows, then indexes and triggers.

    The rows of the search index are left out: SQLite makes them anew of its content.
    """
    with closing(sqlite3.connect(database)) as db:
        made = db.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        schema = [(kind, name, " ".join(sql.split())) for kind, name, sql in made]
        search = [name for _, name, sql in schema if sql.startswith("CREATE VIRTUAL TABLE")]
        inside = tuple(f"{name}_" for name in search)
        tables = [
            (name, sql)
            for kind, name, sql in schema
            if kind == "table" and name not in search and not (inside and name.startswith(inside))
        ]
        yield "BEGIN;"
        for name, sql in tables:
            if name != "sqlite_sequence":
                yield f"{sql};"
        for name, _ in tables:
            if name != "sqlite_sequence":
                yield from _rows(db, name)
        yield "DELETE FROM sqlite_sequence;"  # the rows before have set it: numbers that are gone count too
        yield from _rows(db, "sqlite_sequence")
        for _, name, sql in schema:
            if name in search:
                yield f"{sql};"
                yield f"INSERT INTO {name} ({name}) VALUES ('rebuild');"
        for kind, _, sql in schema:
            if kind in {"index", "trigger"}:
                yield f"{sql};"
        (version,) = db.execute("PRAGMA user_version").fetchone()
        yield f"PRAGMA user_version = {version};"
        yield "COMMIT;"


def _rows(db: sqlite3.Connection, table: str) -> Iterator[str]:
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    endless = "CASE WHEN {0} = 9e999 THEN '9e999' ELSE quote({0}) END"  # quote() spells it as no literal
    quoted = " || ', ' || ".join(endless.format(f'"{column}"') for column in columns)
    named = ", ".join(columns)
    for (values,) in db.execute(f"SELECT {quoted} FROM {table} ORDER BY 1"):
        yield f"INSERT INTO {table} ({named}) VALUES ({values});".replace("\n", "' || char(10) || '")


def make_database(folder: Path, database: Path) -> None:
    """Make the database of a fixture."""
    with closing(sqlite3.connect(database)) as db:
        db.executescript((folder / "history.sql").read_text())


def before(query: str, folder: Path = FOLDER) -> list[tuple[Any, ...]]:
    """Ask the database as the older version left it."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript((folder / "history.sql").read_text())
        return database.execute(query).fetchall()


def rows(place: Office, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Ask the database that the bot of today works on."""
    with closing(sqlite3.connect(place.environ["APPSCAN_DB"])) as database:
        return database.execute(query, values).fetchall()


def reply_of(place: Office, number: int) -> Message | None:
    """Return the bot's reply that shows a scan."""
    ((channel, ts),) = rows(place, "SELECT channel, reply_ts FROM scans WHERE number = ?", number)
    return place.slack.world.find_message(channel, ts) if channel and ts else None


# What is around it, as JSON.


def save(place: Office, folder: Path) -> None:
    """Write an installation at work into a folder, as it is at this moment."""
    copy = folder / "copy.db"
    with (
        closing(sqlite3.connect(place.environ["APPSCAN_DB"])) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    at = place.clock.now()
    _write(folder / "workspace.json", _workspace(place.slack.world) | {"at": at})
    _write(folder / "messages.json", [asdict(message) for message in place.slack.world.messages.values()])
    _write(folder / "views.json", [asdict(view) for view in place.slack.world.views.values()])
    _write(folder / "scanners.json", _scanners(place))
    (folder / "history.sql").write_text("".join(f"{line}\n" for line in dump(copy)))
    copy.unlink()


def _write(path: Path, told: Json | list[Json]) -> None:
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def read(name: str, folder: Path = FOLDER) -> Any:
    """Return what is in one of a fixture's JSON files."""
    return json.loads((folder / name).read_text())


def _workspace(world: World) -> Json:
    files = []
    for file in world.files.values():
        told = asdict(file)
        told["content"] = base64.b64encode(zlib.compress(file.content, 9)).decode()
        files.append(told)
    return {
        "team": asdict(world.team),
        "users": [asdict(user) for user in world.users.values()],
        "channels": [asdict(channel) for channel in world.channels.values()],
        "files": files,
    }


def make_world(folder: Path, clock: Clock) -> World:
    """Make the workspace of a fixture."""
    world = World(clock=clock)
    told = read("workspace.json", folder)
    world.team = Team(**told["team"])
    world.users = {each["id"]: User(**each) for each in told["users"]}
    for each in told["channels"]:
        world.channels[each["id"]] = Channel(**each | {"kind": ChannelKind(each["kind"])})
    for each in told["files"]:
        parts = {
            "content": zlib.decompress(base64.b64decode(each["content"])),
            "mode": FileMode(each["mode"]),
            "shares": [FileShare(**share) for share in each["shares"]],
        }
        world.files[each["id"]] = File(**each | parts)
    for each in read("messages.json", folder):
        world.messages[each["channel"], each["ts"]] = Message(**each)
    for each in read("views.json", folder):
        world.views[each["id"]] = View(**each | {"open": False})
    return world


def _scanners(place: Office) -> Json:
    reports = place.zscaler.reports
    return {
        "apps": [asdict(app) for app in place.onetrust.apps],
        "scans": [asdict(scan) | {"told_results": None} for scan in place.onetrust.scans],
        "received": [asdict(submission) for submission in place.onetrust.received],
        "sent": [asdict(submission) for submission in place.zscaler.submissions],
        "verdicts": {md5: asdict(verdict) for md5, verdict in reports._verdicts.items()},
        "hosts": place.zscaler.world.categories,
    }


def fill_scanners(folder: Path, place: Office) -> None:
    """Let the scanners' stand-ins know what those of the fixture knew."""
    told = read("scanners.json", folder)
    apps = {each["id"]: App(**each) for each in told["apps"]}
    place.onetrust.apps.extend(apps.values())
    for each in told["scans"]:
        app = apps.get(each["app"]["id"]) or App(**each["app"])
        place.onetrust.scans.append(Scan(**each | {"app": app}))
    place.onetrust.received.extend(Submission(**each) for each in told["received"])
    for each in told["sent"]:
        sent = Sent(**each)
        place.zscaler.submissions.append(sent)
        place.zscaler.reports.take(sent)
    for md5, each in told["verdicts"].items():
        risks = [(risk, signature) for risk, signature in each.pop("risks")]
        place.zscaler.verdict_for(md5, **Verdict(**each).__dict__ | {"risks": risks})
    place.zscaler.world.categories |= told["hosts"]


@asynccontextmanager
async def restored(
    folder: Path, tmp_path: Path, *, prepare: Callable[[Office], None] | None = None
) -> AsyncIterator[Office]:
    """Open a fixture, and start the bot of today in it a second after it was written."""
    make_database(folder, tmp_path / "appscan.db")
    clock = ShiftedClock()
    clock.advance(read("workspace.json", folder)["at"] + 1 - time.time())
    outside = OutsideClock(clock)

    def furnish(place: Office) -> None:
        fill_scanners(folder, place)
        place.environ["APPSCAN_ADMINS"] = f"{place.dana.id} {place.eli.id}"
        if prepare is not None:
            prepare(place)

    async with office(
        tmp_path,
        world=make_world(folder, outside),
        clock=clock,
        outside=outside,
        prepare=furnish,
        zscaler=True,
        ONETRUST_RESULTS_HOURS="24",
        ONETRUST_RESULTS_POLL_S="5",
    ) as place:
        yield place
