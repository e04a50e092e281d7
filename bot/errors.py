"""Every error this project raises, in one tree.

::

    AppscanError                what went wrong, with a sentence for whoever meets it
    ├── SettingsError           the settings can't work together; lists every problem at once
    ├── UsageError              a command or its words were wrong; carries an example
    ├── NotAllowed              this person may not do that, or not in this channel
    ├── Unidentified            Slack can't say right now who somebody is; worth another try
    ├── NotInvited              the bot is not in the channel where it should post
    ├── NotFound                no such scan, file or link, or none this person may see
    ├── Superseded              the scan has moved on since the caller looked
    ├── BuildRejected           the file can't be scanned, and never will be as it is
    │   └── TooLarge            no open route takes so many bytes
    ├── NoRoute                 no open route takes this build; another setting could open one
    ├── CannotRead              OneTrust does not let this credential read results
    ├── FileUnavailable         Slack can't serve the file, and trying again won't help
    ├── PullFailed              the file could not be pulled this time; worth another try
    ├── ShutOut                 Slack has shut the bot out, until a person mends something
    ├── NoRoom                  the bot's own disk took no more of it; tried again until it does
    ├── NewerDatabase           a newer version of appscan has upgraded the database
    ├── StoreUnavailable        the database can't be read or written just now; nothing was changed
    └── SubmissionError         the scanner did not take the build
        ├── Refused             a clear no: a person has to mend something first
        │   └── UnknownApp      it knows no app with the ID of the rescan
        ├── TryLater            not taken, certainly, and worth another try
        │   └── Maintenance     it only answers questions for a while, and takes nothing
        └── Uncertain           it may have been taken: never repeated without being told to

``user_message`` is what a person reads. It is written here in the project, in plain words (Slack's code
style is allowed), and never carries text from outside: no file name, no server's answer, no secret.
``str(error)`` is for the log and holds no secret either.
"""


class AppscanError(Exception):
    """Something went wrong that has a sentence for the person who meets it."""

    def __init__(self, user_message: str, *, detail: str = "") -> None:
        super().__init__(detail or user_message)
        self.user_message = user_message


def slack_code(error: BaseException) -> str | None:
    """Return the code in the answer of an error of Slack's API, such as ``ratelimited``.

    ``None`` where the answer is none of Slack's: a proxy's page, or JSON that was cut off.
    """
    data = getattr(getattr(error, "response", None), "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    return code if isinstance(code, str) else None


LONGEST_WAIT_S = 3600.0


def slack_wait_s(error: BaseException) -> float | None:
    """Return how many seconds Slack asks to wait, up to an hour; ``None`` where it limits nothing.

    Source: https://docs.slack.dev/apis/web-api/rate-limits
    """
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", getattr(response, "status", None))
    if status != 429 and slack_code(error) not in {"ratelimited", "rate_limited"}:
        return None
    headers = getattr(response, "headers", None) or {}
    return wait_asked_s(next((value for name, value in headers.items() if name.lower() == "retry-after"), ""))


def wait_asked_s(retry_after: object) -> float:
    """Read ``Retry-After`` in seconds, up to an hour; 1 where it can't be read."""
    asked_s = retry_after_s(retry_after)
    return 1.0 if asked_s is None else asked_s


def retry_after_s(value: object) -> float | None:
    """Return the seconds of Slack's ``Retry-After``, at most an hour; ``None`` where it can't be read."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return min(float(value), LONGEST_WAIT_S)
    return None


SLACK_TROUBLE = frozenset({None, "internal_error", "fatal_error", "request_timeout", "service_unavailable"})
"""What ``slack_code`` gives where nothing is wrong with the token: Slack, or the way to it, is in trouble."""


SLACK_REFUSALS = frozenset(
    {
        "access_denied",
        "account_inactive",
        "app_uninstalled",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
        "user_removed_from_team",
    }
)
"""What ``slack_code`` gives where a token is not good, and won't be by itself.

Source: https://docs.slack.dev/reference/methods/auth.test#errors
"""


SLACK_BAD_BLOCKS = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "too_many_attachments"}
)
"""What ``slack_code`` gives where a message may be taken as words alone."""


class SettingsError(AppscanError):
    """The settings are missing something or contradict each other."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UsageError(AppscanError):
    """A command was typed in a way that can't be followed."""

    def __init__(self, user_message: str, *, example: str = "") -> None:
        super().__init__(user_message)
        self.example = example


class NotAllowed(AppscanError):
    """This person may not do that, or not in this channel."""


class Unidentified(AppscanError):
    """Slack can't say right now who somebody is; another try may work."""

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("Slack can't tell me who you are right now. Try again in a moment.", detail=detail)


class NotInvited(AppscanError):
    """The bot is not a member of the channel where it should post."""


class NotFound(AppscanError):
    """There is no such thing, or none that this person may see."""


class Superseded(AppscanError):
    """The scan has moved on since the caller looked at it."""


class BuildRejected(AppscanError):
    """The file can't be scanned, and never will be as it is."""


class TooLarge(BuildRejected):
    """The file has more bytes than any open route takes; ``size_bytes`` is ``None`` where it is not known."""

    def __init__(self, *, size_bytes: int | None = None) -> None:
        super().__init__("This build is too large for every way into OneTrust that is open here.")
        self.size_bytes = size_bytes


class NoRoute(AppscanError):
    """No open route takes this build; whoever runs the bot can open one."""


class CannotRead(AppscanError):
    """OneTrust does not let this credential read results, or has no such API here; scans go on without.

    ``status`` is the HTTP status of the answer.
    """

    def __init__(self, user_message: str, *, status: int | None = None) -> None:
        super().__init__(user_message)
        self.status = status


class FileUnavailable(AppscanError):
    """Slack can't serve the file, and trying again won't help."""


class PullFailed(AppscanError):
    """The file could not be pulled this time; another try may work.

    ``retry_after_s`` is what Slack asked for, in seconds. ``limited``: Slack only wants to be asked
    later: that says nothing of the file.
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
        self.retry_after_s = retry_after_s
        self.limited = limited


class ShutOut(AppscanError):
    """Slack has shut the bot out: a token was revoked, the app removed, or Socket Mode switched off.

    ``user_message`` is for the log: whoever runs the bot reads it.
    """


class NoRoom(AppscanError):
    """The bot's own disk took no more of a build; it is tried again until it does."""

    def __init__(self, *, detail: str = "") -> None:
        super().__init__(
            "The bot's own disk takes no more builds. Whoever runs it has to make room there, or mend it; "
            "then this goes on by itself.",
            detail=detail,
        )


class NewerDatabase(AppscanError):
    """A newer version of appscan has upgraded the database; ``user_message`` is for whoever runs the bot."""

    def __init__(self, *, detail: str = "") -> None:
        super().__init__(
            "The database was upgraded by a newer version of appscan, so this version can't use it. Run the "
            "newer version, or restore a backup that was made before the upgrade.",
            detail=detail,
        )


class StoreUnavailable(AppscanError):
    """The database can't be read or written just now; nothing was changed."""

    def __init__(self, *, detail: str = "") -> None:
        super().__init__(
            "The bot can't write to its database at the moment, so nothing was changed. Try again in a few "
            "minutes; if it lasts, tell whoever runs the bot.",
            detail=detail,
        )


class SubmissionError(AppscanError):
    """The scanner did not take the build, or did not say that it did.

    ``status`` is the HTTP status, ``None`` where there was no answer.
    """

    def __init__(self, user_message: str, *, status: int | None = None, detail: str = "") -> None:
        super().__init__(user_message, detail=detail)
        self.status = status


class Refused(SubmissionError):
    """The scanner said no, and will say it again until a person mends something."""


class UnknownApp(Refused):
    """The scanner knows no app with the ID that a rescan named, or that it gave to one made for a build."""


class TryLater(SubmissionError):
    """The build was certainly not taken, and another try may work.

    ``retry_after_s`` is what the scanner asked for, in seconds; ``None`` where it named no time.
    ``scanner_failed`` tells trouble of the scanner, or on the way to it, from trouble on this side.
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
    """The service is under maintenance: it answers questions, and takes nothing until that is over."""


class Uncertain(SubmissionError):
    """The build may have been taken, and nothing came back that says so."""

    @property
    def scanner_failed(self) -> bool:
        """Whether the scanner, or the way to it, broke; a yes without a request ID is an answer after all."""
        return self.status is None or not 200 <= self.status < 300
