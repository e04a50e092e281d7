"""What a submitted scan waits for in OneTrust, in a line each."""

from typing import Final

from bot.core.scan import Kind, State
from bot.features.results.models import OVERDUE_S, POLLED, Results, ResultState, ResultStatus
from bot.features.results.part import ResultsPart, results_of
from bot.features.submission.card import Card
from bot.slack.blocks import text
from bot.slack.blocks.lists import count
from bot.slack.blocks.scan_text import WORDS

_WORDS: Final = {
    ResultState.FINDING: "not found in OneTrust yet",
    ResultState.AMBIGUOUS: "several scans in OneTrust could be this one: check there",
    ResultState.RUNNING: "being scanned by OneTrust",
    ResultState.COMPLETED: "completed by OneTrust",
    ResultState.FAILED: "failed in OneTrust",
    ResultState.INTERRUPTED: "interrupted in OneTrust",
    ResultState.LOST: "no result from OneTrust in time",
}
LATE_S: Final = 60.0
"""Shorter delays are not mentioned."""
_FETCHES: Final = (
    "Perhaps OneTrust could not fetch the file by FTP: the bot's operator should check "
    "`ONETRUST_FTP_REMOTE_PATH`, and OneTrust's own FTP credential."
)


def awaited(card: Card) -> str:
    """Say when a submitted scan's result may come; empty if results can't be read."""
    part = results_of(card)
    followed = part.followed
    if followed is None or part.next_at is None:
        return ""
    if followed.state is ResultState.RUNNING:
        told = ["OneTrust is scanning it. The result comes in this thread."]
    elif followed.is_overdue:
        missing = f"it still does not show {_where(card)}. The bot keeps checking."
        told = [f"OneTrust accepted it over {text.duration(OVERDUE_S)} ago, but {missing}", *unfound(card)]
    else:
        told = [f"OneTrust has accepted it; it does not show {_where(card)} yet."]
        told.append("The result comes in this thread.")
    if followed.looks == 0:
        told.append(f"The bot first checks {text.when(part.next_at)}.")
    if part.late_s >= LATE_S and part.waiting > 1:
        late = text.duration(60 * round(part.late_s / 60))
        told.append(f"With {part.waiting} scans waiting it may come up to {late} late.")
    return f":hourglass_flowing_sand: {' '.join(told)}"


def unfound(card: Card) -> list[str]:
    """Say where to check for a scan that is overdue; empty for others."""
    followed = results_of(card).followed
    if followed is None or not followed.is_overdue:
        return []
    submission = card.scan.submission
    told = ["Look up the request ID in the workflow's log."] if submission.request_id is not None else []
    return [*told, _FETCHES] if submission.route == "ftp" else told


def looking(card: Card) -> str:
    """Say what polling for an uncertain submission showed; empty if there is no polling."""
    part = results_of(card)
    followed = part.followed
    if followed is None:
        return ""
    if followed.looked_for and followed.looked_at is not None:
        again = " The bot keeps checking." if part.next_at is not None else ""
        at = text.when(followed.looked_at)
        said = text.sentence(followed.looked_for.rstrip("."), 300)
        return f"OneTrust was last checked {at}: {said}.{again}"
    if part.next_at is not None:
        return f"The bot first checks OneTrust {text.when(part.next_at)}."
    return ""


def unread(card: Card) -> str:
    """Say that results are not read here; empty if they are, or the result is known."""
    part = results_of(card)
    awaiting = part.results is None and part.followed is not None and part.followed.state in POLLED
    return "Results aren't read here: look in OneTrust." if awaiting and part.is_unread else ""


def state(card: Card) -> str:
    """Return a scan's state, and its state in OneTrust if that is known."""
    words, part = WORDS[card.scan.state], results_of(card)
    followed = part.followed
    if followed is None or _is_unread(part):
        return words
    at = f", {text.when(followed.ended_at)}" if followed.ended_at is not None else ""
    return f"{words}; {_WORDS[followed.state]}{at}"


def outcome(card: Card) -> list[str]:
    """Return a line each for polling, its outcome, and the results."""
    lines, part = [unread(card)], results_of(card)
    followed = part.followed
    if followed is not None and not _is_unread(part):
        if looks := _looks(followed, part.next_at):
            lines.append(f"{text.capital(looks)}{_late(part)}")
        lines.append(text.sentence(followed.looked_for, 1000))
        if card.scan.state is State.SUBMITTED:
            lines.append(" ".join(unfound(card)))
    if part.results is not None:
        lines.append(_found(part.results))
    return [line for line in lines if line]


def following(followed: ResultStatus) -> str:
    """Return the state in OneTrust, with the next poll or the time it ended."""
    words = text.capital(_WORDS[followed.state])
    if looks := _looks(followed, None):
        return f"{words}, {looks}"
    return f"{words}, {text.when(followed.ended_at)}" if followed.ended_at is not None else words


def _is_unread(part: ResultsPart) -> bool:
    followed = part.followed
    return followed is not None and followed.state in POLLED and part.next_at is None


def _looks(followed: ResultStatus, first_at: float | None) -> str:
    """Return the times of polls; of the first one only if it is known."""
    if followed.state not in POLLED:
        return ""
    if not followed.looks:  # the first poll comes some time after the submission
        return f"first check {text.when(first_at)}" if first_at is not None else ""
    return f"checked {_times(followed.looks)} so far; next check {text.when(followed.due_at)}"


def _late(part: ResultsPart) -> str:
    if part.late_s < LATE_S:
        return ""
    waiting = f"{part.waiting} scans wait" if part.waiting > 1 else "OneTrust limits it"
    return f", or up to {text.duration(part.late_s)} later, as {waiting}"


def _found(results: Results) -> str:
    parts = [
        count(results.sdk_count, "SDK"),
        f"{count(results.permission_count, 'permission')}, {results.high_risk_count:,} of them high-risk",
    ]
    if (manifest := results.privacy_manifest) is not None:
        parts.append(
            f"privacy manifest: {manifest.aligned:,} aligned, {manifest.mismatched:,} mismatched, "
            f"{manifest.missing:,} missing"
        )
    return f"Found: {'; '.join(parts)}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _where(card: Card) -> str:
    return "among this app's scans" if card.scan.kind is Kind.RESCAN else "in its list of apps"
