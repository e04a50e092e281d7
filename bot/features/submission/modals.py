"""Modals with a form, and reading what was submitted with them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from bot.core import identifiers
from bot.core.scan import Scan
from bot.slack.blocks.elements import Block, section
from bot.slack.blocks.forms import form, kept_in, number_in, outdated, text_input, typed_in
from bot.slack.blocks.scan_text import app, title

APP_ID_FORM: Final = "app_id_form"
REQUEST_ID_FORM: Final = "request_id_form"

APP_ID_BLOCK: Final = "app_id_block"
"""The block of an error about the app ID, for ``response_action: errors``."""
REQUEST_ID_BLOCK: Final = "request_id_block"
"""The block of an error about the request ID."""

_APP_ID: Final = "app_id"
_REQUEST_ID: Final = "request_id"


class Purpose(StrEnum):
    """Why an app ID is asked for."""

    RESCAN = "rescan"  # scan this build as that app, and remember the link
    LINK = "link"  # remember the link for the next build


def app_id_modal(scan: Scan, *, purpose: Purpose) -> Block:
    """Ask for the ID of a scan's app in OneTrust."""
    if purpose is Purpose.RESCAN:
        heading, submit = "Rescan as…", "Rescan"
        then = "This build is then submitted as its rescan, and later builds too."
    else:
        heading, submit, then = "Link app ID", "Link", "Its next build is then a rescan."
    return form(
        APP_ID_FORM,
        heading,
        submit,
        {"scan": scan.number, "purpose": purpose.value},
        [
            section(f"{title(scan)}: which app in OneTrust is {app(scan)}? {then}"),
            text_input(APP_ID_BLOCK, _APP_ID, "App ID", f"It is {identifiers.WHERE_APP_ID}.", 128 + 72),
        ],
    )


def request_id_modal(scan: Scan) -> Block:
    """Ask for the request ID of a submission that did arrive; with the direct route, for the scan ID."""
    if scan.submission.route == "direct":
        where, what = "list of mobile apps", "Scan ID"
        hint = "In OneTrust's list of mobile apps: the ID of this build's scan."
    else:
        where, what = "log", "Request ID"
        hint = "In OneTrust, Workflow Builder > Logs: the ID of this build's entry."
    return form(
        REQUEST_ID_FORM,
        "It arrived",
        "Save",
        {"scan": scan.number},
        [
            section(f"{title(scan)} is in OneTrust's {where}? Then this scan counts as submitted."),
            text_input(REQUEST_ID_BLOCK, _REQUEST_ID, what, hint, 200),
        ],
    )


def read_app_id(view: Mapping[str, Any]) -> tuple[int, Purpose, str]:
    """Read a submitted ``app_id_modal``; return the scan's number, the purpose and the app ID.

    Raises:
        UsageError: the app ID is invalid, or the metadata is not of this form.
    """
    kept = kept_in(view)
    try:
        purpose = Purpose(str(kept.get("purpose")))
    except ValueError:
        raise outdated() from None
    app_id = identifiers.app_id(typed_in(view, APP_ID_BLOCK, _APP_ID))
    return number_in(kept, "scan"), purpose, app_id


def read_request_id(view: Mapping[str, Any]) -> tuple[int, str]:
    """Read a submitted ``request_id_modal``; return the scan's number and the request ID.

    Raises:
        UsageError: the request ID is invalid, or the metadata is not of this form.
    """
    request_id = identifiers.request_id(typed_in(view, REQUEST_ID_BLOCK, _REQUEST_ID))
    return number_in(kept_in(view), "scan"), request_id
