"""SQLite through sqlite-utils: the engine behind the repositories, and its migrations."""
