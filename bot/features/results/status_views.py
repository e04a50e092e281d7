"""A submitted scan's result in its reply: one line, and the buttons."""

from typing import Final

from bot.core.scan import Scan, Source
from bot.features.results.diff import Changes
from bot.features.results.models import RETRIED, Results, ResultState, ResultStatus
from bot.features.results.part import results_of
from bot.features.results.polling_views import awaited, looking
from bot.features.submission.card import Card
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, button
from bot.slack.blocks.lists import count
from bot.slack.blocks.scan_text import title

ALL_FOUND: Final = "scan_all_found"  # opens modals.found_modal
SCAN_ONCE_MORE: Final = "scan_once_more"  # makes another scan of the same file, in the same thread


def line(card: Card) -> str:
    """Return the result of a submitted scan, or when it may come; empty if unknown."""
    part = results_of(card)
    if part.results is not None:
        return _found(part.changes, part.results)
    followed = part.followed
    match followed.state if followed is not None else None:
        case ResultState.FINDING | ResultState.RUNNING:
            return awaited(card)
        case ResultState.FAILED | ResultState.INTERRUPTED:
            return f":x: {ended(card)}"
        case ResultState.AMBIGUOUS:
            return (
                f":question: The bot can't tell which scan in OneTrust this is{_looked(followed)}. "
                "Look there for its result."
            )
        case ResultState.LOST:
            return (
                f":warning: The bot found no result in OneTrust{_looked(followed)}. It has stopped checking. "
                "Look there for the app and its scans."
            )
        case _:
            return ""


def uncertain(card: Card) -> str:
    """Say whether an uncertain submission was found in OneTrust; empty if it was not polled."""
    followed = results_of(card).followed
    match followed.state if followed is not None else None:
        case ResultState.FINDING:
            return looking(card)
        case ResultState.AMBIGUOUS:
            return f"The bot can't tell which scan in OneTrust it would be{_looked(followed)}."
        case ResultState.LOST:
            return f"The bot did not find it in OneTrust{_looked(followed)}."
        case _:
            return ""


def ended(card: Card) -> str:
    """Say that OneTrust's scan failed, and what to do."""
    followed = results_of(card).followed
    interrupted = followed is not None and followed.state is ResultState.INTERRUPTED
    what = "was interrupted" if interrupted else "failed"
    return f"*OneTrust's scan of* {title(card.scan)} *{what}*. {_what_to_do(card.scan)}"


def once_more(card: Card) -> Block | None:
    """Return the button that submits the file again, if OneTrust's scan failed."""
    followed = results_of(card).followed
    failed = followed is not None and followed.state in RETRIED
    if not failed or card.scan.source is Source.SHELL:
        return None
    return button("Scan again", SCAN_ONCE_MORE, str(card.scan.number))


def all_found(card: Card) -> Block | None:
    """Return the button that opens the full lists, if there are results."""
    if results_of(card).results is None:
        return None
    return button("All SDKs and permissions", ALL_FOUND, str(card.scan.number))


def _found(changes: Changes | None, results: Results) -> str:
    new = len(changes.sdks_added) if changes is not None else 0
    at = results.scan.scanned_at
    when = f" {text.when(at)}" if at is not None else ""
    sdks = count(results.sdk_count, "SDK") + (f" ({new:,} new)" if new else "")
    risk = f", {results.high_risk_count:,} high-risk" if results.high_risk_count else ""
    return f":bar_chart: Scanned{when}: {sdks}, {count(results.permission_count, 'permission')}{risk}"


def _what_to_do(scan: Scan) -> str:
    if scan.source is Source.SHELL:
        return "Run the command again with `--again`. If it fails again, OneTrust shows why."
    return "Press *Scan again* to submit the same file again. If it fails again, OneTrust shows why."


def _looked(followed: ResultStatus | None) -> str:
    looked_for = text.sentence(followed.looked_for.rstrip("."), 300) if followed is not None else ""
    return f": {looked_for}" if looked_for else ""
