"""How far following a scan has come, and what came of it, in a line each."""

from collections.abc import Sequence
from typing import Final

from bot.core.scan import Card, State
from bot.features.compliance.rules import Violation
from bot.features.results.found_views import count
from bot.features.results.models import POLLED, Results, ResultState, ResultStatus
from bot.features.results.status_views import unread
from bot.features.results.waiting_views import unfound
from bot.slack.blocks import text
from bot.slack.blocks.state_text import WORDS

_WORDS: Final = {
    ResultState.FINDING: "being looked for in OneTrust",
    ResultState.AMBIGUOUS: "in OneTrust two scans could be this one: a person has to look",
    ResultState.RUNNING: "being scanned by OneTrust",
    ResultState.COMPLETED: "completed by OneTrust",
    ResultState.FAILED: "failed in OneTrust",
    ResultState.INTERRUPTED: "interrupted in OneTrust",
    ResultState.LOST: "looked for in OneTrust until the time was up",
}
_RULES: Final = 8
_SAID_LATE_S: Final = 60.0
"""What is late by less is not worth a word."""


def state(card: Card) -> str:
    """Say which state a scan is in, and where OneTrust is with it as far as that is known."""
    words, followed = WORDS[card.scan.state], card.followed
    if followed is None or _is_unread(card):
        return words
    at = f", {text.when(followed.ended_at)}" if followed.ended_at is not None else ""
    return f"{words}; {_WORDS[followed.state]}{at}"


def outcome(card: Card) -> list[str]:
    """Say when OneTrust is looked at, what that has shown, and what it found; a line for each."""
    lines = [unread(card)]
    followed = card.followed
    if followed is not None and not _is_unread(card):
        if looks := _looks(followed, card.results_next_at):
            lines.append(f"{text.capital(looks)}{_late(card)}")
        lines.append(text.sentence(followed.looked_for, 1000))
        if card.scan.state is State.SUBMITTED:
            lines.append(" ".join(unfound(card)))
    if card.results is not None:
        lines.append(_found(card.results))
    lines.append(_broken(card.violations))
    return [line for line in lines if line]


def following(followed: ResultStatus) -> str:
    """Say how far following has come, and when OneTrust is looked at next or said so."""
    words = text.capital(_WORDS[followed.state])
    if looks := _looks(followed, None):
        return f"{words}, {looks}"
    return f"{words}, {text.when(followed.ended_at)}" if followed.ended_at is not None else words


def _is_unread(card: Card) -> bool:
    followed = card.followed
    return followed is not None and followed.state in POLLED and card.results_next_at is None


def _looks(followed: ResultStatus, first_at: float | None) -> str:
    """Say when OneTrust is looked at next; of the first look only where it is known."""
    if followed.state not in POLLED:
        return ""
    if not followed.looks:  # the first look comes some time after the submission
        return f"first look {text.when(first_at)}" if first_at is not None else ""
    return f"looked at {_times(followed.looks)} so far; next look {text.when(followed.due_at)}"


def _late(card: Card) -> str:
    if card.results_late_s < _SAID_LATE_S:
        return ""
    waiting = (
        f"{card.results_waiting} scans are followed" if card.results_waiting > 1 else "OneTrust limits it"
    )
    return f", or up to {text.duration(card.results_late_s)} later, as {waiting}"


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


def _broken(violations: Sequence[Violation]) -> str:
    """Name the rules that the build breaks, those first that nobody has acknowledged."""
    waiting = [text.code(each.rule, 60) for each in violations if each.acknowledged_at is None]
    seen = [text.code(each.rule, 60) for each in violations if each.acknowledged_at is not None]
    parts = []
    if waiting:
        parts.append(f"breaks {_some(waiting)}, not acknowledged yet")
    if seen:
        parts.append(f"breaks {_some(seen)}, acknowledged")
    return text.capital("; ".join(parts))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _RULES} more" if len(names) > _RULES else ""
    return f"{', '.join(names[:_RULES])}{more}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
