"""What became of the builds: the stand-ins' own logs, laid beside the bot's rows."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.ftp import FtpSandbox
from sandbox.onetrust import OneTrustSandbox
from sandbox.reading import Reader
from sandbox.slack import SlackSandbox
from sandbox.world import Message
from tests.acceptance.kills.people import Sent

SAYS = {
    "submitted": ("was submitted to OneTrust", "ID:"),
    "uncertain": ("It is not certain that OneTrust took",),
    "asking": ("a rescan", "?", "Scan as a new app"),
    "duplicate": ("was not submitted again",),
    "rejected": ("can't be scanned",),
    "failed": ("was not submitted.", "Try again"),
    "cancelled": ("was not submitted.",),
}
"""The states in which a scan may rest, and what its reply then says."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A scan, as the bot's database has it."""

    number: int
    place: tuple[str, str, str]
    """Channel, message and file."""
    state: str
    id: str | None
    """What OneTrust gave: a request ID, or by the Applications API a scan ID."""
    is_shown: bool


def read_rows(database: Path) -> list[Row]:
    """Return the scans that shares made; none where there is no database yet."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as db:
        found = db.execute(
            "SELECT number, channel, message_ts, file_id, scans.state, coalesce(o.request_id, o.scan_id), "
            "shown_revision >= revision FROM scans JOIN submissions AS o ON o.scan = number "
            "WHERE o.scanner = 'onetrust' AND occasion = '' ORDER BY number"
        ).fetchall()
    return [
        Row(number=row[0], place=(row[1], row[2], row[3]), state=row[4], id=row[5], is_shown=row[6])
        for row in found
    ]


def unsettled(sent: Sequence[Sent], rows: Sequence[Row]) -> list[str]:
    """Return which shares have not come to rest, with a reply that shows it."""
    found = {row.place: row for row in rows}
    late = []
    for each in sent:
        row = found.get(_place(each))
        if row is None:
            late.append(f"{each.package} has no row")
        elif row.state not in SAYS or not row.is_shown:
            late.append(f"#{row.number} {each.package} is {row.state}, shown: {bool(row.is_shown)}")
    return late


def unjudged(database: Path) -> list[str]:
    """Return what has not come to rest of what Zscaler is asked."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as db:
        found = db.execute(
            "SELECT '#' || scan || ': the verdict is ' || state FROM opinions "
            "WHERE state IN ('waiting', 'analysing') "
            "OR (threat = 'MALICIOUS' AND coalesce(announced_ts, '') = '') "
            "UNION ALL SELECT '#' || scan || ': hosts are ' || state FROM host_looks WHERE state = 'looking'"
        ).fetchall()
    return [line for (line,) in found]


@dataclass(kw_only=True)
class Verdict:
    """What was found; each list names what is wrong."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    """How often the bot was killed, by moment."""
    builds: int = 0
    states: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    judged: Counter[str] = field(default_factory=Counter)
    """What Zscaler said, or how far asking it came."""
    routes: Counter[str] = field(default_factory=Counter)
    """How many were taken by each route."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong_replies: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    """Of the database, and ends of the bot that nobody asked for."""

    @property
    def troubles(self) -> dict[str, list[str]]:
        """What is wrong, by kind."""
        return {
            "lost": self.lost,
            "doubled": self.doubled,
            "wrong replies": self.wrong_replies,
            "leftovers": self.leftovers,
            "damage": self.damage,
        }

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self.troubles.values())

    def table(self) -> str:
        """Return it all for people."""
        counts = {"seed": self.seed, "kills": self.kills.total(), "builds": self.builds}
        lines = [f"{name:<15}{count}" for name, count in counts.items()]
        lines += [f"  {state:<13}{count}" for state, count in self.states.most_common()]
        lines.append(f"{'taken':<15}{self.taken}")
        lines += [f"  {route:<13}{count}" for route, count in self.routes.most_common()]
        lines += [f"  {said:<13}{count}" for said, count in self.judged.most_common()]
        lines += [f"{kind:<15}{len(found)}" for kind, found in self.troubles.items()]
        lines += [f"  {kind}: {each}" for kind, found in self.troubles.items() for each in found]
        lines += ["killed"] + [f"  {count:>4} {moment}" for moment, count in self.kills.most_common()]
        return "\n".join(lines)

    def look(
        self,
        sent: Sequence[Sent],
        database: Path,
        slack: SlackSandbox,
        onetrust: OneTrustSandbox,
        temporary: Path,
    ) -> None:
        """Compare what was shared, what is in the rows, and what the stand-ins saw."""
        rows = {row.place: row for row in read_rows(database)}
        took = Counter(taken.sha256 for taken in onetrust.received)
        self.builds, self.taken = len(sent), took.total()
        self.lost += unsettled(sent, list(rows.values()))
        self.doubled += [
            f"{each.package} {each.sha256[:12]}: {took[each.sha256]} times"
            for each in {each.sha256: each for each in sent}.values()
            if took[each.sha256] > 1
        ]
        states: dict[str, set[str]] = {}
        for each in sent:
            if (row := rows.get(_place(each))) is not None:
                self.states[row.state] += 1
                states.setdefault(each.sha256, set()).add(row.state)
                self._look_at_thread(each, row, slack)
                self._look_at_receipt(each, row, onetrust)
        self.wrong_replies += [
            f"OneTrust took {sha256[:12]}, and it is {found}"
            for sha256, found in states.items()
            if took[sha256] and not found & {"submitted", "uncertain"}
        ]
        self._look_at_database(database)
        room = database.with_name(database.name + ".builds")
        self.leftovers += [str(path) for folder in (room, temporary) for path in folder.rglob("*")]

    def look_at_depot(self, database: Path, ftp: FtpSandbox, onetrust: OneTrustSandbox) -> None:
        """Compare what is on the FTP server with what the bot will remove, and OneTrust fetched."""
        with closing(sqlite3.connect(database)) as db:
            known = {name for (name,) in db.execute("SELECT name FROM uploads")}
        self.leftovers += [name for name in ftp.stored() if name.removesuffix(".part") not in known]
        self.lost += [f"no {taken.file_path} to fetch" for taken in onetrust.received if not taken.found]
        self.routes = Counter(taken.route for taken in onetrust.received)

    def look_at_verdicts(self, sent: Sequence[Sent], database: Path, slack: SlackSandbox) -> None:
        """Compare what Zscaler said with the messages that tell of it."""
        self.lost += unjudged(database)
        with closing(sqlite3.connect(database)) as db:
            known = db.execute("SELECT scan, coalesce(threat, state) FROM opinions").fetchall()
        self.judged = Counter(said for _, said in known)
        bad = {number for number, said in known if said == "MALICIOUS"}
        rows = {row.place: row for row in read_rows(database)}
        for each in sent:
            if (row := rows.get(_place(each))) is None:
                continue
            told = sum(_tells_of_verdict(message) for message in _replies(each, slack))
            if told != (row.number in bad):
                self.wrong_replies.append(f"#{row.number}: {told} messages tell of its verdict")

    def _look_at_thread(self, sent: Sent, row: Row, slack: SlackSandbox) -> None:
        replies = [message for message in _replies(sent, slack) if not _tells_of_verdict(message)]
        if len(replies) != 1:
            self.wrong_replies.append(f"#{row.number} {row.state}: {len(replies)} replies")
            return
        said = Reader(slack.world).body(replies[0])
        words = [*SAYS.get(row.state, ()), *([row.id] if row.id else [])]
        if missing := [word for word in words if word not in said]:
            self.wrong_replies.append(f"#{row.number} {row.state}: no {missing} in {said!r}")

    def _look_at_receipt(self, sent: Sent, row: Row, onetrust: OneTrustSandbox) -> None:
        took = (taken for taken in onetrust.received if taken.sha256 == sent.sha256)
        given = {taken.request_id or taken.scan_id for taken in took}
        if row.state == "submitted" and row.id not in given:
            self.lost.append(f"#{row.number} {sent.package} is submitted, and OneTrust never took it")

    def _look_at_database(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as db:
            checks = db.execute("PRAGMA integrity_check").fetchall()
            self.damage += [str(line[0]) for line in checks if line[0] != "ok"]
            self.damage += [f"foreign key: {line}" for line in db.execute("PRAGMA foreign_key_check")]


def _replies(sent: Sent, slack: SlackSandbox) -> list[Message]:
    """Return the bot's messages under a share."""
    head = slack.world.find_message(sent.shared.channel, sent.shared.ts)
    thread = slack.world.replies(head) if head else []
    return [message for message in thread if message.user == slack.bot_user_id]


def _tells_of_verdict(message: Message) -> bool:
    return (message.metadata or {}).get("event_type") == "appscan_verdict"


def _place(sent: Sent) -> tuple[str, str, str]:
    return (sent.shared.channel, sent.shared.ts, sent.shared.file_id)
