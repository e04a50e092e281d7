"""The forms about a scan: which app it is, and that it did arrive."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.features.submission import modals
from bot.features.submission.user_actions import UNLINKED, UserActions
from bot.slack.blocks import text
from bot.slack.blocks.scan_text import app as app_of
from bot.slack.listening.modals import take_form


def register(app: AsyncApp, choices: UserActions) -> None:
    """Register the forms."""

    async def app_id_given(user: str, view: Mapping[str, Any]) -> str | None:
        answer = modals.read_app_id(view)
        await choices.scan(answer.scan, user)
        rescan = answer.purpose is modals.Purpose.RESCAN
        choose = choices.rescan_as if rescan else choices.link
        done = await choose(answer.scan, user, answer.app_id)
        if done.admins_only:
            return UNLINKED
        if done.other is None:
            return None
        return (
            f"Done. {text.code(answer.app_id)} is also linked to {app_of(done.other)}. If that is a mistake, "
            "remove one of the links with `/appscan unlink`."
        )

    async def request_id_given(user: str, view: Mapping[str, Any]) -> None:
        answer = modals.read_request_id(view)
        await choices.scan(answer.scan, user)
        await choices.arrived(answer.scan, user, answer.request_id)

    take_form(app, modals.APP_ID_FORM, app_id_given, error_block=modals.APP_ID_BLOCK)
    take_form(app, modals.REQUEST_ID_FORM, request_id_given, error_block=modals.REQUEST_ID_BLOCK)
