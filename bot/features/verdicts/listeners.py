"""The buttons of side scanners: the modal with a report, and the request for a new verdict."""

import re
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import NotFound
from bot.features.verdicts import views
from bot.features.verdicts.modals import REPORT, report_modal
from bot.features.verdicts.scanner_profile import UNNAMED
from bot.slack.blocks.elements import Block
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.modals import open_paged
from bot.slack.listening.payload import Payload, read_payload
from bot.wiring.services import Services


def register(app: AsyncApp, services: Services) -> None:
    """Register the modal and the button."""

    def of_scan(press: Payload) -> ModalState:
        number = press.number(digits=15, example="/appscan history")
        return replace(REPORT.opened(number, press.channel), source=views.scanner_of(press.action))

    @app.action(_of_any_scanner(views.ASK_AGAIN))
    async def ask_again(ack: AsyncAck, body: dict[str, Any]) -> None:
        press = read_payload(body)
        number = press.number(digits=15, example="/appscan history")
        await services.choices.scan(number, press.user, press.channel)
        await services.verdict_retry.ask(views.scanner_of(press.action), number, press.user)
        await ack()  # once it is written, so that an acknowledged press is never lost

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await services.records.status(user, state.channel, str(state.record))
        for shown in card.verdicts:
            if shown.scanner.name == (state.source or UNNAMED) and shown.verdict.result is not None:
                return report_modal(card.scan, shown, state)
        raise NotFound(f"The verdict on scan #{state.record} is not known here.")

    open_paged(app, REPORT, load, button=_of_any_scanner(views.REPORT), state=of_scan)


def _of_any_scanner(action: str) -> re.Pattern[str]:
    return re.compile(rf"^{action}(:[a-z0-9_]+)?$")
