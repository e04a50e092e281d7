"""Stand-ins for Slack and OneTrust on loopback, for development and tests. Knows nothing of bot."""
