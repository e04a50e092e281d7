"""The forms that buttons open, when they are sent.

What a form changes is written before it is acknowledged; what is wrong with it is shown in the form.
"""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.blocks import modals, text
from bot.blocks.phrases import app as app_of
from bot.errors import AppscanError, UsageError
from bot.listeners.acts import actor
from bot.scans.choices import UNLINKED
from bot.scans.desk import Desk
from bot.scans.models import Link


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the forms."""

    @app.view(modals.APP_ID_FORM)
    async def app_id_given(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        user = actor(body)
        try:
            answer = modals.read_app_id(view)
        except UsageError as error:
            await ack(response_action="errors", errors={modals.APP_ID_BLOCK: error.user_message})
            return
        try:
            await desk.choices.scan(answer.scan, user)
            rescan = answer.purpose is modals.Purpose.RESCAN
            choose = desk.choices.rescan_as if rescan else desk.choices.link
            done = await choose(answer.scan, user, answer.app_id)
        except UsageError as error:
            await ack(
                response_action="errors", errors={modals.APP_ID_BLOCK: error.user_message.replace("`", "")}
            )
            return
        except AppscanError as error:
            await ack(response_action="update", view=modals.notice_modal(error.user_message))
            return
        if done.admins_only:
            await ack(response_action="update", view=modals.notice_modal(UNLINKED))
        elif done.other is not None:
            told = modals.notice_modal(_shared(answer.app_id, done.other))
            await ack(response_action="update", view=told)
        else:
            await ack()

    @app.view(modals.REQUEST_ID_FORM)
    async def request_id_given(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        user = actor(body)
        try:
            answer = modals.read_request_id(view)
        except UsageError as error:
            await ack(response_action="errors", errors={modals.REQUEST_ID_BLOCK: error.user_message})
            return
        try:
            await desk.choices.scan(answer.scan, user)
            await desk.choices.arrived(answer.scan, user, answer.request_id)
        except AppscanError as error:
            await ack(response_action="update", view=modals.notice_modal(error.user_message))
            return
        await ack()


def _shared(app_id: str, other: Link) -> str:
    return (
        f"Done. {text.code(app_id)} is linked to {app_of(other)} as well: "
        "if that is not meant, `/appscan unlink` removes one of them."
    )
