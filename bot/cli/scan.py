"""``python -m bot scan``: the bot's job for one file, from a shell or a pipeline.

Progress goes to standard error and the request ID, alone, to standard output. The scan is in the same
history and under the same rules as those from Slack; a bot that runs on the same database leaves it alone.
"""

import asyncio
import contextlib
import hashlib
import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from slack_sdk.errors import SlackApiError

from bot.config.settings import Settings
from bot.core import identifiers
from bot.core.circuit_breaker import CircuitBreaker
from bot.core.clock import SystemClock, cancel_all
from bot.core.file_names import is_build_name, unsupported_name
from bot.core.ports import Announcer, Progress
from bot.core.rate_limit import RateLimiter, RateLimiters
from bot.core.scan import OPEN, ChannelKind, Kind, Pulled, Question, Reason, Scan, Share, Source, State
from bot.core.work_dir import WorkDir
from bot.errors import (
    AppscanError,
    NotInvited,
    StoreUnavailable,
    Superseded,
    TooLarge,
    UsageError,
    slack_code,
)
from bot.features.submission.card import Card
from bot.features.submission.card_repository import Cards
from bot.features.submission.messages import reply_subject, shell_announcement
from bot.features.submission.pipeline import Pipeline
from bot.features.submission.views import reply
from bot.scanners.zscaler.sandbox import PROFILE
from bot.slack.api.client import slack_session
from bot.slack.api.conversations import SlackConversations
from bot.slack.api.identity import Identity
from bot.slack.blocks import text
from bot.slack.messages.delivery import POSTS, UPDATES
from bot.slack.messages.living_message import LivingMessages
from bot.storage import restore_guard
from bot.storage.database import Database
from bot.wiring import parts
from bot.wiring.database import open_database
from bot.wiring.repositories import Repositories
from bot.wiring.sections import reply_sections

logger = logging.getLogger(__name__)

HOLD_S = 60.0
"""A scan whose command has not been heard of for this long is given up by others."""
WAIT_S = 1.0
LAST_WORDS_S = 15.0
BLOCK = 1 << 20

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


@dataclass(frozen=True, kw_only=True)
class ScanArguments:
    """What the command line asked for."""

    path: Path
    app_id: str | None = None
    name: str | None = None
    new: bool = False
    again: bool = False
    channel: str | None = None
    timeout_s: float = 3600.0
    """How long to wait for OneTrust, or for another build of the app, before the scan is taken back."""


class LocalFile:
    """The ``Files`` port for a file on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def pull(self, scan: Scan, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:  # noqa: ARG002
        """Copy the file, so that what is read is what is sent even if it changes meanwhile."""
        return await asyncio.to_thread(self._copy, to, limit_bytes)

    def _copy(self, to: Path, limit_bytes: int) -> Pulled:
        digest, size = hashlib.sha256(), 0
        with self._path.open("rb") as source, to.open("xb") as target:
            while block := source.read(BLOCK):
                size += len(block)
                if size >= limit_bytes:
                    raise TooLarge(size_bytes=self._path.stat().st_size)
                digest.update(block)
                target.write(block)
        return Pulled(size_bytes=size, sha256=digest.hexdigest())


class ThreadAnnouncer:
    """The ``Announcer`` of a terminal: says each state and, in steps, how far the bytes have gone."""

    def __init__(self, store: Repositories, also: Announcer | None) -> None:
        self._store = store
        self._also = also
        self._said: State | None = None
        self._step = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def changed(self, number: int) -> None:
        """Say the scan's state, if it is another than the last one said."""
        task = asyncio.create_task(self._say(number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._also is not None:
            self._also.changed(number)

    def progress(self, number: int, done_bytes: int, total_bytes: int) -> None:
        """Say how far the bytes have gone, each tenth."""
        step = done_bytes * 10 // total_bytes if total_bytes else 0
        if step > self._step:
            say(f"{step * 10}% sent")
        self._step = step
        if self._also is not None:
            self._also.progress(number, done_bytes, total_bytes)

    async def _say(self, number: int) -> None:
        scan = await self._store.scans.scan(number)
        if scan.state is State.WAITING and scan.state is not self._said:
            self._said = scan.state
            say(f"scan #{number}: waits for scan #{scan.original}, another build of the same app")
        if scan.state in OPEN and scan.state is not self._said:
            self._said = scan.state
            why = f", {scan.problem}" if scan.problem else ""
            if scan.state is State.QUEUED:
                why += f" Next try in {text.duration(max(1.0, scan.submission.due_at - time.time()))}."
            say(f"scan #{number}: {scan.state.value}{why}")

    async def settle(self) -> None:
        """Finish saying."""
        await asyncio.gather(*self._tasks)


def say(line: str) -> None:
    """Write a line of progress."""
    print(text.plain(line, 2000), file=sys.stderr, flush=True)  # noqa: T201 - the command line prints


async def scan(settings: Settings, asked: ScanArguments, stop: asyncio.Event) -> int:
    """Scan a file; return the exit code. ``stop`` takes the scan back as far as it has not been submitted."""
    if not asked.path.is_file():
        say(f"{asked.path} is a folder." if asked.path.is_dir() else f"There is no file {asked.path}.")
        return 2
    name, accepts_aab = asked.path.name, settings.accepts_aab
    if (sentence := unsupported_name(name, accepts_aab=accepts_aab)) or not is_build_name(
        name, accepts_aab=accepts_aab
    ):
        say(sentence or "That is no build: its name ends neither in .ipa nor in .apk.")
        return 3
    async with AsyncExitStack() as stack:
        try:
            share = _share(asked)
            database = await open_database(settings.database)
            stack.push_async_callback(database.close)
            await restore_guard.settle(database, SystemClock())
            store = Repositories(database, SystemClock())
            threads = None
            if asked.channel is not None:
                threads, share = await _thread(settings, database, share, asked.channel, stack)
            return await _run(settings, store, share, asked, threads, stop, stack)
        except SlackApiError as error:
            say(f"Slack says {slack_code(error)}: nothing was submitted.")
        except UsageError as error:
            say(error.user_message)
            return 2
        except AppscanError as error:
            say(error.user_message)
    return 1


def _share(asked: ScanArguments) -> Share:
    return Share(
        file_name=asked.path.name,
        occasion="shell",
        asked_app_id=identifiers.app_id(asked.app_id) if asked.app_id else None,
        asked_name=asked.name,
        insist=asked.again,
        kind=Kind.NEW if asked.new else None,
        reason=Reason.CHOSEN if asked.new else None,
    )


async def _thread(
    settings: Settings, database: Database, share: Share, channel: str, stack: AsyncExitStack
) -> tuple[LivingMessages[Card], Share]:
    """Begin a thread in the channel; the reply in it is kept up to date as for any other scan."""
    clock = SystemClock()
    client = parts.slack_client(settings, await stack.enter_async_context(slack_session()))
    identity = await Identity.ask(client)
    workspace = SlackConversations(client, identity, clock)
    kind: ChannelKind = await workspace.kind_of(channel)
    message = shell_announcement(share.file_name)
    try:
        posted = await client.chat_postMessage(channel=channel, text=message.text, blocks=message.blocks)
    except SlackApiError as error:
        raise NotInvited(f"Slack says {slack_code(error)}: nothing was submitted.") from error
    ts = str(posted["ts"])
    share = replace(share, channel=channel, channel_kind=kind, message_ts=ts, thread_ts=ts)
    sections = reply_sections(clock=clock, permalink=_no_link, scanners=[PROFILE], reads_hosts=True)
    cards = Cards(
        database=database,
        sections=sections,
        log_url=parts.log_url(settings.onetrust_log_url),
        permalink=_no_link,
    )
    threads = LivingMessages(
        subject=reply_subject(Repositories(database, clock), partial(reply, sections=sections)),
        client=client,
        bot_user_id=identity.user_id,
        load=cards.card,
        pace=RateLimiters(clock, POSTS),
        updates=RateLimiter(clock, UPDATES),
        clock=clock,
    )
    stack.push_async_callback(threads.settle, LAST_WORDS_S)
    return threads, share


def _no_link(_: Scan) -> None:
    return None


async def _run(
    settings: Settings,
    store: Repositories,
    share: Share,
    asked: ScanArguments,
    threads: LivingMessages[Card] | None,
    stop: asyncio.Event,
    stack: AsyncExitStack,
) -> int:
    clock = SystemClock()
    teller = ThreadAnnouncer(store, threads)
    recorded, _ = await store.scans.record(share, source=Source.SHELL, held_until=clock.now() + HOLD_S)
    number = recorded.number
    teller.changed(number)
    pipeline = Pipeline(
        store=store,
        files=LocalFile(asked.path),
        reader=parts.build_reader(settings),
        routes=await stack.enter_async_context(parts.onetrust_routes(settings)),
        announcer=teller,
        clock=clock,
        breaker=CircuitBreaker(clock),
        work_dir=WorkDir(Path(stack.enter_context(TemporaryDirectory(prefix="appscan-"))), clock),
        may_create_link=lambda _: True,  # who has this shell has the database
        accepts_aab=settings.accepts_aab,
    )
    await stack.enter_async_context(_held(store, number))
    await store.queue.recover(source=Source.SHELL, before=clock.now())
    work = asyncio.create_task(_to_the_end(store, pipeline, number))
    stopped = asyncio.create_task(stop.wait())
    timer = asyncio.get_running_loop().call_later(asked.timeout_s, stop.set)
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    timer.cancel()
    if not work.done():
        work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    ended = await store.scans.scan(number)
    if ended.state not in CODES:
        with contextlib.suppress(Superseded):
            ended = await store.scans.cancel(number, why="The command was stopped.", who=None)
    teller.changed(number)
    await teller.settle()
    return await _tell(store, settings, ended)


async def _to_the_end(store: Repositories, pipeline: Pipeline, number: int) -> None:
    """Work on the scan until it is settled, waiting where it has to."""
    clock = SystemClock()
    while True:
        await pipeline.run(number)
        while (scan := await store.scans.scan(number)).state in {State.QUEUED, State.WAITING}:
            await store.queue.recover(source=Source.SHELL, before=clock.now())  # of commands that were killed
            due = scan.state is State.QUEUED and scan.submission.due_at <= clock.now()
            if due or number in await store.queue.wake_waiting():
                break
            await clock.sleep(WAIT_S)
        if scan.state not in OPEN | {State.WAITING}:
            return


@contextlib.asynccontextmanager
async def _held(store: Repositories, number: int) -> AsyncIterator[None]:
    """Say again and again that somebody works on the scan."""

    async def hold() -> None:
        clock = SystemClock()
        while True:
            await clock.sleep(HOLD_S / 3)
            try:
                await store.queue.hold(number, clock.now() + HOLD_S)
            except StoreUnavailable as error:  # locked just now; said again next time
                logger.warning("scan #%d could not be held: %s", number, error)

    holding = asyncio.create_task(hold())
    try:
        yield
    finally:
        await cancel_all(holding)


async def _tell(store: Repositories, settings: Settings, scan: Scan) -> int:
    """Say how it ended."""
    submission = scan.submission
    if scan.state is State.DUPLICATE and scan.original is not None:
        original = await store.scans.scan(scan.original)
        submission = original.submission
        say(f"Not submitted: the very same file is scan #{original.number}. Use --again to submit it.")
    elif scan.state is State.ASKING:
        say(
            "Not submitted: "
            + (
                "that app ID is linked to another bundle identifier or platform. Check it, or link it to "
                "this one with /appscan link in Slack."
                if scan.question is Question.APP_ID_TAKEN
                else "this app was scanned before, and its app ID is not known. Run again with --app-id "
                "for a rescan, or with --new for a new app."
            )
        )
    elif scan.state is State.SUBMITTED:
        what = "new app" if scan.kind is Kind.NEW else f"rescan of {scan.app_id}"
        say(f"Submitted as scan #{scan.number}: {scan.name} {scan.version or ''}, {what}.")
        request_id = submission.request_id
        if request_id and (url := parts.log_url(settings.onetrust_log_url)(request_id)):
            say(f"Log: {url}")
    elif scan.problem:
        say(scan.problem)
    if known_as := submission.request_id or submission.scan_id:
        print(text.plain(known_as, 500), flush=True)  # noqa: T201 - the answer itself
    return CODES.get(scan.state, 1)
