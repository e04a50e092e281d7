"""``/appscan verdict``, the modal with a report, and the button for a retry."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.core.scan import Scan
from bot.errors import NotFound
from bot.features.submission.ports import CardFor
from bot.features.submission.user_actions import UserActions
from bot.features.verdicts import lookup_views, views
from bot.features.verdicts.lookup import VerdictLookup
from bot.features.verdicts.modals import REPORT, report_modal
from bot.features.verdicts.models import verdicts_of
from bot.features.verdicts.retry import VerdictRetry
from bot.features.verdicts.scanner_profile import UNNAMED
from bot.slack.blocks.elements import Block
from bot.slack.blocks.message import Message
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.command import Command, CommandText, Topic
from bot.slack.listening.modals import open_paged
from bot.slack.listening.payload import Payload, read_payload

VERDICT = Topic(
    gist="what Zscaler's Sandbox says of a build",
    body=(
        "The number of a scan, the SHA-256 of a build that was scanned here, or any file's MD5. For an MD5 "
        "that is not in the history Zscaler is asked, which counts against the daily report quota."
    ),
    examples=("/appscan verdict 12", "/appscan verdict 0123456789abcdef0123456789abcdef"),
)


def verdict_command(lookup: VerdictLookup, permalink: Callable[[Scan], str | None]) -> Command:
    """Return ``/appscan verdict``."""

    async def verdict(typed: CommandText) -> Message:
        answer = await lookup.ask(typed.user, typed.channel, typed.rest)
        if isinstance(answer, list):
            return lookup_views.asked(answer)
        return lookup_views.known(answer, link=permalink(answer.scan))

    return Command(word="verdict", topic=VERDICT, handler=verdict)


def register(app: AsyncApp, retry: VerdictRetry, actions: UserActions, card_for: CardFor) -> None:
    """Register the modal and the button."""

    def of_scan(press: Payload) -> ModalState:
        number = press.number(digits=15, example="/appscan history")
        return replace(REPORT.opened(number, press.channel), source=views.scanner_of(press.action))

    @app.action(_of_any_scanner(views.ASK_AGAIN))
    async def ask_again(ack: AsyncAck, body: dict[str, Any]) -> None:
        press = read_payload(body)
        number = press.number(digits=15, example="/appscan history")
        await actions.scan(number, press.user, press.channel)
        await retry.ask(views.scanner_of(press.action), number, press.user)
        await ack()  # once it is written, so that an acknowledged press is never lost

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await card_for(user, state.channel, str(state.record))
        for shown in verdicts_of(card):
            scanner, result = shown.scanner, shown.verdict.result
            if scanner.name == (state.source or UNNAMED) and result is not None:
                return report_modal(card.scan, scanner, shown.verdict.md5, result, state)
        raise NotFound(f"The verdict on scan #{state.record} is not known here.")

    open_paged(app, REPORT, load, button=_of_any_scanner(views.REPORT), state=of_scan)


def _of_any_scanner(action: str) -> re.Pattern[str]:
    return re.compile(rf"^{action}(:[a-z0-9_]+)?$")
