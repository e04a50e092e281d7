"""The message of a waiting rescan: reply to it with the new build, or scan the latest one."""

from typing import Final

from bot.core.scan import Scan, Source
from bot.features.rescan_requests.models import RequestState, RescanRequest
from bot.slack.blocks import text
from bot.slack.blocks.elements import actions, button, context, section
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import file, sharer, title

SCAN_LATEST: Final = "request_scan_latest"
"""The button's value is the number of the waiting rescan, not of a scan."""


def request(waiting: RescanRequest, latest: Scan | None) -> Message:
    """Show a waiting rescan as it is now; ``latest`` is the latest build known for its app."""
    app_id = text.code(waiting.app_id)
    who = f"asked for by {text.person(waiting.asked_by)}"
    until, latest_button = text.when(waiting.expires_at), None
    match waiting.state:
        case RequestState.ANSWERED:
            by = f"scan #{waiting.answer}" if waiting.answer is not None else "a build"
            line, more = f":white_check_mark: The rescan of {app_id} was answered by {by}.", None
        case RequestState.LAPSED:
            line = (
                f":heavy_minus_sign: The rescan of {app_id} has lapsed: no build was submitted for it by "
                f"{until}."
            )
            more = f"ask again with {text.code(f'/appscan rescan {waiting.app_id}', 160)}"
        case RequestState.WAITING:
            line = (
                f":hourglass_flowing_sand: *Rescan of* {app_id}: reply in this thread with the new `.ipa` or "
                "`.apk`."
            )
            more = f"waits until {until}"
            if latest is not None and latest.source is Source.SLACK:
                line += (
                    f"\nOr scan the latest build known for it: {title(latest)}, {file(latest)}, "
                    f"{sharer(latest)}, {text.when(latest.created_at)}."
                )
                latest_button = button("Scan the latest build", SCAN_LATEST, str(waiting.number))
    return compose([section(line), actions(latest_button), context(who, more)])
