"""Receiving Slack's payloads, by Socket Mode or HTTP."""
