"""What a reply says while a scan is looked for in OneTrust: when its result may come, and what was seen."""

from typing import Final

from bot.blocks import text
from bot.scans.models import Card

LATE_S: Final = 60.0
"""Results that come later than that are said to be late."""


def awaited(card: Card) -> str:
    """Say when the result of a submitted scan may come; empty where results can't be read."""
    followed = card.followed
    if followed is None or card.results_next_at is None:
        return ""
    told = ["OneTrust is scanning it. The result comes in this thread."]
    if followed.looks == 0:
        told.append(f"It is looked for from {text.when(card.results_next_at)} on.")
    if card.results_late_s >= LATE_S and card.results_waiting > 1:
        late = text.duration(60 * round(card.results_late_s / 60))
        told.append(f"With {card.results_waiting} scans waiting it may come up to {late} late.")
    return f":hourglass_flowing_sand: {' '.join(told)}"


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
