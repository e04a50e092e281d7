"""Stand-ins for Slack, OneTrust and an FTP server, for development and tests. Knows nothing of bot."""
