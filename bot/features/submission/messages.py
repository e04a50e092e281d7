"""The reply in a scan's thread, as a living message."""

from bot.core.repositories import Store
from bot.core.scan import OPEN, Card, State
from bot.slack.messages.subjects import Render, Subject


def reply_subject(store: Store, render: Render) -> Subject:
    """The one reply that shows what happens to a build."""

    async def shown(card: Card) -> None:
        await store.queue.shown(card.scan.number, card.scan.revision)

    async def give_up(card: Card, why: str) -> None:
        number = card.scan.number
        if card.scan.state not in OPEN and number in await store.queue.stale():
            await store.scans.note(number, f"the reply could not be posted: {why}")
        await shown(card)

    return Subject(
        name="reply",
        event_type="appscan_scan",
        render=render,
        stale=store.queue.stale,
        is_due=lambda card: card.scan.state is not State.CANCELLED,  # its file may be gone; no one waits
        is_final=lambda card: card.scan.state not in OPEN,
        one_at_a_time=False,
        message_ts=lambda card: card.scan.reply_ts,
        remember=store.queue.set_reply,
        shown=shown,
        give_up=give_up,
        copies=store.queue.stale_copies,
    )
