"""What a second scanner says of a build, in the build's reply."""

from bot.blocks.elements import Block
from bot.blocks.hosts import host_blocks
from bot.blocks.opinion import opinion_blocks, told_problem
from bot.scans.models import Card


def blocks(card: Card) -> list[Block]:
    """Show all that is known beside OneTrust's part; why something is missing is told once."""
    return [*opinion_blocks(card), *host_blocks(card, told=told_problem(card))]
