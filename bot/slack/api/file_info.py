"""What ``files.info`` says of a file: whether it can be had, where, and how large it is.

Source: https://docs.slack.dev/reference/objects/file-object and .../methods/files.info. What Slack says is
read with care: a field can be missing, or of another type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import AppscanError, BuildRejected, FileUnavailable, PullFailed, TooLarge
from bot.slack.api.errors import KEPT_OUT

RUNNER = "Whoever runs this bot should check"

DELETED = "This file was deleted from Slack. Share the build again."
HIDDEN = "Slack hides this file, as it is past the limits of your workspace's plan. Share the build again."
EXTERNAL = "This file is kept outside Slack, where the bot does not go. Upload the build itself to Slack."
NOT_SHARED = (
    "This file belongs to another organization, and Slack does not let the bot read it. "
    "Ask someone of your own workspace to upload the build."
)
NOT_VISIBLE = (
    "The bot can't see this file: it was deleted, or it is shared only where the bot is not. "
    "Invite the bot to that conversation, or share the build again."
)
NOT_ALLOWED = (
    f"Slack does not let the bot read files. {RUNNER} its Slack token and that it has the scope `files:read`."
)
NO_ADDRESS = "Slack names no place to get this file from. Share the build again."
EMPTY = "This file is empty. Export the build again and share the new file."
BUSY = "Slack can't tell about this file right now."

_ERRORS = {
    "file_not_found": NOT_VISIBLE,
    "file_deleted": DELETED,
    "access_denied": NOT_SHARED,
    "not_in_channel": NOT_VISIBLE,
    "channel_not_found": NOT_VISIBLE,
}


@dataclass(frozen=True, kw_only=True)
class FileInfo:
    """A file that Slack should serve."""

    url: str
    """Where it is; wants the bot's token, and must be looked at before it gets it."""
    size_bytes: int | None
    """As Slack has it; ``None`` where it does not say."""


def read_file_info(file: Mapping[str, Any], limit_bytes: int) -> FileInfo:
    """Read a file object.

    Raises:
        TooLarge: it has ``limit_bytes`` or more.
        BuildRejected: it is empty.
        FileUnavailable: it can't be had.
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
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        size = None
    if size == 0:
        raise BuildRejected(EMPTY)
    if size is not None and size >= limit_bytes:
        raise TooLarge(size_bytes=size)
    url = file.get("url_private_download") or file.get("url_private")
    if not isinstance(url, str):
        raise FileUnavailable(NO_ADDRESS)
    return FileInfo(url=url, size_bytes=size)


def file_error(
    code: str | None, *, retry_after_s: float | None = None, limited: bool = False
) -> AppscanError:
    """Return what an error code of ``files.info`` means; one that is not known may pass."""
    if code in _ERRORS:
        return FileUnavailable(_ERRORS[code], detail=f"files.info said {code}")
    if code in KEPT_OUT:
        return FileUnavailable(NOT_ALLOWED, detail=f"files.info said {code}")
    return PullFailed(BUSY, retry_after_s=retry_after_s, limited=limited, detail="files.info gave no file")
