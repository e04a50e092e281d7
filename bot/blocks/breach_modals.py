"""The form in which a breach of the policy is acknowledged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.blocks import text
from bot.blocks.breaches import REASON_LIMIT, what_breaks
from bot.blocks.elements import Block, section
from bot.blocks.modals import form, kept_in, number_in, text_input, typed_in
from bot.blocks.phrases import title
from bot.errors import UsageError
from bot.scans.models import Scan
from bot.scans.rules import Breach

ACKNOWLEDGE_FORM: Final = "acknowledge_form"
REASON_BLOCK: Final = "reason_block"
"""The block of an error about the reason."""

_REASON: Final = "reason"


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """A submitted ``acknowledge_modal``."""

    breach: int
    reason: str


def acknowledge_modal(scan: Scan, breach: Breach) -> Block:
    """Ask for the reason why a breach is acknowledged."""
    about = [f"{title(scan)} breaks *{text.escape(breach.rule, 80)}*:", *what_breaks(breach)]
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


def read_acknowledgement(view: Mapping[str, Any]) -> Acknowledgement:
    """Read a submitted ``acknowledge_modal``.

    Raises:
        UsageError: the reason is missing or too long, or the metadata is not of this form.
    """
    reason = " ".join(typed_in(view, REASON_BLOCK, _REASON).split())
    if not text.plain(reason, REASON_LIMIT):
        raise UsageError("Write a reason: it is shown in the thread.")
    if len(reason) > REASON_LIMIT:
        raise UsageError(f"That is too long: the limit is {REASON_LIMIT} characters.")
    return Acknowledgement(breach=number_in(kept_in(view), "breach"), reason=reason)
