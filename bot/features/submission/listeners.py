"""The buttons of scans and of rescan requests.

What a press changes is written before the press is acknowledged, so that an acknowledged press is never lost.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.scan import Scan, State
from bot.errors import NotFound
from bot.features.history import views
from bot.features.rescan_requests import views as waiting
from bot.features.submission import modals
from bot.features.submission import views as reply
from bot.slack.blocks import short_answers, text
from bot.slack.listening.modals import open_form
from bot.slack.listening.payload import read_payload
from bot.slack.listening.respond import answer
from bot.wiring.services import Services

Choice = Callable[[int, str], Awaitable[object]]
Find = Callable[[int, str, str], Awaitable[Scan]]


def register(app: AsyncApp, services: Services) -> None:
    """Register the buttons."""
    choices: dict[str, Choice] = {
        reply.CANCEL: services.choices.cancel,
        reply.DISMISS: services.choices.dismiss,
        reply.NEW_APP: services.choices.scan_as_new,
        reply.RESCAN_ANYWAY: services.choices.rescan_anyway,
        reply.SCAN_AGAIN: services.choices.scan_again,
        reply.TRY_AGAIN: services.choices.try_again,
        reply.SUBMIT_AGAIN: services.choices.submit_again,
    }

    def decide(action_id: str, choice: Choice) -> None:
        @app.action(action_id)
        async def pressed(ack: AsyncAck, body: dict[str, Any]) -> None:
            number, user, channel = _press(body)
            await services.choices.scan(number, user, channel)
            await choice(number, user)
            await ack()

    for action_id, choice in choices.items():
        decide(action_id, choice)

    def ask(action_id: str, purpose: modals.Purpose, find: Find) -> None:
        @app.action(action_id)
        async def pressed(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            scan = await find(*_press(body))
            await open_form(client, body, modals.app_id_modal(scan, purpose=purpose))

    ask(reply.RESCAN_AS, modals.Purpose.RESCAN, services.choices.scan)
    ask(reply.LINK_APP, modals.Purpose.LINK, services.choices.scan_to_link)

    @app.action(reply.ARRIVED)
    async def arrived(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        scan = await services.choices.scan(*_press(body))
        if scan.state is not State.UNCERTAIN:
            raise NotFound(f"Scan #{scan.number} is already settled.")
        await open_form(client, body, modals.request_id_modal(scan))

    @app.action(reply.DETAILS)
    async def details(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        number, user, channel = _press(body)
        card, events = await services.records.status(user, channel, str(number))
        await answer(respond, views.status(card, events, link=services.cards.permalink(card.scan)))

    @app.action(reply.OPEN_LOG)
    async def log_opened(ack: AsyncAck) -> None:
        await ack()

    @app.action(waiting.SCAN_LATEST)
    async def scan_latest(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        number, user, channel = _press(body)
        taken = await services.intake.scan_latest(user, channel, number)
        await ack()
        if not taken.new:
            where = services.cards.permalink(taken.scan)
            told = f"scan #{taken.scan.number}"
            told = text.link(where, told) if where else told
            await answer(
                respond, short_answers.prepared(f"That build is {told} already; its reply is in the thread.")
            )


def _press(body: dict[str, Any]) -> tuple[int, str, str]:
    """Return the number in the button's value, who pressed it and in which conversation."""
    press = read_payload(body)
    return press.number(digits=15, example="/appscan history"), press.user, press.channel
