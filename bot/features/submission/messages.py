"""The messages that begin and fill a scan's thread: the reply, as a living message."""

from collections.abc import Callable

from bot.core.scan import OPEN, Scan, State
from bot.features.submission.card import Card
from bot.features.submission.ports import SubmissionStore
from bot.slack.blocks import text
from bot.slack.blocks.elements import section
from bot.slack.blocks.message import Message, compose
from bot.slack.messages.subjects import MessageStatus, Subject


def reply_subject(store: SubmissionStore, render: Callable[[Card], Message]) -> Subject[Card]:
    """The one reply that shows what happens to a build."""

    async def look(number: int) -> MessageStatus:
        scan = await store.scans.scan(number)
        return MessageStatus(
            scan=scan,
            ts=scan.reply_ts,
            is_due=scan.state is not State.CANCELLED,  # its file may be gone; no one waits
            is_final=scan.state not in OPEN,
        )

    async def shown(scan: Scan) -> list[int]:
        return await store.queue.shown(scan.number, scan.revision)

    async def give_up(status: MessageStatus, why: str) -> None:
        number = status.scan.number
        if status.is_final and number in await store.queue.stale():
            await store.scans.note(number, f"the reply could not be posted: {why}")
        await shown(status.scan)

    return Subject(
        name="reply",
        event_type="appscan_scan",
        render=render,
        stale=store.queue.stale,
        look=look,
        one_at_a_time=False,
        remember=store.queue.set_reply,
        shown=shown,
        give_up=give_up,
    )


def shell_announcement(file_name: str) -> Message:
    """Say that a build is being scanned from the command line; its reply follows in the thread."""
    return compose([section(f"{text.code(file_name)} is being scanned from the command line.")])
