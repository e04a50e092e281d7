"""The messages that begin and fill a scan's thread: the reply, as a living message."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.scan import OPEN, Scan, State
from bot.features.submission.card import Card
from bot.features.submission.ports import SubmissionStore
from bot.features.submission.queue_repository import QueueRepository
from bot.slack.blocks import text
from bot.slack.blocks.elements import section
from bot.slack.blocks.message import Message, compose
from bot.slack.messages.subjects import MessageStatus, Subject


@dataclass(frozen=True, kw_only=True)
class ReplySubject(Subject[Card]):
    """The one reply that shows what happens to a build; what it shows is in its row."""

    queue: QueueRepository

    async def shown(self, scan: Scan) -> list[int]:
        """Record the revision that the reply shows; return the duplicates whose replies are not current."""
        return await self.queue.shown(scan.number, scan.revision)

    async def give_up(self, status: MessageStatus, why: str) -> None:
        """Note in the timeline that the end could not be shown."""
        if status.is_final and status.scan.number in await self.stale():
            await self.note(status.scan.number, f"the reply could not be posted: {why}")
        await self.shown(status.scan)


def reply_subject(store: SubmissionStore, render: Callable[[Card], Message]) -> ReplySubject:
    """Return the subject of replies."""

    async def look(number: int) -> MessageStatus:
        scan = await store.scans.scan(number)
        return MessageStatus(
            scan=scan,
            ts=scan.reply_ts,
            is_due=scan.state is not State.CANCELLED,  # its file may be gone; no one waits
            is_final=scan.state not in OPEN,
        )

    return ReplySubject(
        queue=store.queue,
        name="reply",
        event_type="appscan_scan",
        one_at_a_time=False,
        look=look,
        render=render,
        stale=store.queue.stale,
        remember=store.queue.set_reply,
        note=store.scans.note,
    )


def shell_announcement(file_name: str) -> Message:
    """Announce a build that is scanned from the command line; its reply follows in the thread."""
    return compose([section(f"{text.code(file_name)} is being scanned from the command line.")])
