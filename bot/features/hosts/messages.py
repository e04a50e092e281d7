"""The section about hosts in the reply."""

from typing import Final

from bot.features.hosts import repository
from bot.features.hosts.models import NAME
from bot.features.hosts.views import host_blocks
from bot.features.submission.sections import ReplySection

HOSTS_SECTION: Final = ReplySection(
    name=NAME, read=lambda db, scan, _: repository.part(db, scan.number), blocks=host_blocks
)
