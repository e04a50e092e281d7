"""The tables of what Zscaler and other side scanners are asked, for the migrations; never changed."""

from typing import Final

HOSTS: Final = (
    """
    CREATE TABLE host_looks (
        scan INTEGER PRIMARY KEY REFERENCES scans (number) ON DELETE CASCADE,
        state TEXT NOT NULL,
        since REAL NOT NULL,
        due_at REAL NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        problem TEXT,
        left_out INTEGER NOT NULL DEFAULT 0,
        cut_short INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX host_looks_due ON host_looks (due_at) WHERE state = 'looking'",
    """
    CREATE TABLE hosts (
        scan INTEGER NOT NULL REFERENCES scans (number) ON DELETE CASCADE,
        host TEXT NOT NULL,
        categories TEXT NOT NULL DEFAULT '[]',
        alerts TEXT NOT NULL DEFAULT '[]',
        looked_up INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (scan, host)
    ) WITHOUT ROWID
    """,
    # What was said of a URL is asked again after a day.
    """
    CREATE TABLE url_categories (
        url TEXT PRIMARY KEY, categories TEXT NOT NULL, alerts TEXT NOT NULL, at REAL NOT NULL
    )
    """,
    "CREATE INDEX url_categories_at ON url_categories (at)",
)

GOVERNANCE: Final = (
    # A button names a look by its number, so none is given twice.
    """
    CREATE TABLE app_looks (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        ref TEXT NOT NULL,
        state TEXT NOT NULL,
        began_at REAL NOT NULL,
        due_at REAL NOT NULL,
        answered_at REAL,
        app TEXT
    )
    """,
    "CREATE INDEX app_looks_ref ON app_looks (kind, ref, answered_at)",
    "CREATE UNIQUE INDEX app_looks_analysing ON app_looks (kind, ref) WHERE state = 'analysing'",
    "CREATE INDEX app_looks_due ON app_looks (due_at) WHERE state = 'analysing'",
    # Who is yet to be told; the row goes when they are.
    """
    CREATE TABLE app_asks (
        number INTEGER PRIMARY KEY,
        look INTEGER NOT NULL REFERENCES app_looks (number) ON DELETE CASCADE,
        user TEXT NOT NULL,
        channel TEXT NOT NULL,
        due_at REAL NOT NULL DEFAULT 0,
        tries INTEGER NOT NULL DEFAULT 0,
        UNIQUE (look, user)
    )
    """,
)

ASKED_VERDICTS: Final = (
    # What people asked about; what is said of scans is with them.
    """
    CREATE TABLE asked_verdicts (md5 TEXT PRIMARY KEY, at REAL NOT NULL, status TEXT NOT NULL, verdict TEXT)
    """,
    "CREATE INDEX asked_verdicts_at ON asked_verdicts (at)",
)

SIDE_SCANNERS: Final = (
    # Until then, Zscaler's Sandbox was the only side scanner.
    """
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
    )
    """,
    """
    INSERT INTO new_opinions SELECT
        scan, 'zscaler', state, begun_at, looks, since, problem, known_from, ended_at,
        held_at, held_until, CASE WHEN held_at IS NOT NULL THEN 'Zscaler''s verdict' END, went_on_after_s,
        announced_ts, threat, category, score, malware, file_type, duration_s, risks, is_full, is_instant
    FROM opinions
    """,
    "DROP TABLE opinions",
    "ALTER TABLE new_opinions RENAME TO opinions",
    "CREATE INDEX opinions_state ON opinions (scanner, state)",
    "CREATE INDEX opinions_since ON opinions (scanner, since)",
    "CREATE INDEX opinions_known_from ON opinions (known_from) WHERE known_from IS NOT NULL",
    "CREATE INDEX opinions_unannounced ON opinions (scan) "
    "WHERE threat IN ('MALICIOUS', 'SUSPICIOUS') AND coalesce(announced_ts, '') = ''",
    """
    CREATE TABLE new_asked_verdicts (
        md5 TEXT NOT NULL, scanner TEXT NOT NULL, at REAL NOT NULL, status TEXT NOT NULL, verdict TEXT,
        PRIMARY KEY (md5, scanner)
    )
    """,
    "INSERT INTO new_asked_verdicts SELECT md5, 'zscaler', at, status, verdict FROM asked_verdicts",
    "DROP TABLE asked_verdicts",
    "ALTER TABLE new_asked_verdicts RENAME TO asked_verdicts",
    "CREATE INDEX asked_verdicts_at ON asked_verdicts (at)",
)
