"""What a second scanner says of a build, in the build's reply."""

from collections.abc import Callable
from typing import Final

from bot.blocks.elements import Block
from bot.blocks.hosts import host_blocks
from bot.blocks.opinion import opinion_blocks
from bot.scans.models import Card

PARTS: Final[tuple[Callable[[Card], list[Block]], ...]] = (opinion_blocks, host_blocks)
"""Each makes its blocks from a card, none where it has nothing to say."""


def blocks(card: Card) -> list[Block]:
    """Show all that is known beside OneTrust's part."""
    return [block for part in PARTS for block in part(card)]
