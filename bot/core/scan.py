"""The records of the domain: builds, scans, submissions, events, links and waiting rescans.

Times are seconds since the epoch, UTC. Sizes are bytes.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from bot.core.build import Build as Build  # noqa: PLC0414 - builds are told with the other records
from bot.core.build import FileType as FileType  # noqa: PLC0414 - as above
from bot.core.build import Platform as Platform  # noqa: PLC0414 - as above

FORGOTTEN = "forgotten"
"""Stands where the ID of a person stood whose name was taken out of the history."""


class State(StrEnum):
    """Where a scan is in its life. See ``FLOW`` for what may follow what."""

    RECEIVED = "received"  # recorded; due to be pulled
    PULLING = "pulling"  # its bytes are coming from Slack
    CHECKING = "checking"  # its bytes are being read and the way is being decided
    WAITING = "waiting"  # another scan of the same app is in flight; decided when that one is known
    ASKING = "asking"  # a person has to say: new app, or rescan of which
    SUBMITTING = "submitting"  # its bytes are going to the scanner
    QUEUED = "queued"  # not taken this time; tried again when its submission is due
    SUBMITTED = "submitted"  # taken; there is a request ID
    UNCERTAIN = "uncertain"  # may have been taken; a person settles it
    DUPLICATE = "duplicate"  # the very same file was submitted before
    REJECTED = "rejected"  # no build that can be scanned
    FAILED = "failed"  # the scanner, or Slack, said a clear no
    CANCELLED = "cancelled"  # taken back before it was submitted


WORKING = frozenset({State.PULLING, State.CHECKING, State.SUBMITTING})
"""States in which a runner is at work; after a crash these are taken up again."""

OPEN = WORKING | {State.RECEIVED, State.QUEUED}
"""States that move on by themselves. With a kind decided, a scan in one of these is in flight."""

CANCELLABLE = frozenset(OPEN | {State.WAITING, State.ASKING})
"""States from which a scan may still be taken back, as long as its submission is not committed."""

_BACK = frozenset({State.RECEIVED, State.QUEUED, State.FAILED, State.CANCELLED})
_LOST = frozenset({State.UNCERTAIN})
"""From wherever it moves on by itself, where a backup was put back: what came of it since is not known."""

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
"""What may follow each state; the store refuses anything else."""


class Kind(StrEnum):
    """What the scanner is asked for."""

    NEW = "new"  # a new app is made in OneTrust
    RESCAN = "rescan"  # one more scan of an app that OneTrust knows


class Reason(StrEnum):
    """Why a scan is new or a rescan; told in the reply."""

    REQUEST = "request"  # it answered a waiting /appscan rescan
    COMMAND = "command"  # /appscan rescan named this very file, or the shell's --app-id did
    COMMENT = "comment"  # the share's comment said so
    LINKED = "linked"  # its bundle identifier and platform are linked to an app ID
    FIRST = "first"  # never seen before
    CHOSEN = "chosen"  # a person pressed a button, or the shell said --new


class Question(StrEnum):
    """What a person is asked while a scan is ``ASKING``."""

    SEEN_BEFORE = "seen_before"  # scanned before, but its app ID is not known
    MISREAD = "misread"  # the comment names something to rescan that can't be an app ID
    APP_ID_TAKEN = "app_id_taken"  # the asked app ID is linked to another bundle identifier or platform
    UNKNOWN_APP = "unknown_app"  # OneTrust does not know the app ID that the bot had linked by itself


class Source(StrEnum):
    """Where a build came from."""

    SLACK = "slack"  # a file in Slack
    SHELL = "shell"  # ``python -m bot scan``


class ChannelKind(StrEnum):
    """How visible a conversation is."""

    PUBLIC = "public"
    PRIVATE = "private"
    IM = "im"  # one person and the bot
    MPIM = "mpim"  # a group direct message


class SubmissionState(StrEnum):
    """Where one scanner's part of a scan is."""

    PENDING = "pending"  # not sent, or certainly not taken
    SENDING = "sending"  # bytes are going; the last of them have not gone
    COMMITTED = "committed"  # the last bytes may have gone: from here on it may have been taken
    ACCEPTED = "accepted"  # the scanner gave a request ID
    UNCERTAIN = "uncertain"  # nobody knows
    REFUSED = "refused"  # the scanner said no


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """A file that has been pulled whole."""

    size_bytes: int
    sha256: str
    """Lower-case hexadecimal, 64 characters."""


PARKED = math.inf
"""When what waits for the scanner is due."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """OneTrust's part of a scan."""

    state: SubmissionState = SubmissionState.PENDING
    attempts: int = 0
    """How often sending was begun."""
    due_at: float = 0.0
    """When the next attempt may begin; ``PARKED`` until the scanner takes builds again."""
    request_id: str | None = None
    status: int | None = None
    """The last HTTP status, ``None`` where there was no answer."""
    route: str | None = None
    """The route that was taken last; see ``bot.features.submission.routes``."""
    route_why: str = ""
    """Why that one, as part of a sentence; empty where it is the first one that is open."""
    application_id: str | None = None
    """The application in OneTrust that was made for it, or that it was found to be."""
    scan_id: str | None = None
    """OneTrust's own ID of the scan, where it is known."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """One file in one message, as a listener saw it; or one at the command line, outside Slack."""

    channel: str = ""
    channel_kind: ChannelKind | None = None
    message_ts: str = ""
    thread_ts: str = ""
    """The thread to answer in: the message's own timestamp where it began one."""
    file_id: str = ""
    file_name: str
    size_bytes: int | None = None
    shared_by: str | None = None
    """User ID, or an app's user or bot ID."""
    bot_id: str | None = None
    """The bot ID of the app that shared it, where one did."""
    comment: str = ""
    """The message's text."""
    occasion: str = ""
    """Empty for the share itself; unique for each later ask (a command, a shortcut) about the same file."""
    asked_by: str | None = None
    """Who asked, where that is not who shared."""
    asked_app_id: str | None = None
    """An app ID given by a command or by the comment."""
    asked_name: str | None = None
    """A name for a new app, given by a command or by the comment."""
    request_number: int | None = None
    """The waiting rescan that this answers."""
    kind: Kind | None = None
    reason: Reason | None = None
    """Set where a person has decided already."""
    original: int | None = None
    """The scan whose file is scanned once more."""
    insist: bool = False
    expected_sha256: str | None = None
    """What the file was when it was last seen; ``None`` where it was not."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a message holds that may be a build."""

    shares: tuple[Share, ...] = ()
    unnamed: tuple[str, ...] = ()
    """File IDs of which Slack has not said what they are."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One build in one thread, with its OneTrust submission."""

    number: int
    state: State
    source: Source
    revision: int
    """Counts the transitions, of a duplicate its original's end too; a reply that shows less is stale."""
    created_at: float
    updated_at: float
    begun_at: float | None = None
    """When it was last asked for; what came before was a person's thinking."""
    finished_at: float | None = None
    """When it last reached a state that does not move on by itself."""

    channel: str | None = None
    channel_kind: ChannelKind | None = None
    message_ts: str | None = None
    thread_ts: str | None = None
    reply_ts: str | None = None
    """The bot's own message; empty text while it is being posted."""
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
    """A person asked for it although the same file was submitted before."""
    kind: Kind | None = None
    reason: Reason | None = None
    app_id: str | None = None
    question: Question | None = None
    original: int | None = None
    """The scan that this one duplicates, waits for, or was taken from."""
    problem: str | None = None
    """The sentence for people about what is wrong, from ``user_message``."""

    submission: Submission = Submission()

    @property
    def build(self) -> Build | None:
        """What was read from the build; ``None`` before it has been."""
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
    """One line of a scan's timeline."""

    scan: int
    at: float
    who: str | None
    """A user ID, or ``None`` for the bot itself."""
    before: State | None
    after: State
    why: str


@dataclass(frozen=True, kw_only=True)
class Link:
    """That a bundle identifier on a platform is an app in OneTrust."""

    bundle_id: str
    platform: Platform
    app_id: str
    linked_by: str | None
    linked_at: float
