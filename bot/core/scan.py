"""The records that every feature uses: scans, submissions, shares, timeline events and links.

Times are seconds since the epoch, UTC. Sizes are bytes.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from bot.core.build import Build as Build  # noqa: PLC0414 - re-exported with the other records
from bot.core.build import FileType as FileType  # noqa: PLC0414 - as above
from bot.core.build import Platform as Platform  # noqa: PLC0414 - as above

FORGOTTEN = "forgotten"
"""Replaces the user ID of a person who was removed from the history."""


class State(StrEnum):
    """A scan's state; ``FLOW`` has the transitions."""

    RECEIVED = "received"  # recorded; due to be downloaded
    PULLING = "pulling"  # being downloaded from Slack
    CHECKING = "checking"  # being read; what happens next is being decided
    WAITING = "waiting"  # for another scan of the same app that is in flight; decided after that one
    ASKING = "asking"  # for a person's decision: new app, or rescan of which app
    SUBMITTING = "submitting"  # being uploaded to the scanner
    QUEUED = "queued"  # not accepted this time; retried when its submission is due
    SUBMITTED = "submitted"  # accepted; has a request ID
    UNCERTAIN = "uncertain"  # may have been accepted; a person has to check
    DUPLICATE = "duplicate"  # the same file was submitted before
    REJECTED = "rejected"  # not a build that can be scanned
    FAILED = "failed"  # a permanent error of the scanner or Slack
    CANCELLED = "cancelled"  # cancelled before it was submitted


WORKING = frozenset({State.PULLING, State.CHECKING, State.SUBMITTING})
"""States in which a worker is busy with the scan; requeued after a crash."""

OPEN = WORKING | {State.RECEIVED, State.QUEUED}
"""States that change without a person. A scan in one of them whose kind is decided is in flight."""

CANCELLABLE = frozenset(OPEN | {State.WAITING, State.ASKING})
"""States in which a scan may be cancelled, unless its submission is committed."""

_BACK = frozenset({State.RECEIVED, State.QUEUED, State.FAILED, State.CANCELLED})
_LOST = frozenset({State.UNCERTAIN})
"""From every open state, after a backup was restored: what happened since the backup is not known."""

FLOW: dict[State, frozenset[State]] = {
    State.RECEIVED: _LOST | {State.PULLING, State.QUEUED, State.CANCELLED},
    State.PULLING: _BACK | _LOST | {State.CHECKING, State.REJECTED},
    State.CHECKING: _BACK
    | _LOST
    | {State.SUBMITTING, State.WAITING, State.ASKING, State.DUPLICATE, State.REJECTED},
    State.WAITING: _LOST | {State.RECEIVED, State.CANCELLED},
    State.ASKING: frozenset({State.RECEIVED, State.CANCELLED}),
    State.SUBMITTING: _BACK | _LOST | {State.SUBMITTED, State.ASKING},
    State.QUEUED: _LOST | {State.RECEIVED, State.PULLING, State.QUEUED, State.FAILED, State.CANCELLED},
    State.SUBMITTED: frozenset(),
    State.UNCERTAIN: frozenset({State.SUBMITTED, State.RECEIVED}),
    State.DUPLICATE: frozenset({State.RECEIVED}),
    State.REJECTED: frozenset(),
    State.FAILED: frozenset({State.RECEIVED}),
    State.CANCELLED: frozenset(),
}
"""The transitions; the repository rejects any other."""


class Kind(StrEnum):
    """What is requested of the scanner."""

    NEW = "new"  # creates a new app in OneTrust
    RESCAN = "rescan"  # of an existing app in OneTrust


class Reason(StrEnum):
    """Why a scan is new or a rescan; shown in the reply."""

    REQUEST = "request"  # it answered a waiting /appscan rescan
    COMMAND = "command"  # /appscan rescan with this file, or the shell's --app-id
    COMMENT = "comment"  # the share's comment requested it
    LINKED = "linked"  # its bundle identifier and platform are linked to an app ID
    FIRST = "first"  # never seen before
    CHOSEN = "chosen"  # a person's button, or the shell's --new


class Question(StrEnum):
    """The question to people while a scan is ``ASKING``."""

    SEEN_BEFORE = "seen_before"  # scanned before, but its app ID is not known
    MISREAD = "misread"  # the comment requests a rescan of something that is not an app ID
    APP_ID_TAKEN = "app_id_taken"  # the requested app ID is linked to another bundle identifier or platform
    UNKNOWN_APP = "unknown_app"  # OneTrust does not know the app ID, which the bot had linked


class Source(StrEnum):
    """The origin of a build."""

    SLACK = "slack"  # a file in Slack
    SHELL = "shell"  # ``python -m bot scan``


class ChannelKind(StrEnum):
    """A conversation's kind, which decides who sees its scans."""

    PUBLIC = "public"
    PRIVATE = "private"
    IM = "im"  # one person and the bot
    MPIM = "mpim"  # a group direct message


class SubmissionState(StrEnum):
    """Where one scanner's part of a scan is."""

    PENDING = "pending"  # not sent, or certainly not accepted
    SENDING = "sending"  # uploading; the last bytes are held back
    COMMITTED = "committed"  # the last bytes may have been sent, so it may have been accepted
    ACCEPTED = "accepted"  # has a request ID
    UNCERTAIN = "uncertain"  # it is not known whether it was accepted
    REFUSED = "refused"  # rejected by the scanner


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """A completely downloaded file."""

    size_bytes: int
    sha256: str
    """Lower-case hexadecimal, 64 characters."""


PARKED = math.inf
"""``due_at`` of scans that wait until the scanner accepts builds again."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """OneTrust's part of a scan."""

    state: SubmissionState = SubmissionState.PENDING
    attempts: int = 0
    """Number of sends that were started."""
    due_at: float = 0.0
    """When the next attempt may start, or ``PARKED``."""
    request_id: str | None = None
    status: int | None = None
    """The last HTTP status; ``None`` without a response."""
    route: str | None = None
    """The last route; see ``bot.features.submission.routes``."""
    route_why: str = ""
    """Why not an earlier route, as part of a sentence; empty for the first."""
    application_id: str | None = None
    """The application in OneTrust that was created for it, or matched with it."""
    scan_id: str | None = None
    """OneTrust's own ID of the scan, if known."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A file in a message, or one from the command line."""

    channel: str = ""
    channel_kind: ChannelKind | None = None
    message_ts: str = ""
    thread_ts: str = ""
    """The thread to reply in: the message's own timestamp if it is not in one."""
    file_id: str = ""
    file_name: str
    size_bytes: int | None = None
    shared_by: str | None = None
    """User ID, or an app's user or bot ID."""
    bot_id: str | None = None
    """The bot ID of the app that shared it, if any."""
    comment: str = ""
    """The message's text."""
    occasion: str = ""
    """Empty for the share itself; unique for each later request for the same file (a command, a shortcut)."""
    asked_by: str | None = None
    """Who requested the scan, if not who shared the file."""
    asked_app_id: str | None = None
    """An app ID given by a command or by the comment."""
    asked_name: str | None = None
    """A name for a new app, given by a command or by the comment."""
    request_number: int | None = None
    """The waiting rescan request that this fulfils."""
    kind: Kind | None = None
    reason: Reason | None = None
    """Set if a person has already decided."""
    original: int | None = None
    """The scan whose file is scanned again."""
    insist: bool = False
    expected_sha256: str | None = None
    """The file's SHA-256 when it was last downloaded, if it was."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The possible builds in a message."""

    shares: tuple[Share, ...] = ()
    unnamed: tuple[str, ...] = ()
    """IDs of files whose names Slack has not sent yet."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """A build in a thread, with its submission to OneTrust."""

    number: int
    state: State
    source: Source
    revision: int
    """Counts transitions, and for a duplicate also its original's end; a reply with a lower one is stale."""
    created_at: float
    updated_at: float
    begun_at: float | None = None
    """When it was last requested, after any wait for a person's decision."""
    finished_at: float | None = None
    """When it last left the open states."""

    channel: str | None = None
    channel_kind: ChannelKind | None = None
    message_ts: str | None = None
    thread_ts: str | None = None
    reply_ts: str | None = None
    """The bot's reply; empty while it is being posted."""
    file_id: str | None = None
    occasion: str = ""
    shared_by: str | None = None
    asked_by: str | None = None
    comment: str = ""
    request_number: int | None = None

    file_name: str
    size_bytes: int | None = None
    sha256: str | None = None

    file_type: FileType | None = None
    platform: Platform | None = None
    bundle_id: str | None = None
    name: str | None = None
    version: str | None = None
    build_number: str | None = None

    asked_app_id: str | None = None
    asked_name: str | None = None
    insist: bool = False
    """A person requested it although the same file was submitted before."""
    kind: Kind | None = None
    reason: Reason | None = None
    app_id: str | None = None
    question: Question | None = None
    original: int | None = None
    """The scan that this one duplicates, waits for or repeats."""
    problem: str | None = None
    """What is wrong, for people: a ``user_message``."""

    submission: Submission = Submission()

    @property
    def build(self) -> Build | None:
        """What was read from the build; ``None`` until then."""
        if self.file_type is None or self.bundle_id is None:
            return None
        return Build(
            file_type=self.file_type,
            bundle_id=self.bundle_id,
            display_name=self.name,
            version=self.version,
            build_number=self.build_number,
        )


@dataclass(frozen=True, kw_only=True)
class Event:
    """An entry of a scan's timeline."""

    scan: int
    at: float
    who: str | None
    """A user ID, or ``None`` for the bot itself."""
    before: State | None
    after: State
    why: str


@dataclass(frozen=True, kw_only=True)
class Link:
    """The app in OneTrust of a bundle identifier on a platform."""

    bundle_id: str
    platform: Platform
    app_id: str
    linked_by: str | None
    linked_at: float
