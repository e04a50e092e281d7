"""Zscaler's verdict: the modal with its report, and the button that requests a new verdict."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.blocks import opinion
from bot.blocks.elements import Block
from bot.blocks.opinion_modals import REPORT, report_modal
from bot.errors import NotFound
from bot.listeners.acts import act
from bot.listeners.forms import open_paged
from bot.scans.desk import Desk
from bot.slack.blocks.paged_modal import ModalState


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the modal and the button."""

    @app.action(opinion.ASK_AGAIN)
    async def ask_again(ack: AsyncAck, body: dict[str, Any]) -> None:
        press = act(body)
        number = press.number(digits=15, example="/appscan history")
        await desk.choices.scan(number, press.user, press.channel)
        await desk.asking_again.ask(number, press.user)
        await ack()  # once it is written, so that an acknowledged press is never lost

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await desk.records.status(user, state.channel, str(state.record))
        if card.opinion is None or card.opinion.verdict is None:
            raise NotFound(f"Zscaler's verdict on scan #{state.record} is not known here.")
        return report_modal(card.scan, card.opinion, state)

    open_paged(app, REPORT, load, button=opinion.REPORT)
