"""The modal with all that OneTrust found in a build, and the button that scans it once more."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import NotFound
from bot.features.results import status_views
from bot.features.results.modals import FOUND, found_modal
from bot.features.results.part import results_of
from bot.slack.blocks.elements import Block
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.modals import open_paged
from bot.slack.listening.payload import read_payload
from bot.wiring.services import Services


def register(app: AsyncApp, services: Services) -> None:
    """Register the modal and the button."""

    @app.action(status_views.SCAN_ONCE_MORE)
    async def scan_once_more(ack: AsyncAck, body: dict[str, Any]) -> None:
        press = read_payload(body)
        number = press.number(digits=15, example="/appscan history")
        await services.choices.scan(number, press.user, press.channel)
        await services.scan_retry.ask(number, press.user)
        await ack()  # once it is written, so that an acknowledged press is never lost

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await services.records.status(user, state.channel, str(state.record))
        if (results := results_of(card).results) is None:
            raise NotFound(f"The results of scan #{state.record} are not known here.")
        return found_modal(card.scan, results, state)

    open_paged(app, FOUND, load, button=status_views.ALL_FOUND)
