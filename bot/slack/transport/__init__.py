"""How Slack's payloads arrive: Socket Mode or HTTP."""
