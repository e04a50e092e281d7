"""The schema, in numbered steps. A step that has been released is never changed: add another."""

import sqlite_utils
from sqlite_utils.migrations import Migrations

from bot.store import zscaler_tables

MIGRATIONS = Migrations("appscan")


@MIGRATIONS(name="0001_scans")
def _scans(db: sqlite_utils.Database) -> None:
    for statement in (
        """
        CREATE TABLE scans (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            state TEXT NOT NULL,
            source TEXT NOT NULL,
            revision INTEGER NOT NULL DEFAULT 0,
            shown_revision INTEGER NOT NULL DEFAULT -1,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            begun_at REAL,
            finished_at REAL,
            held_until REAL,
            pulls INTEGER NOT NULL DEFAULT 0,
            withdrawn INTEGER NOT NULL DEFAULT 0,
            channel TEXT, channel_kind TEXT, message_ts TEXT, thread_ts TEXT, reply_ts TEXT,
            file_id TEXT, occasion TEXT NOT NULL DEFAULT '',
            shared_by TEXT, asked_by TEXT, comment TEXT NOT NULL DEFAULT '',
            request_number INTEGER REFERENCES requests (number),
            file_name TEXT NOT NULL, size_bytes INTEGER, sha256 TEXT,
            platform TEXT, bundle_id TEXT, name TEXT, version TEXT, build_number TEXT,
            asked_app_id TEXT, asked_name TEXT, insist INTEGER NOT NULL DEFAULT 0,
            kind TEXT, reason TEXT, app_id TEXT, question TEXT,
            original INTEGER REFERENCES scans (number),
            problem TEXT
        )
        """,
        # A share is one file in one message; the empty occasion is the share itself.
        "CREATE UNIQUE INDEX scans_share ON scans (channel, message_ts, file_id, occasion)",
        "CREATE INDEX scans_state ON scans (state)",
        "CREATE INDEX scans_app ON scans (bundle_id, platform, state)",
        "CREATE INDEX scans_sha256 ON scans (sha256)",
        "CREATE INDEX scans_app_id ON scans (app_id)",
        "CREATE INDEX scans_request ON scans (request_number) WHERE request_number IS NOT NULL",
        "CREATE INDEX scans_stale ON scans (number) WHERE shown_revision < revision",
        """
        CREATE TABLE submissions (
            scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
            scanner TEXT NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            due_at REAL NOT NULL DEFAULT 0,
            request_id TEXT,
            status INTEGER,
            PRIMARY KEY (scan, scanner)
        )
        """,
        "CREATE INDEX submissions_request_id ON submissions (request_id)",
        """
        CREATE TABLE events (
            number INTEGER PRIMARY KEY,
            scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
            at REAL NOT NULL,
            who TEXT,
            before TEXT,
            after TEXT NOT NULL,
            why TEXT NOT NULL
        )
        """,
        "CREATE INDEX events_scan ON events (scan)",
        """
        CREATE TABLE apps (
            bundle_id TEXT NOT NULL,
            platform TEXT NOT NULL,
            app_id TEXT NOT NULL,
            linked_by TEXT,
            linked_at REAL NOT NULL,
            PRIMARY KEY (bundle_id, platform)
        )
        """,
        "CREATE INDEX apps_app_id ON apps (app_id)",
    ):
        db.execute(statement)


@MIGRATIONS(name="0002_requests_and_arrivals")
def _requests_and_arrivals(db: sqlite_utils.Database) -> None:
    for statement in (
        """
        CREATE TABLE requests (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            app_id TEXT NOT NULL,
            channel TEXT NOT NULL, channel_kind TEXT NOT NULL, message_ts TEXT,
            asked_by TEXT NOT NULL,
            created_at REAL NOT NULL,
            expires_at REAL NOT NULL,
            state TEXT NOT NULL,
            latest INTEGER REFERENCES scans (number),
            answer INTEGER REFERENCES scans (number)
        )
        """,
        "CREATE INDEX requests_message ON requests (channel, message_ts)",
        "CREATE INDEX requests_state ON requests (state, expires_at)",
        # Files that Slack named without their message: looked up until the message is known.
        """
        CREATE TABLE arrivals (
            file_id TEXT NOT NULL,
            channel TEXT NOT NULL,
            event_ts TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            due_at REAL NOT NULL,
            PRIMARY KEY (file_id, channel, event_ts)
        )
        """,
    ):
        db.execute(statement)


@MIGRATIONS(name="0003_search")
def _search(db: sqlite_utils.Database) -> None:
    columns = ("name", "bundle_id", "file_name", "version")
    listed = ", ".join(columns)
    new = ", ".join(f"new.{column}" for column in columns)
    old = ", ".join(f"old.{column}" for column in columns)
    remove = f"INSERT INTO scans_fts (scans_fts, rowid, {listed}) VALUES ('delete', old.number, {old});"
    add = f"INSERT INTO scans_fts (rowid, {listed}) VALUES (new.number, {new});"
    db.execute(
        f"CREATE VIRTUAL TABLE scans_fts USING fts5 ({listed}, content='scans', content_rowid='number')"
    )
    db.execute("INSERT INTO scans_fts (scans_fts) VALUES ('rebuild')")
    db.execute(f"CREATE TRIGGER scans_added AFTER INSERT ON scans BEGIN {add} END")
    db.execute(f"CREATE TRIGGER scans_removed AFTER DELETE ON scans BEGIN {remove} END")
    # Only when what is indexed changes: a scan's state changes far more often.
    db.execute(f"CREATE TRIGGER scans_renamed AFTER UPDATE OF {listed} ON scans BEGIN {remove} {add} END")


@MIGRATIONS(name="0004_known_apps")
def _known_apps(db: sqlite_utils.Database) -> None:
    # Apps that were submitted by scans which were purged since; public: one of those was for all to see.
    db.execute(
        """
        CREATE TABLE known_apps (
            bundle_id TEXT NOT NULL,
            platform TEXT NOT NULL,
            public INTEGER NOT NULL,
            PRIMARY KEY (bundle_id, platform)
        )
        """
    )
    # A purge clears what leads to a scan, and SQLite looks for it with each scan that is removed.
    db.execute("CREATE INDEX scans_original ON scans (original)")
    db.execute("CREATE INDEX scans_updated ON scans (updated_at)")


@MIGRATIONS(name="0005_alive_and_missed")
def _alive_and_missed(db: sqlite_utils.Database) -> None:
    # When Slack was first and last heard: one row.
    db.execute(
        "CREATE TABLE alive "
        "(id INTEGER PRIMARY KEY CHECK (id = 1), first_at REAL NOT NULL, last_at REAL NOT NULL)"
    )
    # Conversations to look through, and since when; the empty channel is all of them.
    db.execute("CREATE TABLE missed (channel TEXT PRIMARY KEY, since REAL NOT NULL)")


@MIGRATIONS(name="0006_notices")
def _notices(db: sqlite_utils.Database) -> None:
    # What a channel was told about its queue and is still to be told of its end.
    db.execute(
        """
        CREATE TABLE notices (
            channel TEXT PRIMARY KEY,
            message_ts TEXT,
            opened_at REAL NOT NULL,
            away_since REAL,
            was_away INTEGER NOT NULL,
            waiting INTEGER NOT NULL,
            unanswered INTEGER NOT NULL
        )
        """
    )


@MIGRATIONS(name="0007_scans_counted")
def _scans_counted(db: sqlite_utils.Database) -> None:
    # Counting the scans by state and platform reads this index alone; it also does what the old one did.
    db.execute("CREATE INDEX scans_state_platform ON scans (state, platform)")
    db.execute("DROP INDEX scans_state")


@MIGRATIONS(name="0008_file_type")
def _file_type(db: sqlite_utils.Database) -> None:
    db.execute("ALTER TABLE scans ADD COLUMN file_type TEXT")
    # Until now a platform had one kind of file.
    db.execute(
        "UPDATE scans SET file_type = CASE platform WHEN 'ios' THEN 'ipa' ELSE 'apk' END "
        "WHERE platform IS NOT NULL"
    )


@MIGRATIONS(name="0009_routes")
def _routes(db: sqlite_utils.Database) -> None:
    for column in ("route TEXT", "route_why TEXT NOT NULL DEFAULT ''", "application_id TEXT", "scan_id TEXT"):
        db.execute(f"ALTER TABLE submissions ADD COLUMN {column}")
    # What was sent before there was a second route went by the webhook.
    db.execute("UPDATE submissions SET route = 'webhook' WHERE attempts > 0")


@MIGRATIONS(name="0010_submissions_application")
def _submissions_application(db: sqlite_utils.Database) -> None:
    # Whose scans tell of an application is looked up for each that is listed.
    db.execute(
        "CREATE INDEX submissions_application ON submissions (application_id) "
        "WHERE application_id IS NOT NULL"
    )


@MIGRATIONS(name="0011_results")
def _results(db: sqlite_utils.Database) -> None:
    scan = "scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE"
    for statement in (
        # One row for each scan that was, or may have been, submitted; what was submitted before has none.
        """
        CREATE TABLE results (
            scan INTEGER PRIMARY KEY REFERENCES scans (number) ON DELETE CASCADE,
            state TEXT NOT NULL,
            status TEXT,
            since REAL NOT NULL,
            followed_at REAL NOT NULL,
            looks INTEGER NOT NULL DEFAULT 0,
            looked_at REAL,
            due_at REAL NOT NULL,
            looked_for TEXT NOT NULL DEFAULT '',
            ended_at REAL,
            announced_ts TEXT,
            scanned_at REAL, version TEXT, engine_version TEXT,
            sdk_count INTEGER, sdk_categories TEXT,
            permission_count INTEGER, high_risk_count INTEGER, permission_categories TEXT,
            manifest_total INTEGER, manifest_aligned INTEGER,
            manifest_mismatched INTEGER, manifest_missing INTEGER
        )
        """,
        "CREATE INDEX results_due ON results (due_at) WHERE state IN ('finding', 'running')",
        "CREATE INDEX results_unannounced ON results (scan) "
        "WHERE ended_at IS NOT NULL AND coalesce(announced_ts, '') = ''",
        f"""
        CREATE TABLE sdks (
            {scan},
            package_id TEXT NOT NULL, name TEXT NOT NULL, vendor TEXT,
            category TEXT NOT NULL, description TEXT
        )
        """,
        "CREATE INDEX sdks_scan ON sdks (scan)",
        f"""
        CREATE TABLE permissions (
            {scan},
            name TEXT NOT NULL, category TEXT, description TEXT, status TEXT, sensitivity TEXT
        )
        """,
        "CREATE INDEX permissions_scan ON permissions (scan)",
        f"""
        CREATE TABLE data_types (
            {scan},
            name TEXT NOT NULL, sdk_count INTEGER NOT NULL, purposes TEXT NOT NULL,
            mismatches INTEGER NOT NULL
        )
        """,
        "CREATE INDEX data_types_scan ON data_types (scan)",
        "CREATE INDEX submissions_scan_id ON submissions (scan_id) WHERE scan_id IS NOT NULL",
    ):
        db.execute(statement)


@MIGRATIONS(name="0012_breaches")
def _breaches(db: sqlite_utils.Database) -> None:
    db.execute(
        # A button names a breach by its number, so none is given twice.
        """
        CREATE TABLE breaches (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
            rule TEXT NOT NULL,
            found TEXT NOT NULL,
            more INTEGER NOT NULL DEFAULT 0,
            tell TEXT NOT NULL,
            at REAL NOT NULL,
            acknowledged_by TEXT,
            acknowledged_at REAL,
            reason TEXT NOT NULL DEFAULT '',
            UNIQUE (scan, rule)
        )
        """
    )


@MIGRATIONS(name="0013_uploads")
def _uploads(db: sqlite_utils.Database) -> None:
    # What was put on the FTP server and is to be removed from there, whatever becomes of its scan.
    db.execute("CREATE TABLE uploads (name TEXT PRIMARY KEY, scan INTEGER NOT NULL, at REAL NOT NULL)")
    db.execute("CREATE INDEX uploads_at ON uploads (at)")


@MIGRATIONS(name="0014_known_sdks")
def _known_sdks(db: sqlite_utils.Database) -> None:
    # Each SDK once, however many scans found it: what is looked for by a part of a name is looked for here.
    same = "package_id = {0}.package_id AND name = {0}.name AND vendor IS {0}.vendor"
    for statement in (
        "CREATE TABLE known_sdks (package_id TEXT NOT NULL, name TEXT NOT NULL, vendor TEXT)",
        "CREATE UNIQUE INDEX known_sdks_each ON known_sdks (package_id, name, coalesce(vendor, ''))",
        "INSERT OR IGNORE INTO known_sdks SELECT DISTINCT package_id, name, vendor FROM sdks",
        "CREATE INDEX sdks_known ON sdks (package_id, name, vendor, scan)",
        "CREATE TRIGGER sdks_added AFTER INSERT ON sdks BEGIN "
        "INSERT OR IGNORE INTO known_sdks VALUES (new.package_id, new.name, new.vendor); END",
        "CREATE TRIGGER sdks_removed AFTER DELETE ON sdks "
        f"WHEN NOT EXISTS (SELECT 1 FROM sdks WHERE {same.format('old')}) BEGIN "
        f"DELETE FROM known_sdks WHERE {same.format('old')}; END",
    ):
        db.execute(statement)


@MIGRATIONS(name="0015_scans_name")
def _scans_name(db: sqlite_utils.Database) -> None:
    # New apps are looked for in OneTrust by their names.
    db.execute("CREATE INDEX scans_name ON scans (name, platform) WHERE kind = 'new'")


@MIGRATIONS(name="0016_opinions")
def _opinions(db: sqlite_utils.Database) -> None:
    # Zscaler's part of a scan. How sending it goes is a row of submissions, as OneTrust's is.
    for statement in (
        """
        CREATE TABLE opinions (
            scan INTEGER PRIMARY KEY REFERENCES scans (number) ON DELETE CASCADE,
            state TEXT NOT NULL,
            begun_at REAL NOT NULL,
            looks INTEGER NOT NULL DEFAULT 0,
            since REAL,
            problem TEXT,
            known_from INTEGER REFERENCES scans (number) ON DELETE SET NULL,
            ended_at REAL,
            held_at REAL, held_until REAL, went_on_after_s REAL,
            announced_ts TEXT,
            threat TEXT, category TEXT, score INTEGER, malware TEXT, file_type TEXT, duration_s REAL,
            risks TEXT NOT NULL DEFAULT '[]',
            is_full INTEGER NOT NULL DEFAULT 0, is_instant INTEGER NOT NULL DEFAULT 0
        )
        """,
        "CREATE INDEX opinions_state ON opinions (state)",
        "CREATE INDEX opinions_since ON opinions (since)",
        # SQLite looks for what is known from a scan with each scan that is removed.
        "CREATE INDEX opinions_known_from ON opinions (known_from) WHERE known_from IS NOT NULL",
        "CREATE INDEX opinions_unannounced ON opinions (scan) "
        "WHERE threat IN ('MALICIOUS', 'SUSPICIOUS') AND coalesce(announced_ts, '') = ''",
    ):
        db.execute(statement)


@MIGRATIONS(name="0017_hosts")
def _hosts(db: sqlite_utils.Database) -> None:
    for statement in zscaler_tables.HOSTS:
        db.execute(statement)


@MIGRATIONS(name="0018_governance")
def _governance(db: sqlite_utils.Database) -> None:
    for statement in zscaler_tables.GOVERNANCE:
        db.execute(statement)


@MIGRATIONS(name="0019_asked_verdicts")
def _asked_verdicts(db: sqlite_utils.Database) -> None:
    for statement in zscaler_tables.ASKED_VERDICTS:
        db.execute(statement)


@MIGRATIONS(name="0020_side_scanners")
def _side_scanners(db: sqlite_utils.Database) -> None:
    for statement in zscaler_tables.SIDE_SCANNERS:
        db.execute(statement)
