"""The rows of hosts and of the categories of URLs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.core.scan import Scan
from bot.core.scheduler import Due
from bot.features.hosts.models import HostChanges, HostsFound, HostsPart, HostsState, ScanHosts, UrlCategories
from bot.storage import rows, transitions
from bot.storage.connection import Connection, RowHooks
from bot.storage.repository import Repository, reads, writes


class HostRepository(Repository):
    """The hosts of builds, the progress of looking them up, and the cached categories of URLs."""

    @writes
    def found(self, db: Connection, number: int, found: HostsFound) -> ScanHosts:
        """Replace the hosts of a scan's build; they are due at once."""
        hosts = sorted(set(found.hosts))
        state = HostsState.LOOKING if hosts else HostsState.NONE
        values = {"state": state, "left_out": found.left_out, "cut_short": found.cut_short}
        return self._begin(db, number, hosts, f"the build names {_count(len(hosts))}", values)

    @writes
    def unread(self, db: Connection, number: int, problem: str) -> ScanHosts:
        """Record that the hosts of a scan's build can't be read; ``problem`` is the sentence for people."""
        why = "the hosts that the build names could not be read"
        return self._begin(db, number, [], why, {"state": HostsState.FAILED, "problem": problem})

    @reads
    def of(self, db: Connection, number: int) -> ScanHosts | None:
        """Return the hosts of a scan's build; ``None`` if they were not read."""
        return _read(db, number)

    @reads
    def due(self, db: Connection, limit: int) -> Due[int]:
        """Return up to ``limit`` scans with hosts to look up now, the longest due first.

        ``next_at`` is that of the first of all, which may be due now.
        """
        looking = "FROM host_looks WHERE state = 'looking'"
        query = f"SELECT scan {looking} AND due_at <= ? ORDER BY due_at, scan LIMIT ?"
        return Due(
            now=[int(row["scan"]) for row in db.query(query, [self.clock.now(), limit])],
            next_at=db.execute(f"SELECT min(due_at) {looking}").fetchone()[0],
        )

    @writes
    def looked_up(self, db: Connection, number: int, results: Sequence[UrlCategories]) -> ScanHosts | None:
        """Store the categories of some of a scan's hosts; after the last one, all are known."""
        for each in results:
            values = {**_lists(each), "looked_up": True}
            rows.update(db, "hosts", values, scan=number, host=each.url)
        hosts = _read(db, number)
        if hosts is None or hosts.pending:
            return self._change(db, number, problem=None)
        alerts = sum(host.is_alert for host in hosts.hosts)
        also = f", {alerts:,} with a security alert" if alerts else ""
        why = f"{_count(len(hosts.hosts))} looked up{also}"
        return self._change(db, number, why, state=HostsState.KNOWN, problem=None)

    @writes
    def reschedule(self, db: Connection, number: int, problem: str, due_at: float) -> ScanHosts | None:
        """Reschedule the look-up; ``problem`` is the sentence for people."""
        return self._change(db, number, problem=problem, due_at=due_at)

    @writes
    def failed(self, db: Connection, number: int, problem: str) -> ScanHosts | None:
        """Stop looking up a scan's hosts; ``problem`` is the sentence for people."""
        why = "not all hosts could be looked up"
        return self._change(db, number, why, state=HostsState.FAILED, problem=problem)

    @reads
    def cached(self, db: Connection, urls: Sequence[str], since: float) -> dict[str, UrlCategories]:
        """Return the categories of these URLs that were cached at ``since`` or later, by URL."""
        keys = json.dumps([*map(_valid, urls)])
        query = "SELECT * FROM url_categories WHERE at >= ? AND url IN (SELECT value FROM json_each(?))"
        return {row["url"]: _categories(row, "url") for row in db.query(query, [since, keys])}

    @writes
    def cache(self, db: Connection, results: Sequence[UrlCategories], *, forget_before: float) -> None:
        """Cache the categories of URLs, and remove those from before ``forget_before``."""
        now = self.clock.now()
        _purge(db, forget_before)
        db.conn.executemany(
            "INSERT OR REPLACE INTO url_categories (url, categories, alerts, at) VALUES (?, ?, ?, ?)",
            [[_valid(each.url), *_lists(each).values(), now] for each in results],
        )

    def _begin(
        self, db: Connection, number: int, hosts: Sequence[str], why: str, values: Mapping[str, Any]
    ) -> ScanHosts:
        now = self.clock.now()
        row = rows.plain({"scan": number, "since": now, "due_at": now, **values})
        marks = ", ".join("?" * len(row))
        transitions.load(db, number)  # raises NotFound if the scan was purged
        db.execute("DELETE FROM hosts WHERE scan = ?", [number])
        db.execute(f"REPLACE INTO host_looks ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        db.conn.executemany(
            "INSERT INTO hosts (scan, host) VALUES (?, ?)", [[number, host] for host in hosts]
        )
        transitions.note(db, number, now=now, why=why)
        transitions.touch(db, number)
        return _load(db, number)

    def _change(self, db: Connection, number: int, why: str = "", **changes: Any) -> ScanHosts | None:
        """Change a scan's hosts, if they are still being looked up, and return them as they are then."""
        before = _read(db, number)
        if before is None or before.state is not HostsState.LOOKING:
            return before
        rows.update(db, "host_looks", changes, scan=number)
        if why or before.problem != changes["problem"]:
            transitions.touch(db, number)
        if why:
            transitions.note(db, number, now=self.clock.now(), why=why)
        return _load(db, number)


def _read(db: Connection, number: int) -> ScanHosts | None:
    query = "SELECT scan, state, left_out, cut_short, problem, since, due_at FROM host_looks WHERE scan = ?"
    for row in db.query(query, [number]):
        values = {**row, "state": HostsState(row["state"]), "cut_short": bool(row["cut_short"])}
        hosts = list(db.query("SELECT * FROM hosts WHERE scan = ? ORDER BY host", [number]))
        return ScanHosts(
            **values,
            hosts=tuple(_categories(each, "host") for each in hosts),
            pending=tuple(each["host"] for each in hosts if not each["looked_up"]),
        )
    return None


def _load(db: Connection, number: int) -> ScanHosts:
    found = _read(db, number)
    assert found is not None  # noqa: S101 - the caller has seen its row in the same transaction
    return found


def part(db: Connection, number: int) -> HostsPart:
    """Return what a scan's card shows of its build's hosts."""
    hosts = _read(db, number)
    is_known = hosts is not None and hosts.state in {HostsState.KNOWN, HostsState.NONE}
    if hosts is None or not is_known or (known := before(db, number)) is None:
        return HostsPart(hosts=hosts)
    return HostsPart(hosts=hosts, before=known[0], changes=HostChanges.between(known[1], hosts))


def before(db: Connection, number: int) -> tuple[Scan, ScanHosts] | None:
    """Return the previous scan of the same app whose hosts are known, with those hosts.

    Cancelled scans are left out, and so are scans that not every reader of this scan's thread may see.
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


def _lists(of: UrlCategories) -> dict[str, str]:
    """Return the columns ``categories`` and ``alerts``."""
    lists = {"categories": of.categories, "alerts": of.alerts}
    return {name: _valid(json.dumps(names, ensure_ascii=False)) for name, names in lists.items()}


def _valid(text: str) -> str:
    """Return text as valid Unicode, as ``rows.plain`` makes it."""
    return str(rows.plain({"text": text})["text"])


def _count(hosts: int) -> str:
    return "1 host" if hosts == 1 else f"{hosts:,} hosts"


def _purge(db: Connection, before: float) -> bool:
    """Remove cached categories from before a time; return whether there were any."""
    return bool(db.execute("DELETE FROM url_categories WHERE at < ?", [before]).rowcount)


HOOKS: Final = RowHooks(purge=_purge)
"""What hosts do in the transactions of other features."""
