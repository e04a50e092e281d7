"""What a reply says while a scan is looked for in OneTrust: when its result may come, and what was seen."""

from typing import Final

from bot.core.scan import Card, Kind
from bot.features.results.models import OVERDUE_S, ResultState
from bot.slack.blocks import text

LATE_S: Final = 60.0
"""Results that come later than that are said to be late."""

_FETCHES: Final = (
    "Perhaps OneTrust could not fetch the file by FTP: whoever runs the bot should check "
    "`ONETRUST_FTP_REMOTE_PATH`, and OneTrust's own FTP credential."
)


def awaited(card: Card) -> str:
    """Say when the result of a submitted scan may come; empty where results can't be read."""
    followed = card.followed
    if followed is None or card.results_next_at is None:
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
        told.append(f"It is looked for from {text.when(card.results_next_at)} on.")
    if card.results_late_s >= LATE_S and card.results_waiting > 1:
        late = text.duration(60 * round(card.results_late_s / 60))
        told.append(f"With {card.results_waiting} scans waiting it may come up to {late} late.")
    return f":hourglass_flowing_sand: {' '.join(told)}"


def unfound(card: Card) -> list[str]:
    """Say where to look for a scan that should have been found by now; nothing of any other."""
    if card.followed is None or not card.followed.is_overdue:
        return []
    submission = card.scan.submission
    told = ["Look up the request ID in the workflow's log."] if submission.request_id is not None else []
    return [*told, _FETCHES] if submission.route == "ftp" else told


def looking(card: Card) -> str:
    """Say what was looked at for an uncertain submission; empty where nothing was, nor will be."""
    followed = card.followed
    if followed is None:
        return ""
    if followed.looked_for and followed.looked_at is not None:
        again = " It is looked for again." if card.results_next_at is not None else ""
        at = text.when(followed.looked_at)
        said = text.sentence(followed.looked_for.rstrip("."), 300)
        return f"Looked for it in OneTrust, last {at}: {said}.{again}"
    if card.results_next_at is not None:
        return f"It is looked for in OneTrust from {text.when(card.results_next_at)} on."
    return ""


def _where(card: Card) -> str:
    return "among this app's scans" if card.scan.kind is Kind.RESCAN else "in its list of apps"
