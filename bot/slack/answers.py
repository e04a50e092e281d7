"""What answers of Slack's Web API say, whatever was asked: where they go on, and what refusals mean."""

from typing import Any

from bot.errors import SLACK_REFUSALS

KEPT_OUT = SLACK_REFUSALS | {
    "ekm_access_denied",
    "enterprise_is_restricted",
    "org_login_required",
    "team_access_not_granted",
}
"""Errors that are the token's or the workspace's: a person has to mend something.

Source: the errors that all methods share, such as https://docs.slack.dev/reference/methods/files.info#errors
"""

UNSEEN = frozenset({"channel_not_found", "not_in_channel", "missing_scope", "no_permission", "is_archived"})
"""Errors of a conversation that the bot can't read."""


def next_cursor(answer: Any) -> str:
    """Return what to ask the next page with; empty where there is none."""
    return str((answer.get("response_metadata") or {}).get("next_cursor") or "")
