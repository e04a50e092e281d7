"""What compliance adds to a scan's thread: its section of the reply and of the result message."""

from typing import Final

from bot.features.compliance import repository
from bot.features.compliance.views import NAME, violation_blocks, violation_line
from bot.features.submission.sections import ReplySection

COMPLIANCE_SECTION: Final = ReplySection(
    name=NAME,
    read=lambda db, scan, _: repository.read(db, scan.number),
    lines=lambda card: [violation_line(card)],
    announced=violation_blocks,
)
