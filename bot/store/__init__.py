"""History and queue in one SQLite file, through sqlite-utils."""
