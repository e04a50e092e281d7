"""What responses of all methods of Slack's Web API have in common: pagination and error codes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from bot.errors import SLACK_REFUSALS

PAGE = 200
"""Items of a page; Slack recommends no more."""

KEPT_OUT = SLACK_REFUSALS | {
    "ekm_access_denied",
    "enterprise_is_restricted",
    "org_login_required",
    "team_access_not_granted",
}
"""Errors of the token or the workspace, which a person has to fix.

Source: the errors that all methods share, such as https://docs.slack.dev/reference/methods/files.info#errors
"""

UNSEEN = frozenset({"channel_not_found", "not_in_channel", "missing_scope", "no_permission", "is_archived"})
"""Errors of a conversation that the bot can't read."""


def next_cursor(answer: Any) -> str:
    """Return the cursor of the next page; empty after the last one."""
    return str((answer.get("response_metadata") or {}).get("next_cursor") or "")


async def pages(method: Callable[..., Awaitable[Any]], **arguments: Any) -> AsyncIterator[Any]:
    """Yield the responses of a paginated method, one for each page."""
    cursor = ""
    while True:
        answer = await method(**arguments, limit=PAGE, cursor=cursor)
        yield answer
        if not (cursor := next_cursor(answer)):
            return
