"""The schema, as numbered SQL scripts. A released one never changes: add another."""

from typing import Final

SCRIPTS: Final = {
    "0001_scans": """
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
        );
        -- A share is one file in one message; the empty occasion is the share itself.
        CREATE UNIQUE INDEX scans_share ON scans (channel, message_ts, file_id, occasion);
        CREATE INDEX scans_state ON scans (state);
        CREATE INDEX scans_app ON scans (bundle_id, platform, state);
        CREATE INDEX scans_sha256 ON scans (sha256);
        CREATE INDEX scans_app_id ON scans (app_id);
        CREATE INDEX scans_request ON scans (request_number) WHERE request_number IS NOT NULL;
        CREATE INDEX scans_stale ON scans (number) WHERE shown_revision < revision;
        CREATE TABLE submissions (
            scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
            scanner TEXT NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            due_at REAL NOT NULL DEFAULT 0,
            request_id TEXT,
            status INTEGER,
            PRIMARY KEY (scan, scanner)
        );
        CREATE INDEX submissions_request_id ON submissions (request_id);
        CREATE TABLE events (
            number INTEGER PRIMARY KEY,
            scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
            at REAL NOT NULL,
            who TEXT,
            before TEXT,
            after TEXT NOT NULL,
            why TEXT NOT NULL
        );
        CREATE INDEX events_scan ON events (scan);
        CREATE TABLE apps (
            bundle_id TEXT NOT NULL,
            platform TEXT NOT NULL,
            app_id TEXT NOT NULL,
            linked_by TEXT,
            linked_at REAL NOT NULL,
            PRIMARY KEY (bundle_id, platform)
        );
        CREATE INDEX apps_app_id ON apps (app_id);
    """,
    "0002_requests_and_arrivals": """
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
        );
        CREATE INDEX requests_message ON requests (channel, message_ts);
        CREATE INDEX requests_state ON requests (state, expires_at);
        -- Files that Slack named without their message: looked up until the message is known.
        CREATE TABLE arrivals (
            file_id TEXT NOT NULL,
            channel TEXT NOT NULL,
            event_ts TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            due_at REAL NOT NULL,
            PRIMARY KEY (file_id, channel, event_ts)
        );
    """,
    "0003_search": """
        CREATE VIRTUAL TABLE scans_fts USING fts5 (
            name, bundle_id, file_name, version, content='scans', content_rowid='number'
        );
        INSERT INTO scans_fts (scans_fts) VALUES ('rebuild');
        CREATE TRIGGER scans_added AFTER INSERT ON scans BEGIN
            INSERT INTO scans_fts (rowid, name, bundle_id, file_name, version)
            VALUES (new.number, new.name, new.bundle_id, new.file_name, new.version);
        END;
        CREATE TRIGGER scans_removed AFTER DELETE ON scans BEGIN
            INSERT INTO scans_fts (scans_fts, rowid, name, bundle_id, file_name, version)
            VALUES ('delete', old.number, old.name, old.bundle_id, old.file_name, old.version);
        END;
        -- Only when what is indexed changes: a scan's state changes far more often.
        CREATE TRIGGER scans_renamed AFTER UPDATE OF name, bundle_id, file_name, version ON scans BEGIN
            INSERT INTO scans_fts (scans_fts, rowid, name, bundle_id, file_name, version)
            VALUES ('delete', old.number, old.name, old.bundle_id, old.file_name, old.version);
            INSERT INTO scans_fts (rowid, name, bundle_id, file_name, version)
            VALUES (new.number, new.name, new.bundle_id, new.file_name, new.version);
        END;
    """,
    "0004_known_apps": """
        -- Apps of scans that were purged; public: one of the scans was in a public channel.
        CREATE TABLE known_apps (
            bundle_id TEXT NOT NULL,
            platform TEXT NOT NULL,
            public INTEGER NOT NULL,
            PRIMARY KEY (bundle_id, platform)
        );
        -- A purge clears references to a removed scan, and SQLite searches them for each one.
        CREATE INDEX scans_original ON scans (original);
        CREATE INDEX scans_updated ON scans (updated_at);
    """,
    "0005_alive_and_missed": """
        -- When Slack was first and last connected: one row.
        CREATE TABLE alive (
            id INTEGER PRIMARY KEY CHECK (id = 1), first_at REAL NOT NULL, last_at REAL NOT NULL
        );
        -- Conversations to search, and since when; the empty channel is all of them.
        CREATE TABLE missed (channel TEXT PRIMARY KEY, since REAL NOT NULL);
    """,
    "0006_notices": """
        -- Open notices of channels' queues.
        CREATE TABLE notices (
            channel TEXT PRIMARY KEY,
            message_ts TEXT,
            opened_at REAL NOT NULL,
            away_since REAL,
            was_away INTEGER NOT NULL,
            waiting INTEGER NOT NULL,
            unanswered INTEGER NOT NULL
        );
    """,
    "0007_scans_counted": """
        -- Counting scans by state and platform reads only this index, which also replaces the old one.
        CREATE INDEX scans_state_platform ON scans (state, platform);
        DROP INDEX scans_state;
    """,
    "0008_file_type": """
        ALTER TABLE scans ADD COLUMN file_type TEXT;
        -- Until now a platform had one kind of file.
        UPDATE scans SET file_type = CASE platform WHEN 'ios' THEN 'ipa' ELSE 'apk' END
        WHERE platform IS NOT NULL;
    """,
    "0009_routes": """
        ALTER TABLE submissions ADD COLUMN route TEXT;
        ALTER TABLE submissions ADD COLUMN route_why TEXT NOT NULL DEFAULT '';
        ALTER TABLE submissions ADD COLUMN application_id TEXT;
        ALTER TABLE submissions ADD COLUMN scan_id TEXT;
        -- What was sent before there was a second route went by the webhook.
        UPDATE submissions SET route = 'webhook' WHERE attempts > 0;
    """,
    "0010_submissions_application": """
        -- A list of applications looks up the scans of each.
        CREATE INDEX submissions_application ON submissions (application_id) WHERE application_id IS NOT NULL;
    """,
    "0011_results": """
        -- One row for each scan that was, or may have been, submitted since this step.
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
        );
        CREATE INDEX results_due ON results (due_at) WHERE state IN ('finding', 'running');
        CREATE INDEX results_unannounced ON results (scan)
        WHERE ended_at IS NOT NULL AND coalesce(announced_ts, '') = '';
        CREATE TABLE sdks (
            scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
            package_id TEXT NOT NULL, name TEXT NOT NULL, vendor TEXT,
            category TEXT NOT NULL, description TEXT
        );
        CREATE INDEX sdks_scan ON sdks (scan);
        CREATE TABLE permissions (
            scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
            name TEXT NOT NULL, category TEXT, description TEXT, status TEXT, sensitivity TEXT
        );
        CREATE INDEX permissions_scan ON permissions (scan);
        CREATE TABLE data_types (
            scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
            name TEXT NOT NULL, sdk_count INTEGER NOT NULL, purposes TEXT NOT NULL,
            mismatches INTEGER NOT NULL
        );
        CREATE INDEX data_types_scan ON data_types (scan);
        CREATE INDEX submissions_scan_id ON submissions (scan_id) WHERE scan_id IS NOT NULL;
    """,
    "0012_breaches": """
        -- Buttons hold the number of a violation, so no number is used twice.
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
        );
    """,
    "0013_uploads": """
        -- Builds to remove from the FTP server, also after their scans are purged.
        CREATE TABLE uploads (name TEXT PRIMARY KEY, scan INTEGER NOT NULL, at REAL NOT NULL);
        CREATE INDEX uploads_at ON uploads (at);
    """,
    "0014_known_sdks": """
        -- Each SDK once, for searches by part of a name.
        CREATE TABLE known_sdks (package_id TEXT NOT NULL, name TEXT NOT NULL, vendor TEXT);
        CREATE UNIQUE INDEX known_sdks_each ON known_sdks (package_id, name, coalesce(vendor, ''));
        INSERT OR IGNORE INTO known_sdks SELECT DISTINCT package_id, name, vendor FROM sdks;
        CREATE INDEX sdks_known ON sdks (package_id, name, vendor, scan);
        CREATE TRIGGER sdks_added AFTER INSERT ON sdks BEGIN
            INSERT OR IGNORE INTO known_sdks VALUES (new.package_id, new.name, new.vendor);
        END;
        CREATE TRIGGER sdks_removed AFTER DELETE ON sdks WHEN NOT EXISTS (
            SELECT 1 FROM sdks WHERE package_id = old.package_id AND name = old.name AND vendor IS old.vendor
        ) BEGIN
            DELETE FROM known_sdks
            WHERE package_id = old.package_id AND name = old.name AND vendor IS old.vendor;
        END;
    """,
    "0015_scans_name": """
        -- New apps are matched with OneTrust's by name.
        CREATE INDEX scans_name ON scans (name, platform) WHERE kind = 'new';
    """,
    "0016_opinions": """
        -- Zscaler's part of a scan; sending it has a row in submissions, as OneTrust's part has.
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
        );
        CREATE INDEX opinions_state ON opinions (state);
        CREATE INDEX opinions_since ON opinions (since);
        -- SQLite searches known_from for each scan that is removed.
        CREATE INDEX opinions_known_from ON opinions (known_from) WHERE known_from IS NOT NULL;
        CREATE INDEX opinions_unannounced ON opinions (scan)
        WHERE threat IN ('MALICIOUS', 'SUSPICIOUS') AND coalesce(announced_ts, '') = '';
    """,
    "0017_hosts": """
        CREATE TABLE host_looks (
            scan INTEGER PRIMARY KEY REFERENCES scans (number) ON DELETE CASCADE,
            state TEXT NOT NULL,
            since REAL NOT NULL,
            due_at REAL NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0,
            problem TEXT,
            left_out INTEGER NOT NULL DEFAULT 0,
            cut_short INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX host_looks_due ON host_looks (due_at) WHERE state = 'looking';
        CREATE TABLE hosts (
            scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
            host TEXT NOT NULL,
            categories TEXT NOT NULL DEFAULT '[]',
            alerts TEXT NOT NULL DEFAULT '[]',
            looked_up INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (scan, host)
        ) WITHOUT ROWID;
        -- Kept for a day.
        CREATE TABLE url_categories (
            url TEXT PRIMARY KEY, categories TEXT NOT NULL, alerts TEXT NOT NULL, at REAL NOT NULL
        );
        CREATE INDEX url_categories_at ON url_categories (at);
    """,
    "0018_governance": """
        -- Buttons hold the number of a lookup, so no number is used twice.
        CREATE TABLE app_looks (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            ref TEXT NOT NULL,
            state TEXT NOT NULL,
            began_at REAL NOT NULL,
            due_at REAL NOT NULL,
            answered_at REAL,
            app TEXT
        );
        CREATE INDEX app_looks_ref ON app_looks (kind, ref, answered_at);
        CREATE UNIQUE INDEX app_looks_analysing ON app_looks (kind, ref) WHERE state = 'analysing';
        CREATE INDEX app_looks_due ON app_looks (due_at) WHERE state = 'analysing';
        -- Who waits for the answer; the row goes when they have it.
        CREATE TABLE app_asks (
            number INTEGER PRIMARY KEY,
            look INTEGER NOT NULL REFERENCES app_looks (number) ON DELETE CASCADE,
            user TEXT NOT NULL,
            channel TEXT NOT NULL,
            due_at REAL NOT NULL DEFAULT 0,
            tries INTEGER NOT NULL DEFAULT 0,
            UNIQUE (look, user)
        );
    """,
    "0019_asked_verdicts": """
        -- What people looked up by a hash; verdicts on scans are with the scans.
        CREATE TABLE asked_verdicts (
            md5 TEXT PRIMARY KEY, at REAL NOT NULL, status TEXT NOT NULL, verdict TEXT
        );
        CREATE INDEX asked_verdicts_at ON asked_verdicts (at);
    """,
    "0020_side_scanners": """
        -- Until this step, Zscaler's Sandbox was the only side scanner.
        CREATE TABLE new_opinions (
            scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
            scanner TEXT NOT NULL,
            state TEXT NOT NULL,
            begun_at REAL NOT NULL,
            looks INTEGER NOT NULL DEFAULT 0,
            since REAL,
            problem TEXT,
            known_from INTEGER REFERENCES scans (number) ON DELETE SET NULL,
            ended_at REAL,
            held_at REAL, held_until REAL, held_for TEXT, went_on_after_s REAL,
            announced_ts TEXT,
            threat TEXT, category TEXT, score INTEGER, malware TEXT, file_type TEXT, duration_s REAL,
            risks TEXT NOT NULL DEFAULT '[]',
            is_full INTEGER NOT NULL DEFAULT 0, is_instant INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (scan, scanner)
        );
        INSERT INTO new_opinions SELECT
            scan, 'zscaler', state, begun_at, looks, since, problem, known_from, ended_at,
            held_at, held_until, CASE WHEN held_at IS NOT NULL THEN 'Zscaler''s verdict' END, went_on_after_s,
            announced_ts, threat, category, score, malware, file_type, duration_s, risks, is_full, is_instant
        FROM opinions;
        DROP TABLE opinions;
        ALTER TABLE new_opinions RENAME TO opinions;
        CREATE INDEX opinions_state ON opinions (scanner, state);
        CREATE INDEX opinions_since ON opinions (scanner, since);
        CREATE INDEX opinions_known_from ON opinions (known_from) WHERE known_from IS NOT NULL;
        CREATE INDEX opinions_unannounced ON opinions (scan)
        WHERE threat IN ('MALICIOUS', 'SUSPICIOUS') AND coalesce(announced_ts, '') = '';
        CREATE TABLE new_asked_verdicts (
            md5 TEXT NOT NULL, scanner TEXT NOT NULL, at REAL NOT NULL, status TEXT NOT NULL, verdict TEXT,
            PRIMARY KEY (md5, scanner)
        );
        INSERT INTO new_asked_verdicts SELECT md5, 'zscaler', at, status, verdict FROM asked_verdicts;
        DROP TABLE asked_verdicts;
        ALTER TABLE new_asked_verdicts RENAME TO asked_verdicts;
        CREATE INDEX asked_verdicts_at ON asked_verdicts (at);
    """,
}
"""Each takes the schema one step further; by the name under which a database records it."""
