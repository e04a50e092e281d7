"""What side scanners say of a build, in the build's reply."""

from bot.core.scan import Card
from bot.features.hosts.views import host_blocks
from bot.features.verdicts.views import told_problems, verdict_blocks
from bot.slack.blocks.elements import Block


def blocks(card: Card) -> list[Block]:
    """Show all that is known beside OneTrust's part; the reason why something is missing is given once."""
    return [*verdict_blocks(card), *host_blocks(card, told=told_problems(card))]
