"""The message shortcut "Scan this build"."""

from collections.abc import Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.core.scan import Scan
from bot.features.submission.intake import Intake
from bot.slack.blocks import short_answers, text
from bot.slack.listening.payload import needed, read_payload, said
from bot.slack.listening.respond import answer

SCAN_THIS_BUILD = "scan_this_build"


def register(app: AsyncApp, intake: Intake, permalink: Callable[[Scan], str | None]) -> None:
    """Register the shortcut."""

    @app.shortcut(SCAN_THIS_BUILD)
    async def scan_this_build(ack: AsyncAck, shortcut: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        asked = read_payload(shortcut)
        taken = await intake.scan_message(
            asked.user,
            asked.channel,
            needed(shortcut, "message", "ts"),
            said(shortcut, "message", "thread_ts") or None,
        )
        told = []
        for each in taken:
            where = permalink(each.scan)
            number = text.link(where, f"scan #{each.scan.number}") if where else f"scan #{each.scan.number}"
            told.append(
                f"On it: {number}, in the message's thread."
                if each.new
                else f"That build is {number} already; its reply is in the message's thread."
            )
        await answer(respond, short_answers.prepared(" ".join(told)))
