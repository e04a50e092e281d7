"""Slack as an outside system: who the bot is, what messages hold, pulling files, posting and updating."""
