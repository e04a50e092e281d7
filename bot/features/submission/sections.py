"""The sections that other features add to a scan's reply."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.scan import Scan
from bot.features.submission.card import Card
from bot.slack.blocks.elements import Block
from bot.storage.connection import Connection


@dataclass(frozen=True, kw_only=True)
class ReplySection:
    """One feature's section; what has no function is left out."""

    name: str
    """The feature's; the key in ``Card.parts``."""
    read: Callable[[Connection, Scan, Scan | None], Any]
    """Returns its part of the card of a scan and that scan's original; in the database's thread."""
    complete: Callable[[Any], Any] = lambda part: part
    """Adds to the part what is known outside the database; in the event loop."""
    headline: Callable[[Card], str] = lambda _: ""
    """Says why the feature holds a ``QUEUED`` scan; empty if it does not."""
    lines: Callable[[Card], Sequence[str]] = lambda _: ()
    """Below the headline of a scan that was, or may have been, submitted; empty lines are left out."""
    closing: Callable[[Card], str] = lambda _: ""
    """The same, below all other lines."""
    buttons: Callable[[Card], Sequence[Block | None]] = lambda _: ()
    """The first buttons of a submitted scan."""
    blocks: Callable[[Card, Collection[str]], Sequence[Block]] = lambda *_: ()
    """Below all that is said of the submission; problems that the reply names already are not repeated."""
    problems: Callable[[Card], Collection[str]] = lambda _: ()
    """The problems that ``blocks`` names."""
    announced: Callable[[Card], Sequence[Block]] = lambda _: ()
    """In the announcement of the results."""
