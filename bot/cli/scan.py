"""``python -m bot scan``: the bot's job for one file, from a shell or a pipeline.

Progress goes to standard error and the request ID, alone, to standard output. The scan is in the same
history and under the same rules as those from Slack; a bot on the same database doesn't process it.
"""

import asyncio
import contextlib
import hashlib
import logging
import shutil
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from slack_sdk.errors import SlackApiError

from bot.config.settings import Settings
from bot.core import identifiers
from bot.core.circuit_breaker import CircuitBreaker
from bot.core.clock import SystemClock, cancel_all, first_of
from bot.core.file_names import file_type_of_name, unsupported_name
from bot.core.ports import Announcer, Progress
from bot.core.scan import Kind, Pulled, Question, Reason, Scan, Share, Source, State
from bot.core.work_dir import WorkDir
from bot.errors import (
    AppscanError,
    StoreUnavailable,
    Superseded,
    TooLarge,
    UsageError,
    slack_code,
)
from bot.features.submission.messages import shell_announcement
from bot.metrics import Metrics
from bot.scanners.zscaler.sandbox import PROFILE
from bot.slack.api.client import slack_session
from bot.slack.api.conversations import SlackConversations
from bot.slack.api.identity import Identity
from bot.slack.blocks import text
from bot.storage import restore_guard
from bot.wiring import parts
from bot.wiring.domain import Domain, Posting, ReplyContext
from bot.wiring.features import open_database, reply_sections
from bot.wiring.repositories import Repositories

logger = logging.getLogger(__name__)

HEARTBEAT_TIMEOUT_S = 60.0
"""A scan without a heartbeat of its command for this long is recovered by others."""
POLL_INTERVAL_S = 1.0
SETTLE_S = 15.0
"""For the last updates of the reply in Slack."""

CODES = {
    State.SUBMITTED: 0,
    State.FAILED: 1,
    State.CANCELLED: 1,
    State.REJECTED: 3,
    State.ASKING: 4,
    State.DUPLICATE: 5,
    State.UNCERTAIN: 6,
}
"""Exit codes by the state in which a scan ends; 2 is argparse's."""

NOT_KNOWN = (
    "Not submitted: this app was scanned before, and its app ID is not known. Run again with --app-id for a "
    "rescan, or with --new for a new app."
)
TAKEN = (
    "Not submitted: that app ID is linked to another bundle identifier or platform. Check it, or link it to "
    "this one with /appscan link in Slack."
)


@dataclass(frozen=True, kw_only=True)
class ScanArguments:
    """The arguments of the command."""

    path: Path
    app_id: str | None
    name: str | None
    new: bool
    again: bool
    channel: str | None
    timeout_s: float
    """How long to wait for OneTrust, or for another build of the app, before the scan is cancelled."""


@dataclass(frozen=True)
class LocalFile:
    """The ``Files`` port for a file on this machine."""

    path: Path

    async def pull(self, scan: Scan, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:  # noqa: ARG002
        """Copy the file, as it may change before it is sent."""

        def copy() -> Pulled:
            if (size_bytes := self.path.stat().st_size) >= limit_bytes:
                raise TooLarge(size_bytes=size_bytes)
            shutil.copyfile(self.path, to)
            with to.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return Pulled(size_bytes=to.stat().st_size, sha256=sha256)

        return await asyncio.to_thread(copy)


@dataclass(eq=False, repr=False)
class TerminalAnnouncer:
    """The ``Announcer`` of a terminal: prints each state once, and the progress in steps."""

    store: Repositories
    also: Announcer | None = None
    """The reply in Slack, if there is one."""
    _printed: State | None = field(default=None, init=False)
    _step: int = field(default=0, init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    def changed(self, number: int) -> None:
        """Print the scan's state if it has changed."""
        task = asyncio.create_task(self._print(number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.also is not None:
            self.also.changed(number)

    def progress(self, number: int, done_bytes: int, total_bytes: int) -> None:
        """Print how much was sent, in tenths."""
        step = done_bytes * 10 // total_bytes if total_bytes else 0
        if step > self._step:
            say(f"{step * 10}% sent")
        self._step = step
        if self.also is not None:
            self.also.progress(number, done_bytes, total_bytes)

    async def _print(self, number: int) -> None:
        scan = await self.store.scans.scan(number)
        if scan.state is self._printed or scan.state in CODES:
            return
        self._printed = scan.state
        what = f"{scan.state.value}, {scan.problem}" if scan.problem else scan.state.value
        if scan.state is State.WAITING:
            what = f"waits for scan #{scan.original}, another build of the same app"
        elif scan.state is State.QUEUED:
            what += f" Next try in {text.duration(max(1.0, scan.submission.due_at - time.time()))}."
        say(f"scan #{number}: {what}")

    async def settle(self) -> None:
        """Finish printing."""
        await asyncio.gather(*self._tasks)


def say(line: str) -> None:
    """Write a line to standard error."""
    print(text.plain(line, 2000), file=sys.stderr, flush=True)  # noqa: T201 - the command line prints


async def scan(settings: Settings, asked: ScanArguments, stop: asyncio.Event) -> int:
    """Scan a file; return the exit code. ``stop`` cancels the scan if it has not been submitted."""
    if not asked.path.is_file():
        say(f"{asked.path} is a folder." if asked.path.is_dir() else f"There is no file {asked.path}.")
        return 2
    sentence = unsupported_name(asked.path.name, accepts_aab=settings.accepts_aab)
    if sentence or not file_type_of_name(asked.path.name):
        say(sentence or "That is no build: its name ends neither in .ipa nor in .apk.")
        return 3
    async with AsyncExitStack() as stack:
        try:
            return await _scan(settings, asked, stop, stack)
        except SlackApiError as error:
            say(f"Slack says {slack_code(error)}: nothing was submitted.")
        except UsageError as error:
            say(error.user_message)
            return 2
        except AppscanError as error:
            say(error.user_message)
    return 1


async def _scan(settings: Settings, asked: ScanArguments, stop: asyncio.Event, stack: AsyncExitStack) -> int:
    share = Share(
        file_name=asked.path.name,
        occasion="shell",
        asked_app_id=identifiers.app_id(asked.app_id) if asked.app_id else None,
        asked_name=asked.name,
        insist=asked.again,
        kind=Kind.NEW if asked.new else None,
        reason=Reason.CHOSEN if asked.new else None,
    )
    clock = SystemClock()
    database = await open_database(settings.database)
    stack.push_async_callback(database.close)
    await restore_guard.settle(database, clock)
    posting = None
    if asked.channel is not None:
        posting, share = await _begin_thread(settings, share, asked.channel, stack)
    onetrust = await stack.enter_async_context(parts.open_onetrust(settings, clock, Metrics()))
    announcer = TerminalAnnouncer(Repositories(database, clock))
    domain = Domain(
        database=database,
        clock=clock,
        files=LocalFile(asked.path),
        reader=parts.build_reader(settings),
        routes=onetrust.routes,
        work_dir=WorkDir(Path(stack.enter_context(TemporaryDirectory(prefix="appscan-"))), clock),
        breaker=CircuitBreaker(clock),
        announce=lambda _: announcer,
        sections=reply_sections(
            ReplyContext(clock=clock, permalink=_no_link, scanners=[PROFILE], shows_hosts=True)
        ),
        permalink=_no_link,
        log_url=settings.onetrust_log_url,
        may_create_link=lambda _: True,  # a person with this shell has the database
        accepts_aab=settings.accepts_aab,
    )
    if posting is not None:
        announcer.also = posting.replies(domain)
    recorded, _ = await domain.store.scans.record(
        share, source=Source.SHELL, held_until=clock.now() + HEARTBEAT_TIMEOUT_S
    )
    number = recorded.number
    announcer.changed(number)
    stack.push_async_callback(cancel_all, asyncio.create_task(_send_heartbeats(domain, number)))
    ended = await _run(domain, number, stop, asked.timeout_s)
    announcer.changed(number)
    await announcer.settle()
    return await _report(domain, ended)


async def _begin_thread(
    settings: Settings, share: Share, channel: str, stack: AsyncExitStack
) -> tuple[Posting, Share]:
    clock = SystemClock()
    client = parts.slack_client(settings, await stack.enter_async_context(slack_session()), clock)
    identity = await Identity.ask(client)
    kind = await SlackConversations(client, identity, clock).kind_of(channel)
    message = shell_announcement(share.file_name)
    posted = await client.chat_postMessage(channel=channel, text=message.text, blocks=message.blocks)
    ts = str(posted["ts"])
    posting = Posting(
        client=client, bot_user_id=identity.user_id, clock=clock, stack=stack, settle_s=SETTLE_S
    )
    return posting, replace(share, channel=channel, channel_kind=kind, message_ts=ts, thread_ts=ts)


def _no_link(_: Scan) -> None:
    return None


async def _run(domain: Domain, number: int, stop: asyncio.Event, timeout_s: float) -> Scan:
    """Process the scan until it has ended, ``stop`` is set or the time is over; return it."""
    store = domain.store
    await store.queue.recover(source=Source.SHELL)
    work = asyncio.create_task(_process(domain, number))
    await first_of(work, stop.wait(), domain.clock.sleep(timeout_s))
    with contextlib.suppress(asyncio.CancelledError):
        await work
    scan = await store.scans.scan(number)
    if scan.state not in CODES:
        with contextlib.suppress(Superseded):
            return await store.scans.cancel(number, why="The command was stopped.", who=None)
    return scan


async def _process(domain: Domain, number: int) -> None:
    store, clock = domain.store, domain.clock
    while True:
        await domain.pipeline.run(number)
        while (scan := await store.scans.scan(number)).state in {State.QUEUED, State.WAITING}:
            poll = await store.queue.poll(0, busy=())
            if poll.has_abandoned:  # by commands that were killed
                await store.queue.recover(source=Source.SHELL)
            due = scan.state is State.QUEUED and scan.submission.due_at <= clock.now()
            if due or (poll.has_waiting and number in await store.queue.wake_waiting()):
                break
            await clock.sleep(POLL_INTERVAL_S)
        if scan.state in CODES:
            return


async def _send_heartbeats(domain: Domain, number: int) -> None:
    """Record regularly that a command works on the scan."""
    while True:
        await domain.clock.sleep(HEARTBEAT_TIMEOUT_S / 3)
        try:
            await domain.store.queue.hold(number, domain.clock.now() + HEARTBEAT_TIMEOUT_S)
        except StoreUnavailable as error:  # such as locked; recorded next time
            logger.warning("scan #%d could not be held: %s", number, error)


async def _report(domain: Domain, scan: Scan) -> int:
    submission = scan.submission
    if scan.state is State.DUPLICATE and scan.original is not None:
        submission = (await domain.store.scans.scan(scan.original)).submission
        say(f"Not submitted: the very same file is scan #{scan.original}. Use --again to submit it.")
    elif scan.state is State.ASKING:
        say(TAKEN if scan.question is Question.APP_ID_TAKEN else NOT_KNOWN)
    elif scan.state is State.SUBMITTED:
        what = "new app" if scan.kind is Kind.NEW else f"rescan of {scan.app_id}"
        say(f"Submitted as scan #{scan.number}: {scan.name} {scan.version or ''}, {what}.")
        if submission.request_id and (url := domain.log_url_of(submission.request_id)):
            say(f"Log: {url}")
    elif scan.problem:
        say(scan.problem)
    if request_id := submission.request_id or submission.scan_id:
        print(text.plain(request_id, 500), flush=True)  # noqa: T201 - the answer itself
    return CODES.get(scan.state, 1)
