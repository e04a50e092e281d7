"""The repositories of the verdicts feature."""

from typing import Protocol

from bot.features.hosts.repository import HostRepository
from bot.features.submission.ports import SubmissionStore
from bot.features.verdicts.repository import VerdictRepository


class VerdictStore(SubmissionStore, Protocol):
    """The repositories that asking side scanners uses."""

    verdicts: VerdictRepository
    hosts: HostRepository
