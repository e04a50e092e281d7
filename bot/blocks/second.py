"""What side scanners say of a build, in the build's reply."""

from bot.blocks.elements import Block
from bot.blocks.hosts import host_blocks
from bot.blocks.opinion import opinion_blocks, told_problems
from bot.scans.models import Card


def blocks(card: Card) -> list[Block]:
    """Show all that is known beside OneTrust's part; the reason why something is missing is given once."""
    return [*opinion_blocks(card), *host_blocks(card, told=told_problems(card))]
