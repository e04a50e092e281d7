"""The reply in a build's thread, in each state of its scan.

Each button's value is the scan's number. A scan from the command line has no button that needs the file
again, as it is not in Slack.
"""

from collections.abc import Sequence
from typing import Final

from bot.core.circuit_breaker import AWAY
from bot.core.identifiers import WHERE_APP_ID
from bot.core.scan import PARKED, Kind, Question, Reason, Scan, Source, State, SubmissionState
from bot.features.submission.card import Card, open_to
from bot.features.submission.sections import ReplySection
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, actions, button, confirm, context, facts, link_button, section
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import (
    MARKS,
    app,
    file,
    name,
    owners,
    receipt,
    sharer,
    title,
    version,
    went,
    why,
)

CANCEL: Final = "scan_cancel"
RESCAN_AS: Final = "scan_rescan_as"  # opens modals.app_id_modal
RESCAN_ANYWAY: Final = "scan_rescan_anyway"  # as scan.asked_app_id, although that is another app's
NEW_APP: Final = "scan_new_app"
DISMISS: Final = "scan_dismiss"
OPEN_LOG: Final = "scan_open_log"  # a link button: the press is only acknowledged
DETAILS: Final = "scan_details"
LINK_APP: Final = "scan_link_app"  # opens modals.app_id_modal
ARRIVED: Final = "scan_arrived"  # opens modals.request_id_modal
SUBMIT_AGAIN: Final = "scan_submit_again"
SCAN_AGAIN: Final = "scan_scan_again"
TRY_AGAIN: Final = "scan_try_again"
BUTTONS: Final = frozenset(
    {
        *(CANCEL, RESCAN_AS, RESCAN_ANYWAY, NEW_APP, DISMISS, OPEN_LOG, DETAILS, LINK_APP, ARRIVED),
        *(SUBMIT_AGAIN, SCAN_AGAIN, TRY_AGAIN),
    }
)

LOG_WAY: Final = "Workflow Builder &gt; *Logs* in OneTrust"
"""Where the log is, if its URL is not configured."""

_PERCENT_FROM_BYTES: Final = 5_000_000

_BEFORE: Final = {
    State.SUBMITTED: "was submitted before",
    State.UNCERTAIN: "was sent before, and it is not certain that OneTrust took it",
    State.FAILED: "was on its way then, but was not submitted",
    State.CANCELLED: "was on its way then, but was not submitted",
}
"""How a duplicate's original ended, or did not, by its state."""


def reply(card: Card, sections: Sequence[ReplySection]) -> Message:
    """Show a scan."""
    match card.scan.state:
        case State.ASKING:
            blocks = _asking(card)
        case State.SUBMITTED:
            blocks = _submitted(card, sections)
        case State.UNCERTAIN:
            blocks = _uncertain(card, sections)
        case State.DUPLICATE:
            blocks = _duplicate(card)
        case State.REJECTED | State.FAILED | State.CANCELLED:
            blocks = _ended(card.scan)
        case _:
            blocks = _moving(card, sections)
    *said, foot = blocks
    problems: set[str] = set()
    for each in sections:
        said += each.blocks(card, problems)
        problems |= set(each.problems(card))
    return compose([*said, foot])


def _moving(card: Card, sections: Sequence[ReplySection]) -> list[Block | None]:
    scan = card.scan
    more = ""
    held = next(filter(None, (each.headline(card) for each in sections)), "")
    match scan.state:
        case State.PULLING:
            total = scan.size_bytes or card.total_bytes
            of = f" ({text.size(total)})" if total else ""
            source = " from Slack" if scan.source is Source.SLACK else ""
            line = f"Pulling {title(scan)}{of}{source}{_percent(card)}"
        case State.CHECKING:
            line = f"Checking {title(scan)}"
        case State.SUBMITTING:
            line = f"Submitting {title(scan)} to OneTrust{_percent(card)}"
            more = text.capital(why(scan))
        case State.WAITING:
            line = f"{title(scan)} waits for {_original(card)}"
            more = (
                "That is another build of the same app; when it is settled, this one continues automatically."
            )
        case State.QUEUED if scan.submission.due_at == PARKED:
            line, more = f"{title(scan)} waits for OneTrust", scan.problem or ""
        case State.RECEIVED if card.scanner_away:
            line, more = f"{title(scan)} waits for OneTrust", AWAY
        case State.QUEUED if held:
            line = held
        case State.QUEUED:
            line = f"{title(scan)} will be tried again {_next_try(scan)}"
            more = text.sentence(scan.problem or "")
        case _:
            line = f"Received {title(scan)}"
    cancellable = scan.state not in {State.CHECKING, State.SUBMITTING}
    return [
        _head(scan, line, more),
        actions(_button("Cancel", CANCEL, scan) if cancellable else None),
        _foot(scan),
    ]


def _asking(card: Card) -> list[Block | None]:
    scan = card.scan
    asked, which = None, "*Which app is this a rescan of?*"
    if scan.question is Question.APP_ID_TAKEN and (asked := scan.asked_app_id):
        own = f", linked to {text.code(card.link.app_id)}" if card.link is not None else ""
        line = (
            f"{which} {text.code(asked)} was asked for, and that is linked to {owners(card.taken_by)}. "
            f"This build is {app(scan)}{own}."
        )
    elif scan.question is Question.UNKNOWN_APP:
        line = (
            f"{which} OneTrust does not know app {text.code(scan.app_id or '')}, which the bot had linked to "
            f"{app(scan)} automatically. It has removed that link."
        )
    elif scan.question is Question.MISREAD:
        line = (
            f"{which} What the comment names can't be an app ID: that is {WHERE_APP_ID}. "
            f"This build is {app(scan)}."
        )
    else:
        before = f" ({_original(card)})" if card.original is not None else ""
        line = (
            f"*Is {name(scan)} a rescan or a new app?* {app(scan)} was scanned before{before}, "
            "but its app ID is not known here. A second new scan would make a duplicate app in OneTrust."
        )
    if scan.source is Source.SHELL:
        way = "Nothing was submitted. Run the command again with `--app-id APP_ID` or `--new`."
        return [_head(scan, line, way), _foot(scan)]
    return [
        _head(scan, line),
        actions(
            _button("Rescan as…", RESCAN_AS, scan),
            _button(f"Rescan as {text.plain(asked, 40)} anyway", RESCAN_ANYWAY, scan) if asked else None,
            _button("Scan as a new app", NEW_APP, scan),
            _button("Dismiss", DISMISS, scan),
        ),
        _foot(scan),
    ]


def _submitted(card: Card, sections: Sequence[ReplySection]) -> list[Block | None]:
    scan = card.scan
    log = _log(card)
    way = f"Log: {LOG_WAY}, paste the request ID" if scan.submission.request_id and not log else None
    unlinked = scan.kind is Kind.NEW and card.link is None
    took = None
    if scan.finished_at is not None:
        took = f"took {text.duration(scan.finished_at - (scan.begun_at or scan.created_at))}"
    return [
        _head(
            scan,
            f"{title(scan)} was submitted to OneTrust.",
            *_lines(card, sections),
            receipt(scan),
            f"{text.capital(why(scan))}." if scan.kind is not None else "",
            went(scan),
            *(each.closing(card) for each in sections),
        ),
        facts(
            [
                ("Bundle identifier", text.code(scan.bundle_id or "")),
                ("Platform", scan.platform.title if scan.platform else "–"),
                ("Version", version(scan)),
                ("Size", text.size(scan.size_bytes) if scan.size_bytes is not None else "–"),
                ("File", file(scan)),
                ("SHA-256", text.code((scan.sha256 or "")[:12])),
            ]
        ),
        actions(
            *(each for part in sections for each in part.buttons(card)),
            log,
            _button("Details", DETAILS, scan),
            _button("Link app ID…", LINK_APP, scan) if unlinked else None,
        ),
        context(told) if scan.reason is not Reason.LINKED and (told := _next_build(card)) else None,
        context(f"Scan #{scan.number}", sharer(scan), took, way),
    ]


def _next_build(card: Card) -> str | None:
    """Return what the next build of the app will be, if that is clear."""
    scan, link = card.scan, card.link
    if link is None:
        unknown = "Once OneTrust shows the app's ID, link it here: the next build is then a rescan."
        return unknown if scan.kind is Kind.NEW else None
    if scan.kind is Kind.RESCAN and link.app_id != scan.app_id:
        return f"{text.capital(app(scan))} stays linked to {text.code(link.app_id)}, as before."
    return f"Linked to {text.code(link.app_id)}: the next build is a rescan of it."


def _uncertain(card: Card, sections: Sequence[ReplySection]) -> list[Block | None]:
    scan = card.scan
    log, slack = _log(card), scan.source is Source.SLACK
    makes = "a duplicate app there" if scan.kind is Kind.NEW else "one more scan of the same app"
    again = button(
        "Submit again",
        SUBMIT_AGAIN,
        str(scan.number),
        style="danger",
        confirm=confirm(
            "Submit this build again?",
            f"If OneTrust took it the first time, this makes {makes}.",
            yes="Submit again",
            no="Not now",
        ),
    )
    if scan.submission.route == "direct":
        id_, sought = "scan ID", "OneTrust's list of mobile apps for a scan of this app"
    else:
        id_, sought = "request ID", f"{'the log' if log else LOG_WAY} for this app"
    return [
        _head(
            scan,
            f"It is not certain that OneTrust took {title(scan)}. It is not resent automatically.",
            text.sentence(scan.problem or ""),
            *_lines(card, sections),
            f"Look in {sought}, sent {text.when(scan.updated_at)}. "
            f"If it is there, press *It arrived…* and give its {id_}; if not, "
            f"{'*Submit again*' if slack else 'run the command again'}.",
        ),
        actions(
            log,
            _button("It arrived…", ARRIVED, scan),
            again if slack else None,
            _button("Details", DETAILS, scan),
        ),
        _foot(scan, text.capital(why(scan))),
    ]


def _duplicate(card: Card) -> list[Block | None]:
    scan, original = card.scan, card.original
    what = _BEFORE.get(original.state, "is on its way already") if original else _BEFORE[State.SUBMITTED]
    return [
        _head(
            scan,
            f"{title(scan)} was not submitted again: the very same file {what}.",
            f"That is {_original(card)}.",
            receipt(original) if original is not None else "",
        ),
        actions(
            _log(card),
            _button("Scan again", SCAN_AGAIN, scan) if scan.source is Source.SLACK else None,
        ),
        _foot(scan),
    ]


def _ended(scan: Scan) -> list[Block | None]:
    retry = scan.state is State.FAILED and scan.source is Source.SLACK
    end = "can't be scanned" if scan.state is State.REJECTED else "was not submitted"
    line = text.capital(f"{title(scan)} {end}.")
    refused = retry and scan.submission.state is SubmissionState.REFUSED
    then = "It is not retried automatically: once that is fixed, press *Try again*." if refused else ""
    return [
        _head(scan, line, text.sentence(scan.problem or ""), then),
        actions(
            _button("Try again", TRY_AGAIN, scan) if retry else None,
            _button("Rescan as…", RESCAN_AS, scan) if retry and scan.submission.status == 409 else None,
        ),
        _foot(scan),
    ]


def _lines(card: Card, sections: Sequence[ReplySection]) -> list[str]:
    return [line for each in sections for line in each.lines(card)]


def _head(scan: Scan, line: str, *more: str) -> Block:
    return section("\n".join([f"{MARKS[scan.state]} {line}", *(each for each in more if each)]))


def _foot(scan: Scan, *more: str) -> Block:
    """Return the last line; it names the file if the head shows the app's name instead."""
    return context(f"Scan #{scan.number}", file(scan) if scan.build else None, sharer(scan), *more)


def _button(label: str, action_id: str, scan: Scan) -> Block:
    return button(label, action_id, str(scan.number))


def _log(card: Card) -> Block | None:
    return link_button("Open the log", OPEN_LOG, str(card.scan.number), card.log_url)


def _percent(card: Card) -> str:
    if card.total_bytes <= _PERCENT_FROM_BYTES or not card.done_bytes:
        return ""
    return f": {min(100, max(0, card.done_bytes) * 100 // card.total_bytes)}%"


def _next_try(scan: Scan) -> str:
    tries = scan.submission.attempts
    return text.when(scan.submission.due_at) + (f" (try {tries + 1})" if tries else "")


def _original(card: Card) -> str:
    """Name the original scan; its sharer only if all readers of this card may know."""
    original = card.original
    if original is None:
        return f"scan #{card.scan.original}" if card.scan.original is not None else "another scan"
    number = f"scan #{original.number}"
    if card.original_link is not None:
        number = text.link(card.original_link, number)
    known = [sharer(original)] if open_to(card.scan, original) else []
    return ", ".join([number, text.when(original.created_at), *known])
