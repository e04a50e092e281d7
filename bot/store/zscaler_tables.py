"""The tables of what Zscaler is asked, as the migrations make them; what is here is never changed."""

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
