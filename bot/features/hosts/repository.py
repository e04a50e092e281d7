"""The hosts that builds name, how far looking them up has come, and what was said of URLs lately."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bot.core.ports import Clock
from bot.core.scan import Scan
from bot.core.scheduler import Due
from bot.features.hosts.diff import host_changes
from bot.features.hosts.models import HostsFound, HostsPart, HostsState, ScanHosts, UrlCategories
from bot.storage import rows, transitions
from bot.storage.connection import Connection, RowHooks
from bot.storage.database import Database

_AT_A_TIME = 500
"""URLs that are looked for at once: SQLite takes only so many parameters."""


class HostRepository:
    """The rows of hosts: the truth of what is still to be looked up."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def found(self, number: int, found: HostsFound) -> ScanHosts:
        """Keep which hosts a scan's build names, in place of what may be there; they are due at once."""
        hosts = sorted(_known_text(found.hosts))

        def work(db: Connection) -> ScanHosts:
            state = HostsState.LOOKING if hosts else HostsState.NONE
            self._begin(
                db, number, state=state, left_out=found.left_out, cut_short=found.cut_short, problem=None
            )
            for host in hosts:
                db.execute("INSERT INTO hosts (scan, host) VALUES (?, ?)", [number, host])
            self._tell(db, number, f"the build names {_hosts(len(hosts))}")
            return _load(db, number)

        return await self._database.write(work)

    async def unread(self, number: int, problem: str) -> ScanHosts:
        """Keep that the hosts in a scan's build can't be read; ``problem`` is the sentence that says why."""

        def work(db: Connection) -> ScanHosts:
            self._begin(db, number, state=HostsState.FAILED, left_out=0, cut_short=False, problem=problem)
            self._tell(db, number, "the hosts that the build names could not be read")
            return _load(db, number)

        return await self._database.write(work)

    async def of(self, number: int) -> ScanHosts | None:
        """Return the hosts of a scan's build; ``None`` where they were not looked for."""
        return await self._database.read(lambda db: _read(db, number))

    async def due(self, limit: int) -> Due[int]:
        """Return up to ``limit`` scans with hosts to look up now, those that wait longest first.

        ``next_at`` is that of the first of all, which may be due now.
        """
        looking = "FROM host_looks WHERE state = 'looking'"
        query = f"SELECT scan {looking} AND due_at <= ? ORDER BY due_at, scan LIMIT ?"
        parameters = [self._clock.now(), limit]
        return await self._database.read(
            lambda db: Due(
                now=[int(row["scan"]) for row in db.query(query, parameters)],
                next_at=db.execute(f"SELECT min(due_at) {looking}").fetchone()[0],
            )
        )

    async def pending(self, number: int) -> list[str]:
        """Return the hosts of a scan that are still to be looked up, sorted."""
        query = "SELECT host FROM hosts WHERE scan = ? AND NOT looked_up ORDER BY host"
        return await self._database.read(lambda db: [row["host"] for row in db.query(query, [number])])

    async def looked_up(self, number: int, said: Sequence[UrlCategories]) -> ScanHosts | None:
        """Keep what is said of hosts of a scan; with the last of them all are known.

        ``None`` where the scan's hosts are looked up no more, or not kept.
        """

        def work(db: Connection) -> ScanHosts | None:
            before = _read(db, number)
            if before is None or before.state is not HostsState.LOOKING:
                return before
            for each in said:
                db.execute(
                    "UPDATE hosts SET categories = ?, alerts = ?, looked_up = 1 WHERE scan = ? AND host = ?",
                    [_json(each.categories), _json(each.alerts), number, each.url],
                )
            left = "SELECT 1 FROM hosts WHERE scan = ? AND NOT looked_up"
            if db.execute(left, [number]).fetchone() is None:
                self._change(db, number, state=HostsState.KNOWN, problem=None, tries=0)
                known = _load(db, number)
                alerts = sum(host.is_alert for host in known.hosts)
                told = f", {alerts:,} with a security alert" if alerts else ""
                self._tell(db, number, f"Zscaler told of {_hosts(len(known.hosts))}{told}")
            elif said and before.problem is not None:
                self._change(db, number, problem=None)
                self._tell(db, number)
            return _load(db, number)

        return await self._database.write(work)

    async def reschedule(self, number: int, problem: str, due_at: float) -> ScanHosts | None:
        """Keep that a scan's hosts are looked up later, and the sentence that says why."""

        def work(db: Connection) -> ScanHosts | None:
            before = _read(db, number)
            if before is None or before.state is not HostsState.LOOKING:
                return before
            self._change(db, number, problem=problem, due_at=due_at, tries=before.tries + 1)
            if before.problem != problem:
                self._tell(db, number)
            return _load(db, number)

        return await self._database.write(work)

    async def failed(self, number: int, problem: str) -> ScanHosts | None:
        """Keep that a scan's hosts are looked up no more, and the sentence that says why."""

        def work(db: Connection) -> ScanHosts | None:
            before = _read(db, number)
            if before is None or before.state is not HostsState.LOOKING:
                return before
            self._change(db, number, state=HostsState.FAILED, problem=problem)
            self._tell(db, number, "Zscaler did not tell of all hosts")
            return _load(db, number)

        return await self._database.write(work)

    async def cached(self, urls: Sequence[str], since: float) -> dict[str, UrlCategories]:
        """Return what was said of these URLs at ``since`` or later, by URL."""
        asked = sorted(_known_text(urls))

        def work(db: Connection) -> dict[str, UrlCategories]:
            found: dict[str, UrlCategories] = {}
            for at in range(0, len(asked), _AT_A_TIME):
                some = asked[at : at + _AT_A_TIME]
                marks = ", ".join("?" * len(some))
                query = f"SELECT * FROM url_categories WHERE at >= ? AND url IN ({marks})"
                found |= {row["url"]: _categories(row, "url") for row in db.query(query, [since, *some])}
            return found

        return await self._database.read(work)

    async def cache(self, said: Sequence[UrlCategories], *, forget_before: float) -> None:
        """Keep what is said of URLs now, and let go of what was said before ``forget_before``."""
        now = self._clock.now()

        def work(db: Connection) -> None:
            db.execute("DELETE FROM url_categories WHERE at < ?", [forget_before])
            for each in said:
                db.execute(
                    "INSERT OR REPLACE INTO url_categories (url, categories, alerts, at) VALUES (?, ?, ?, ?)",
                    [_text(each.url), _json(each.categories), _json(each.alerts), now],
                )

        await self._database.write(work)

    def _begin(self, db: Connection, number: int, **values: Any) -> None:
        transitions.load(db, number)  # so that a scan that is gone is told as such
        now = self._clock.now()
        row = rows.plain({"scan": number, "since": now, "due_at": now, **values})
        marks = ", ".join("?" * len(row))
        db.execute("DELETE FROM hosts WHERE scan = ?", [number])
        db.execute(
            f"INSERT OR REPLACE INTO host_looks ({', '.join(row)}) VALUES ({marks})", list(row.values())
        )

    def _change(self, db: Connection, number: int, **changes: Any) -> None:
        values = rows.plain(changes)
        assignments = ", ".join(f"{column} = ?" for column in values)
        db.execute(f"UPDATE host_looks SET {assignments} WHERE scan = ?", [*values.values(), number])

    def _tell(self, db: Connection, number: int, why: str = "") -> None:
        """Say that the scan's reply is stale; ``why`` is a line for its timeline."""
        if why:
            state = transitions.load(db, number).state
            transitions.note(db, number, now=self._clock.now(), before=state, after=state, why=why)
        db.execute("UPDATE scans SET revision = revision + 1 WHERE number = ?", [number])


def read(db: Connection, number: int) -> tuple[UrlCategories, ...]:
    """Return the hosts of a scan's build, sorted, with what is known of each."""
    query = "SELECT * FROM hosts WHERE scan = ? ORDER BY host"
    return tuple(_categories(row, "host") for row in db.query(query, [number]))


def _read(db: Connection, number: int) -> ScanHosts | None:
    count = "SELECT count(*) FROM hosts WHERE scan = host_looks.scan AND looked_up"
    query = f"SELECT *, ({count}) AS looked_up FROM host_looks WHERE scan = ?"
    row = next(iter(db.query(query, [number])), None)
    if row is None:
        return None
    values = {**row, "state": HostsState(row["state"]), "cut_short": bool(row["cut_short"])}
    return ScanHosts(**values, hosts=read(db, number))


def _load(db: Connection, number: int) -> ScanHosts:
    found = _read(db, number)
    assert found is not None  # noqa: S101 - its row was written in the same transaction
    return found


def part(db: Connection, number: int) -> HostsPart:
    """Return what a scan's card shows of its build's hosts."""
    hosts = _read(db, number)
    is_known = hosts is not None and hosts.state in {HostsState.KNOWN, HostsState.NONE}
    if hosts is None or not is_known or (known := before(db, number)) is None:
        return HostsPart(hosts=hosts)
    return HostsPart(hosts=hosts, before=known[0], changes=host_changes(known[1], hosts))


def before(db: Connection, number: int) -> tuple[Scan, ScanHosts] | None:
    """Return the last scan of the same app before this one whose hosts are known, and those.

    Only one that everybody who reads this scan's thread may know of, and none that was taken back.
    """
    this = transitions.load(db, number)
    scan = rows.first_scan(
        db,
        "JOIN host_looks ON host_looks.scan = scans.number "
        "WHERE host_looks.state IN ('known', 'none') AND scans.bundle_id = ? AND scans.platform = ? "
        "AND scans.number < ? AND scans.state <> 'cancelled' "
        "AND (coalesce(scans.channel_kind, 'public') = 'public' OR scans.channel = ?) "
        "ORDER BY scans.number DESC",
        this.bundle_id,
        this.platform.value if this.platform else None,
        number,
        this.channel,
    )
    return (scan, _load(db, scan.number)) if scan is not None else None


def _categories(row: Mapping[str, Any], name: str) -> UrlCategories:
    return UrlCategories(
        url=row[name],
        categories=tuple(json.loads(row["categories"])),
        alerts=tuple(json.loads(row["alerts"])),
    )


def _json(texts: Iterable[str]) -> str:
    return json.dumps([_text(text) for text in texts])


def _known_text(texts: Iterable[str]) -> set[str]:
    """Return each text once, as the database takes it."""
    return {_text(text) for text in texts}


def _text(text: str) -> str:
    return str(rows.plain({"text": text})["text"])


def _hosts(count: int) -> str:
    return "1 host" if count == 1 else f"{count:,} hosts"


def _purge(db: Connection, before: float) -> bool:
    """Remove cached categories from before a time; return whether there were any."""
    return bool(db.execute("DELETE FROM url_categories WHERE at < ?", [before]).rowcount)


HOOKS: Final = RowHooks(purge=_purge)
"""What hosts do in the transactions of others."""
