"""``/appscan rescan``, and the pages and the menu of OneTrust's applications."""

from collections.abc import Callable

from slack_bolt.async_app import AsyncApp

from bot.core import identifiers
from bot.core.identifiers import EXAMPLE_APP_ID, WHERE_APP_ID
from bot.core.scan import Scan
from bot.errors import NotFound, UsageError
from bot.features.onetrust_apps import views
from bot.features.onetrust_apps.service import OneTrustApps, typed_name
from bot.features.submission.intake import Intake
from bot.slack.blocks import short_answers, text
from bot.slack.blocks.elements import read_button_value
from bot.slack.blocks.message import Message, compose
from bot.slack.listening.command import Command, CommandText, Topic
from bot.slack.listening.payload import Payload
from bot.slack.listening.respond import replace_on_press

RESCAN = Topic(
    gist="scan a new build of an app that OneTrust knows",
    body=(
        "With a link to a shared file or its message, that file is scanned. Without one, the bot waits "
        "24 hours in the channel for a reply with the new build, and offers the latest one it knows.\n"
        "Without an app ID, or with a part of its name, OneTrust's own applications are offered, if the bot "
        "may read them.\n"
        f"The app ID is {WHERE_APP_ID}."
    ),
    examples=(
        f"/appscan rescan {EXAMPLE_APP_ID}",
        "/appscan rescan shop",
        f"/appscan rescan {EXAMPLE_APP_ID} https://example.slack.com/archives/C0123456789/p1790000000123456",
    ),
)


def rescan_command(
    onetrust_apps: OneTrustApps, intake: Intake, permalink: Callable[[Scan], str | None]
) -> Command:
    """Return ``/appscan rescan``."""

    async def rescan(typed: CommandText) -> Message | None:
        if not identifiers.is_app_id(typed.words[0] if typed.words else ""):
            name = typed_name(typed.rest)
            listing = await onetrust_apps.page(typed.user, typed.channel, name, limit=views.OFFERED)
            if listing is not None:
                return views.offered(listing)
        if not typed.words or len(typed.words) > 2:
            raise UsageError(
                "Say which app to rescan, and if you like the link to a build that was shared.",
                example=RESCAN.examples[0],
            )
        app_id = identifiers.app_id(typed.words[0])
        if len(typed.words) == 1:
            await intake.await_build(typed.user, typed.channel, app_id)
            return None
        link = identifiers.slack_link(typed.words[1])
        if link is None:
            raise UsageError(
                "The second word has to be the link to a shared file or its message "
                "(*Copy link* in the message's menu).",
                example=RESCAN.examples[-1],
            )
        scan = await intake.rescan_file(typed.user, typed.channel, app_id, link, typed.occasion)
        where = permalink(scan)
        told = text.link(where, "its thread") if where else "its thread"
        return short_answers.prepared(f"Rescanning {text.code(app_id)} as scan #{scan.number}: see {told}.")

    return Command(word="rescan", topic=RESCAN, handler=rescan)


def register(app: AsyncApp, onetrust_apps: OneTrustApps, intake: Intake) -> None:
    """Register the page buttons and the menu."""

    async def page_of_applications(press: Payload) -> Message:
        search, offset = read_button_value(press.value, str, int, example="/appscan apps")
        listing = await onetrust_apps.page(press.user, press.channel, search, offset=offset)
        if listing is None:
            raise NotFound("OneTrust no longer lets its applications be read.")
        return compose(views.page(listing))

    async def rescan_chosen(press: Payload) -> Message:
        app_id = identifiers.app_id(press.value)
        await intake.await_build(press.user, press.channel, app_id)
        return short_answers.prepared(
            f"A rescan of {text.code(app_id)} is waiting: reply with the build to the message about it."
        )

    replace_on_press(app, page_of_applications, views.PREVIOUS, views.NEXT)
    replace_on_press(app, rescan_chosen, views.RESCAN)
