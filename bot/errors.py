"""Every error this project raises, in one tree.

All are an ``AppscanError``. Those with others below them::

    BuildRejected ── TooLarge
    SubmissionError
    ├── Refused ── UnknownApp        permanent, until a person fixes something
    ├── TryLater ── Maintenance      certainly not accepted; a retry may work
    └── Uncertain                    may have been accepted: never repeated unless a person asks for it

``user_message`` is what people read. It is written in this project (Slack's code formatting is allowed), and
never contains text from outside: no file name, no server's response, no secret. ``str(error)`` is for the log
and contains no secret either.
"""


class AppscanError(Exception):
    """An error with a message for people, by default the class's own; ``detail`` is for the log."""

    default_message = ""

    def __init__(self, user_message: str = "", *, detail: str = "") -> None:
        self.user_message = user_message or self.default_message
        super().__init__(detail or self.user_message)


def slack_code(error: BaseException) -> str | None:
    """Return the code of an error from Slack's API, such as ``ratelimited``.

    ``None`` if the response was not from Slack: a proxy's page, or truncated JSON.
    """
    data = getattr(getattr(error, "response", None), "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    return code if isinstance(code, str) else None


def slack_wait_s(error: BaseException) -> float | None:
    """Return the seconds that Slack asks to wait, at most an hour; ``None`` if it is not a rate limit.

    Source: https://docs.slack.dev/apis/web-api/rate-limits
    """
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", getattr(response, "status", None))
    if status != 429 and slack_code(error) not in {"ratelimited", "rate_limited"}:
        return None
    headers = getattr(response, "headers", None) or {}
    return wait_asked_s(next((value for name, value in headers.items() if name.lower() == "retry-after"), ""))


def wait_asked_s(retry_after: object) -> float:
    """Parse ``Retry-After`` into seconds, at most an hour; 1 if it is invalid."""
    return 1.0 if (wait_s := retry_after_s(retry_after)) is None else wait_s


def retry_after_s(value: object) -> float | None:
    """Parse ``Retry-After`` into seconds, at most an hour; ``None`` if it is invalid."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return min(float(value), 3600.0)
    return None


SLACK_TROUBLE = frozenset({None, "internal_error", "fatal_error", "request_timeout", "service_unavailable"})
"""Results of ``slack_code`` when Slack or the network fails, and the token may be fine."""

SLACK_REFUSALS = frozenset(
    {
        *("access_denied", "account_inactive", "app_uninstalled", "invalid_auth", "missing_scope"),
        *("no_permission", "not_allowed_token_type", "not_authed", "token_expired", "token_revoked"),
        "user_removed_from_team",
    }
)
"""Results of ``slack_code`` when a token is invalid, until a person fixes it.

Source: https://docs.slack.dev/reference/methods/auth.test#errors
"""

SLACK_BAD_BLOCKS = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "too_many_attachments"}
)
"""Results of ``slack_code`` when the message may be accepted as plain text."""


class SettingsError(AppscanError):
    """The settings are invalid; ``problems`` lists everything that is wrong with them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UsageError(AppscanError):
    """A command was typed wrong."""

    def __init__(self, user_message: str, *, example: str = "") -> None:
        super().__init__(user_message)
        self.example = example


class NotAllowed(AppscanError):
    """The person may not do that, or not in this channel."""


class Unidentified(AppscanError):
    """Slack can't identify the person right now; a retry may work."""

    default_message = "Slack can't tell me who you are right now. Try again in a moment."


class NotInvited(AppscanError):
    """The bot is not a member of the channel where it should post."""


class NotFound(AppscanError):
    """There is no such thing, or none that the person may see."""


class Superseded(AppscanError):
    """The scan has changed since the caller read it."""


class BuildRejected(AppscanError):
    """The file can't be scanned as it is."""


class TooLarge(BuildRejected):
    """The file is too large for every open route; ``size_bytes`` is ``None`` if unknown."""

    default_message = "This build is too large for every route to OneTrust that is set up here."

    def __init__(self, *, size_bytes: int | None = None) -> None:
        super().__init__()
        self.size_bytes = size_bytes


class NoRoute(AppscanError):
    """No open route accepts the build; the operator can open one."""


class CannotRead(AppscanError):
    """OneTrust does not let the credential read results, or has no such API here; scans work without it.

    ``status`` is the HTTP status.
    """

    def __init__(self, user_message: str, *, status: int | None = None) -> None:
        super().__init__(user_message)
        self.status = status


class FileUnavailable(AppscanError):
    """Slack can't serve the file, and a retry won't help."""


class PullFailed(AppscanError):
    """The file could not be downloaded; a retry may work.

    ``retry_after_s`` is the wait that Slack asked for. ``limited``: it was a rate limit, not a problem with
    the file.
    """

    def __init__(
        self,
        user_message: str,
        *,
        retry_after_s: float | None = None,
        limited: bool = False,
        detail: str = "",
    ) -> None:
        super().__init__(user_message, detail=detail)
        self.retry_after_s, self.limited = retry_after_s, limited


class ShutOut(AppscanError):
    """Slack has shut the bot out: a token was revoked, the app removed, or Socket Mode switched off.

    ``user_message`` is for the operator, in the log.
    """


class NoRoom(AppscanError):
    """The bot's disk is full or failing; the build is retried until it works."""

    default_message = (
        "The bot's disk is full or not working. The operator of this bot has to free space or repair it; "
        "then the build is retried automatically."
    )


class NewerDatabase(AppscanError):
    """A newer version of appscan has upgraded the database; ``user_message`` is for admins."""

    default_message = (
        "The database was upgraded by a newer version of appscan, so this version can't use it. Run the "
        "newer version, or restore a backup that was made before the upgrade."
    )


class StoreUnavailable(AppscanError):
    """The database can't be read or written right now; nothing was changed."""

    default_message = (
        "The bot can't write to its database right now, so nothing was changed. Try again in a few "
        "minutes. If that doesn't help, tell the operator of this bot."
    )


class SubmissionError(AppscanError):
    """The scanner did not accept the build, or did not confirm it.

    ``status`` is the HTTP status, ``None`` if there was no response.
    """

    def __init__(self, user_message: str, *, status: int | None = None, detail: str = "") -> None:
        super().__init__(user_message, detail=detail)
        self.status = status


class Refused(SubmissionError):
    """The scanner rejected the build, and will until a person fixes something."""


class UnknownApp(Refused):
    """The scanner does not know the app of a rescan, or the one it created for a build."""


class TryLater(SubmissionError):
    """The build was certainly not accepted; a retry may work.

    ``retry_after_s`` is the wait that the scanner asked for; ``None`` without one. ``scanner_failed`` is
    whether the scanner or the network failed, rather than the bot.
    """

    def __init__(
        self,
        user_message: str,
        *,
        retry_after_s: float | None = None,
        status: int | None = None,
        scanner_failed: bool = True,
        detail: str = "",
    ) -> None:
        super().__init__(user_message, status=status, detail=detail)
        self.retry_after_s = retry_after_s
        self.scanner_failed = scanner_failed


class Maintenance(TryLater):
    """The scanner is under maintenance: it answers queries, but accepts nothing."""


class Uncertain(SubmissionError):
    """The build may have been accepted, but there was no confirmation."""

    @property
    def scanner_failed(self) -> bool:
        """Whether the scanner or the network failed; a 2xx response without a request ID does not count."""
        return self.status is None or not 200 <= self.status < 300
