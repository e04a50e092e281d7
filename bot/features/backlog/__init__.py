"""One notice a channel when many builds wait."""
