"""Parsing ``files.info``: whether a file is available, at which URL, and its size.

Fields can be missing, or of another type.
Source: https://docs.slack.dev/reference/objects/file-object and .../methods/files.info
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.errors import (
    AppscanError,
    BuildRejected,
    FileUnavailable,
    PullFailed,
    TooLarge,
    retry_after_s,
    slack_code,
    slack_wait_s,
)
from bot.slack.api.errors import KEPT_OUT, error_name

CHECK: Final = "The operator of this bot should check"

DELETED: Final = "This file was deleted from Slack. Share the build again."
HIDDEN: Final = "Slack hides this file because of the limits of your workspace's plan. Share the build again."
EXTERNAL: Final = (
    "This file is stored outside Slack, where the bot can't get it. Upload the build itself to Slack."
)
NOT_SHARED: Final = (
    "This file belongs to another organization, and Slack does not let the bot read it. "
    "Ask someone in your own workspace to upload the build."
)
NOT_VISIBLE: Final = (
    "The bot can't see this file: it was deleted, or is only shared in conversations without the bot. "
    "Invite the bot to one of them, or share the build again."
)
NOT_ALLOWED: Final = (
    f"Slack does not let the bot read files. {CHECK} its Slack token and that it has the scope `files:read`."
)
NO_ADDRESS: Final = "Slack gave no URL for this file. Share the build again."
EMPTY: Final = "This file is empty. Export the build again and share the new file."
BUSY: Final = "Slack can't provide this file right now."

_ERRORS: Final = dict.fromkeys(KEPT_OUT, NOT_ALLOWED) | {
    "file_not_found": NOT_VISIBLE,
    "file_deleted": DELETED,
    "access_denied": NOT_SHARED,
    "not_in_channel": NOT_VISIBLE,
    "channel_not_found": NOT_VISIBLE,
}


@dataclass(frozen=True, kw_only=True)
class FileInfo:
    """A file that Slack can serve."""

    url: str
    """Requires the bot's token; must be checked before the token is sent to it."""
    size_bytes: int | None
    """``None`` if Slack does not give it."""


def read_file_info(file: Mapping[str, Any], limit_bytes: int) -> FileInfo:
    """Parse a file object.

    Raises:
        TooLarge: it has ``limit_bytes`` or more.
        BuildRejected: it is empty.
        FileUnavailable: Slack can't serve it.
    """
    mode, access = file.get("mode"), file.get("file_access")
    if mode == "tombstone" or file.get("deleted") is True:
        raise FileUnavailable(DELETED)
    if mode == "hidden_by_limit":
        raise FileUnavailable(HIDDEN)
    if access == "file_not_found":
        raise FileUnavailable(NOT_VISIBLE)
    if mode == "file_access" or access in {"access_denied", "check_file_info"}:
        raise FileUnavailable(NOT_SHARED)
    if mode == "external" or file.get("is_external"):
        raise FileUnavailable(EXTERNAL)
    size = file.get("size")
    if type(size) is not int or size < 0:
        size = None
    if size == 0:
        raise BuildRejected(EMPTY)
    if size is not None and size >= limit_bytes:
        raise TooLarge(size_bytes=size)
    url = file.get("url_private_download") or file.get("url_private")
    if not isinstance(url, str):
        raise FileUnavailable(NO_ADDRESS)
    return FileInfo(url=url, size_bytes=size)


def file_error(error: Exception) -> AppscanError:
    """Return what an error of ``files.info`` means for the file; an unknown one is retried."""
    code, detail = slack_code(error) or "", f"files.info failed: {error_name(error)}"
    if code in _ERRORS:
        return FileUnavailable(_ERRORS[code], detail=detail)
    headers = getattr(getattr(error, "response", None), "headers", {})
    wait_s, limited = retry_after_s(headers.get("Retry-After")), slack_wait_s(error) is not None
    return PullFailed(BUSY, retry_after_s=wait_s, limited=limited, detail=detail)
