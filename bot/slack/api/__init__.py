"""Slack's Web API: people, conversations, messages, files."""
