"""What all methods of Slack's Web API have in common: pagination and errors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.errors import SLACK_REFUSALS, slack_code

PAGE: Final = 200
"""Items per page, the most that Slack recommends."""

CALL_ERRORS: Final = (SlackApiError, aiohttp.ClientError, OSError)
"""What a call raises: Slack rejected it, or Slack can't be reached; a ``TimeoutError`` is an ``OSError``."""

KEPT_OUT: Final = SLACK_REFUSALS | {
    "ekm_access_denied",
    "enterprise_is_restricted",
    "org_login_required",
    "team_access_not_granted",
}
"""Errors of the token or the workspace, which a person has to fix.

Source: the errors that all methods share, such as https://docs.slack.dev/reference/methods/files.info#errors
"""

UNSEEN: Final = frozenset(
    {"channel_not_found", "not_in_channel", "missing_scope", "no_permission", "is_archived"}
)
"""Errors of a conversation that the bot can't read."""


def error_name(error: BaseException) -> str:
    """Name an error without its text, which can contain what was sent."""
    return slack_code(error) or type(error).__name__


async def pages(method: Callable[..., Awaitable[Any]], **arguments: Any) -> AsyncIterator[Any]:
    """Yield the responses of a paginated method, one for each page."""
    cursor = ""
    while True:
        answer = await method(**arguments, limit=PAGE, cursor=cursor)
        yield answer
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return
