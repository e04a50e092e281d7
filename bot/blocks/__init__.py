"""Slack out: what people read. Pure functions, records in, messages and modals out."""
