"""A submitted scan's result, or what it waits for in OneTrust: in its reply and in ``/appscan status``."""

from typing import Final

from bot.core.scan import Kind, Source, State
from bot.features.results.found_views import manifest_counts
from bot.features.results.models import (
    LATE_S,
    OVERDUE_S,
    POLLED,
    RETRIED,
    Results,
    ResultsPart,
    ResultState,
    ResultStatus,
    results_of,
)
from bot.features.submission.card import Card
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, button
from bot.slack.blocks.lists import count
from bot.slack.blocks.scan_text import WORDS, title

ALL_FOUND: Final = "scan_all_found"  # opens modals.found_modal
SCAN_ONCE_MORE: Final = "scan_once_more"  # makes another scan of the same file, in the same thread

_WORDS: Final = {
    ResultState.FINDING: "not found in OneTrust yet",
    ResultState.AMBIGUOUS: "several scans in OneTrust could be this one: check there",
    ResultState.RUNNING: "being scanned by OneTrust",
    ResultState.COMPLETED: "completed by OneTrust",
    ResultState.FAILED: "failed in OneTrust",
    ResultState.INTERRUPTED: "interrupted in OneTrust",
    ResultState.LOST: "no result from OneTrust in time",
}
_FETCHES: Final = (
    "Perhaps OneTrust could not fetch the file by FTP: the bot's operator should check "
    "`ONETRUST_FTP_REMOTE_PATH`, and OneTrust's own FTP credential."
)


def line(card: Card) -> str:
    """Return the result of a submitted scan, or when it may come; empty if unknown."""
    part = results_of(card)
    if part.results is not None:
        return _scanned(part, part.results)
    match part.state:
        case ResultState.FINDING | ResultState.RUNNING:
            return _awaited(card)
        case ResultState.FAILED | ResultState.INTERRUPTED:
            return f":x: {ended(card)}"
        case ResultState.AMBIGUOUS:
            return (
                f":question: The bot can't tell which scan in OneTrust this is{_reason(part)}. "
                "Look there for its result."
            )
        case ResultState.LOST:
            return (
                f":warning: The bot found no result in OneTrust{_reason(part)}. It has stopped checking. "
                "Look there for the app and its scans."
            )
    return ""


def uncertain(card: Card) -> str:
    """Say whether an uncertain submission was found in OneTrust; empty if it was not polled."""
    part = results_of(card)
    match part.state:
        case ResultState.FINDING:
            return _last_poll(part)
        case ResultState.AMBIGUOUS:
            return f"The bot can't tell which scan in OneTrust it would be{_reason(part)}."
        case ResultState.LOST:
            return f"The bot did not find it in OneTrust{_reason(part)}."
    return ""


def ended(card: Card) -> str:
    """Say that OneTrust's scan failed, and what to do."""
    what = "was interrupted" if results_of(card).state is ResultState.INTERRUPTED else "failed"
    to_do = "Press *Scan again* to submit the same file again."
    if card.scan.source is Source.SHELL:
        to_do = "Run the command again with `--again`."
    return f"*OneTrust's scan of* {title(card.scan)} *{what}*. {to_do} If it fails again, OneTrust shows why."


def once_more(card: Card) -> Block | None:
    """Return the button that submits the file again, if OneTrust's scan failed."""
    if results_of(card).state not in RETRIED or card.scan.source is Source.SHELL:
        return None
    return button("Scan again", SCAN_ONCE_MORE, str(card.scan.number))


def all_found(card: Card) -> Block | None:
    """Return the button that opens the full lists, if there are results."""
    if results_of(card).results is None:
        return None
    return button("All SDKs and permissions", ALL_FOUND, str(card.scan.number))


def unread(card: Card) -> str:
    """Say that results are not read here; empty if they are, or the result is known."""
    part = results_of(card)
    awaited = part.results is None and part.state in POLLED
    return "Results aren't read here: look in OneTrust." if awaited and part.is_unread else ""


def state(card: Card) -> str:
    """Return a scan's state, and its state in OneTrust if that is known."""
    words, followed = WORDS[card.scan.state], _known(results_of(card))
    if followed is None:
        return words
    at = f", {text.when(followed.ended_at)}" if followed.ended_at is not None else ""
    return f"{words}; {_WORDS[followed.state]}{at}"


def outcome(card: Card) -> list[str]:
    """Return a line each for polling, its outcome, and the results."""
    lines, part = [unread(card)], results_of(card)
    if (followed := _known(part)) is not None:
        if polls := _polls(followed, part.next_at):
            lines.append(f"{text.capital(polls)}{_late(part)}")
        lines.append(text.sentence(followed.looked_for, 1000))
        if card.scan.state is State.SUBMITTED:
            lines.append(" ".join(_unfound(card)))
    if (results := part.results) is not None:
        permissions = count(results.permission_count, "permission")
        manifest = results.privacy_manifest
        lines.append(
            f"Found: {count(results.sdk_count, 'SDK')}; {permissions}, "
            f"{results.high_risk_count:,} of them high-risk"
            + (f"; privacy manifest: {manifest_counts(manifest)}" if manifest is not None else "")
        )
    return [each for each in lines if each]


def following(followed: ResultStatus) -> str:
    """Return the state in OneTrust, with the next poll or the time it ended."""
    when = text.when(followed.ended_at) if followed.ended_at is not None else ""
    return ", ".join(filter(None, (text.capital(_WORDS[followed.state]), _polls(followed, None) or when)))


def _scanned(part: ResultsPart, results: Results) -> str:
    new = len(part.changes.sdks_added) if part.changes is not None else 0
    at = results.scan.scanned_at
    when = f" {text.when(at)}" if at is not None else ""
    sdks = count(results.sdk_count, "SDK") + (f" ({new:,} new)" if new else "")
    risk = f", {results.high_risk_count:,} high-risk" if results.high_risk_count else ""
    return f":bar_chart: Scanned{when}: {sdks}, {count(results.permission_count, 'permission')}{risk}"


def _awaited(card: Card) -> str:
    """Say when a submitted scan's result may come; empty if results can't be read."""
    part = results_of(card)
    followed = part.followed
    if followed is None or part.next_at is None:
        return ""
    where = "among this app's scans" if card.scan.kind is Kind.RESCAN else "in its list of apps"
    if followed.state is ResultState.RUNNING:
        told = ["OneTrust is scanning it. The result comes in this thread."]
    elif followed.is_overdue:
        missing = f"it still does not show {where}. The bot keeps checking."
        told = [f"OneTrust accepted it over {text.duration(OVERDUE_S)} ago, but {missing}", *_unfound(card)]
    else:
        told = [f"OneTrust has accepted it; it does not show {where} yet. The result comes in this thread."]
    if followed.looks == 0:
        told.append(f"The bot first checks {text.when(part.next_at)}.")
    if part.late_s >= LATE_S and part.waiting > 1:
        late = text.duration(60 * round(part.late_s / 60))
        told.append(f"With {part.waiting} scans waiting it may come up to {late} late.")
    return f":hourglass_flowing_sand: {' '.join(told)}"


def _unfound(card: Card) -> list[str]:
    """Say where to check for a scan that is overdue; empty for others."""
    followed, submission = results_of(card).followed, card.scan.submission
    if followed is None or not followed.is_overdue:
        return []
    told = ["Look up the request ID in the workflow's log."] if submission.request_id is not None else []
    return [*told, _FETCHES] if submission.route == "ftp" else told


def _last_poll(part: ResultsPart) -> str:
    """Say what polling for an uncertain submission showed; empty if there is no polling."""
    at = part.followed.looked_at if part.followed is not None else None
    if (reason := _reason(part)) and at is not None:
        again = " The bot keeps checking." if part.next_at is not None else ""
        return f"OneTrust was last checked {text.when(at)}{reason}.{again}"
    return f"The bot first checks OneTrust {text.when(part.next_at)}." if part.next_at is not None else ""


def _reason(part: ResultsPart) -> str:
    """Return why there is no match, after a colon; empty if that is unknown."""
    looked_for = part.followed.looked_for.rstrip(".") if part.followed is not None else ""
    return f": {text.sentence(looked_for, 300)}" if looked_for else ""


def _known(part: ResultsPart) -> ResultStatus | None:
    """Return the polling state, unless it is out of date as results can't be read now."""
    return None if part.state in POLLED and part.next_at is None else part.followed


def _polls(followed: ResultStatus, first_at: float | None) -> str:
    """Return the times of polls; of the first one only if it is known."""
    if followed.state not in POLLED:
        return ""
    if not followed.looks:  # the first poll comes some time after the submission
        return f"first check {text.when(first_at)}" if first_at is not None else ""
    times = "once" if followed.looks == 1 else f"{followed.looks:,} times"
    return f"checked {times} so far; next check {text.when(followed.due_at)}"


def _late(part: ResultsPart) -> str:
    if part.late_s < LATE_S:
        return ""
    waiting = f"{part.waiting} scans wait" if part.waiting > 1 else "OneTrust limits it"
    return f", or up to {text.duration(part.late_s)} later, as {waiting}"
