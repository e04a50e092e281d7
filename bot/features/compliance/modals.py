"""The form in which a violation is acknowledged."""

from collections.abc import Mapping
from typing import Any, Final

from bot.core.scan import Scan
from bot.errors import UsageError
from bot.features.compliance.rules import Violation
from bot.features.compliance.views import REASON_LIMIT, evidence_text
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, section
from bot.slack.blocks.forms import form, kept_in, number_in, text_input, typed_in
from bot.slack.blocks.scan_text import title

ACKNOWLEDGE_FORM: Final = "acknowledge_form"
REASON_BLOCK: Final = "reason_block"
_REASON: Final = "reason"


def acknowledge_modal(scan: Scan, breach: Violation) -> Block:
    """Ask why a violation is acknowledged."""
    about = [f"{title(scan)} breaks *{text.escape(breach.rule, 80)}*:", *evidence_text(breach)]
    return form(
        ACKNOWLEDGE_FORM,
        "Acknowledge",
        "Acknowledge",
        {"scan": scan.number, "breach": breach.number},
        [
            section("\n".join(about)),
            text_input(
                REASON_BLOCK,
                _REASON,
                "Reason",
                "Why this is all right, or what is done about it. It is shown in the thread with your name.",
                REASON_LIMIT,
                multiline=True,
            ),
        ],
    )


def read_acknowledgement(view: Mapping[str, Any]) -> tuple[int, str]:
    """Return the violation's number and the reason from a submitted ``acknowledge_modal``.

    Raises:
        UsageError: the reason is missing or too long, or the metadata is not of this form.
    """
    reason = " ".join(typed_in(view, REASON_BLOCK, _REASON).split())
    if not text.plain(reason, REASON_LIMIT):
        raise UsageError("Write a reason: it is shown in the thread.")
    if len(reason) > REASON_LIMIT:
        raise UsageError(f"That is too long: the limit is {REASON_LIMIT} characters.")
    return number_in(kept_in(view), "breach"), reason
