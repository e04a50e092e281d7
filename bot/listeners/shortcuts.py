"""The message shortcut "Scan this build"."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.blocks import notice, text
from bot.listeners.acts import act, needed, said
from bot.listeners.answers import answer
from bot.scans.desk import Desk

SCAN_THIS_BUILD = "scan_this_build"


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the shortcut."""

    @app.shortcut(SCAN_THIS_BUILD)
    async def scan_this_build(ack: AsyncAck, shortcut: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        asked = act(shortcut)
        taken = await desk.intake.scan_message(
            asked.user,
            asked.channel,
            needed(shortcut, "message", "ts"),
            said(shortcut, "message", "thread_ts") or None,
        )
        told = []
        for each in taken:
            where = desk.cards.permalink(each.scan)
            number = text.link(where, f"scan #{each.scan.number}") if where else f"scan #{each.scan.number}"
            told.append(
                f"On it: {number}, in the message's thread."
                if each.new
                else f"That build is {number} already; its reply is in the message's thread."
            )
        await answer(respond, notice.prepared(" ".join(told)))
