"""The sections of the reply, in the order in which they are shown."""

from collections.abc import Callable, Sequence

from bot.core.ports import Clock
from bot.core.scan import Scan
from bot.features.compliance.messages import COMPLIANCE_SECTION
from bot.features.hosts.messages import HOSTS_SECTION
from bot.features.results.messages import results_section
from bot.features.results.poller import ResultPoller
from bot.features.submission.sections import ReplySection
from bot.features.verdicts.messages import verdicts_section
from bot.features.verdicts.scanner_profile import ScannerProfile


def reply_sections(
    *,
    clock: Clock,
    permalink: Callable[[Scan], str | None],
    scanners: Sequence[ScannerProfile],
    reads_hosts: bool,
    more: Sequence[ReplySection] = (),
    poller: Callable[[], ResultPoller | None] | None = None,
) -> tuple[ReplySection, ...]:
    """Return those of the features that are set up, and ``more`` below them."""
    return (
        results_section(clock=clock, permalink=permalink, poller=poller),
        COMPLIANCE_SECTION,
        verdicts_section(scanners, permalink),
        *((HOSTS_SECTION,) if reads_hosts else ()),
        *more,
    )
