"""How far following a scan has come, and when its result may come, in a line each."""

from typing import Final

from bot.core.scan import Kind, State
from bot.features.results.models import OVERDUE_S, POLLED, Results, ResultState, ResultStatus
from bot.features.results.part import ResultsPart, results_of
from bot.features.submission.card import Card
from bot.slack.blocks import text
from bot.slack.blocks.lists import count
from bot.slack.blocks.scan_text import WORDS

_WORDS: Final = {
    ResultState.FINDING: "being looked for in OneTrust",
    ResultState.AMBIGUOUS: "in OneTrust two scans could be this one: a person has to look",
    ResultState.RUNNING: "being scanned by OneTrust",
    ResultState.COMPLETED: "completed by OneTrust",
    ResultState.FAILED: "failed in OneTrust",
    ResultState.INTERRUPTED: "interrupted in OneTrust",
    ResultState.LOST: "looked for in OneTrust until the time was up",
}
LATE_S: Final = 60.0
"""What is late by less is not worth a word."""
_FETCHES: Final = (
    "Perhaps OneTrust could not fetch the file by FTP: whoever runs the bot should check "
    "`ONETRUST_FTP_REMOTE_PATH`, and OneTrust's own FTP credential."
)


def awaited(card: Card) -> str:
    """Say when the result of a submitted scan may come; empty where results can't be read."""
    part = results_of(card)
    followed = part.followed
    if followed is None or part.next_at is None:
        return ""
    if followed.state is ResultState.RUNNING:
        told = ["OneTrust is scanning it. The result comes in this thread."]
    elif followed.is_overdue:
        missing = f"it still does not show {_where(card)}. The bot goes on looking."
        told = [f"OneTrust accepted it over {text.duration(OVERDUE_S)} ago, but {missing}", *unfound(card)]
    else:
        told = [f"OneTrust has accepted it; it does not show {_where(card)} yet."]
        told.append("The result comes in this thread.")
    if followed.looks == 0:
        told.append(f"It is looked for from {text.when(part.next_at)} on.")
    if part.late_s >= LATE_S and part.waiting > 1:
        late = text.duration(60 * round(part.late_s / 60))
        told.append(f"With {part.waiting} scans waiting it may come up to {late} late.")
    return f":hourglass_flowing_sand: {' '.join(told)}"


def unfound(card: Card) -> list[str]:
    """Say where to look for a scan that should have been found by now; nothing of any other."""
    followed = results_of(card).followed
    if followed is None or not followed.is_overdue:
        return []
    submission = card.scan.submission
    told = ["Look up the request ID in the workflow's log."] if submission.request_id is not None else []
    return [*told, _FETCHES] if submission.route == "ftp" else told


def looking(card: Card) -> str:
    """Say what was looked at for an uncertain submission; empty where nothing was, nor will be."""
    part = results_of(card)
    followed = part.followed
    if followed is None:
        return ""
    if followed.looked_for and followed.looked_at is not None:
        again = " It is looked for again." if part.next_at is not None else ""
        at = text.when(followed.looked_at)
        said = text.sentence(followed.looked_for.rstrip("."), 300)
        return f"Looked for it in OneTrust, last {at}: {said}.{again}"
    if part.next_at is not None:
        return f"It is looked for in OneTrust from {text.when(part.next_at)} on."
    return ""


def unread(card: Card) -> str:
    """Say that a submitted scan's result does not come here; empty where it does, or has come."""
    part = results_of(card)
    awaiting = part.results is None and part.followed is not None and part.followed.state in POLLED
    return "Results aren't read here: look in OneTrust." if awaiting and part.is_unread else ""


def state(card: Card) -> str:
    """Say which state a scan is in, and where OneTrust is with it as far as that is known."""
    words, part = WORDS[card.scan.state], results_of(card)
    followed = part.followed
    if followed is None or _is_unread(part):
        return words
    at = f", {text.when(followed.ended_at)}" if followed.ended_at is not None else ""
    return f"{words}; {_WORDS[followed.state]}{at}"


def outcome(card: Card) -> list[str]:
    """Say when OneTrust is looked at, what that has shown, and what it found; a line for each."""
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
    """Say how far following has come, and when OneTrust is looked at next or said so."""
    words = text.capital(_WORDS[followed.state])
    if looks := _looks(followed, None):
        return f"{words}, {looks}"
    return f"{words}, {text.when(followed.ended_at)}" if followed.ended_at is not None else words


def _is_unread(part: ResultsPart) -> bool:
    followed = part.followed
    return followed is not None and followed.state in POLLED and part.next_at is None


def _looks(followed: ResultStatus, first_at: float | None) -> str:
    """Say when OneTrust is looked at next; of the first look only where it is known."""
    if followed.state not in POLLED:
        return ""
    if not followed.looks:  # the first look comes some time after the submission
        return f"first look {text.when(first_at)}" if first_at is not None else ""
    return f"looked at {_times(followed.looks)} so far; next look {text.when(followed.due_at)}"


def _late(part: ResultsPart) -> str:
    if part.late_s < LATE_S:
        return ""
    waiting = f"{part.waiting} scans are followed" if part.waiting > 1 else "OneTrust limits it"
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
