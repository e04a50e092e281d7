"""The domain: what a scan is, what may happen to it, and who does it. No Slack, no HTTP, no SQLite here."""
