"""appscan: a Slack bot that has every shared mobile build scanned."""
