"""A side scanner's verdict on a build, and the progress of getting it.

A build is known to a scanner by its MD5. All texts come from outside. Times are seconds since the epoch, UTC.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.features.submission.card import Card
from bot.features.verdicts.scanner_profile import ScannerProfile

NAME: Final = "verdicts"
"""The key in ``Card.parts``."""


class Threat(StrEnum):
    """What a file is."""

    MALICIOUS = "MALICIOUS"
    SUSPICIOUS = "SUSPICIOUS"
    BENIGN = "BENIGN"
    OTHER = "OTHER"  # a word that was not published, or none


BAD: Final = frozenset({Threat.MALICIOUS, Threat.SUSPICIOUS})
"""Announced in a message of their own."""


class ReportStatus(StrEnum):
    """The progress of a file's analysis."""

    COMPLETED = "COMPLETED"
    NO_DYNAMIC = "NODYNAMIC"  # judged without being run
    IN_PROGRESS = "INPROGRESS"
    NOT_FOUND = "NOTFOUND"
    OTHER = "OTHER"  # a word that was not published


@dataclass(frozen=True, kw_only=True)
class Risk:
    """One thing that the analysis saw."""

    level: str
    """Such as ``MODERATE``."""
    signature: str
    """What was seen."""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SandboxVerdict:
    """What a side scanner found."""

    threat: Threat
    category: str | None = None
    """Such as ``MALWARE_BOTNET``."""
    score: int | None = None
    """0 to 100."""
    malware: str | None = None
    """The name of what was detected."""
    file_type: str | None = None
    duration_s: float | None = None
    """Of the analysis."""
    risks: tuple[Risk, ...] = ()
    """Empty until the full report was read."""
    is_full: bool = False
    is_instant: bool = False
    """Whether it was given at once, without dynamic analysis."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One answer about a hash; ``verdict`` is ``None`` until there is one."""

    status: ReportStatus
    verdict: SandboxVerdict | None = None
    sha256: str | None = None
    """Lower-case hexadecimal, of the file that it is about; ``None`` if it does not say."""


@dataclass(frozen=True, kw_only=True)
class HashAnswer:
    """A scanner's answer about a file that a person asked about."""

    scanner: ScannerProfile
    md5: str
    at: float
    report: Report
    left: int | None = None
    """How many reports are left for today; ``None`` if none was requested for this answer."""
    sends: bool = True
    """Whether builds that are shared here are sent to it."""


@dataclass(frozen=True, kw_only=True)
class NoAnswer:
    """A scanner that could not be asked about a file now."""

    scanner: ScannerProfile
    problem: str
    """The sentence for people."""


@dataclass(frozen=True, kw_only=True)
class SandboxReceipt:
    """The answer to a file that was sent."""

    is_covered: bool = True
    """Whether this type of file is analysed at all."""
    verdict: SandboxVerdict | None = None
    """Set if the verdict came at once."""
    is_analysed: bool = True
    """Whether the analysis starts now; if the file was analysed before, its report is there already."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One quota of the report API."""

    used: int
    allowed: int
    started_at: float | None = None
    scale: str = ""
    """Such as ``DAYS``."""

    @property
    def unused(self) -> int:
        """How many calls are left."""
        return max(0, self.allowed - self.used)


class VerdictState(StrEnum):
    """The progress of a side scanner's part of a scan."""

    WAITING = "waiting"  # to be sent
    ANALYSING = "analysing"  # sent; its report is polled
    KNOWN = "known"
    EXCLUDED = "excluded"  # not sent, or nothing to be read of it: its type, its size, no rule, no API
    FAILED = "failed"  # it could not be sent, or no verdict came


ASKED: Final = frozenset({VerdictState.WAITING, VerdictState.ANALYSING})
"""States that change without a person."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One side scanner's part of one scan."""

    scanner: str
    scan: int
    state: VerdictState
    md5: str | None = None
    """``None`` until the build was pulled for it."""
    due_at: float = 0.0
    """When it is sent, or its report requested, next."""
    begun_at: float = 0.0
    """When the current attempts began, without time in which the daily limit allows no submission."""
    attempts: int = 0
    """How many submissions were started."""
    polls: int = 0
    """How often its report was requested."""
    since: float | None = None
    """When it was sent."""
    is_taken: bool = False
    """Whether the scanner accepted it, so that only its report is missing."""
    problem: str | None = None
    """The sentence for people: why it waits, was not sent, or has no verdict."""
    result: SandboxVerdict | None = None
    known_from: int | None = None
    """The scan from whose verdict this one is known, as it is the very same file."""
    ended_at: float | None = None
    held_until: float | None = None
    """When OneTrust's part stops waiting for it; ``None`` if it does not wait."""
    went_on_after_s: float | None = None
    """How long OneTrust's part waited for it before it continued without."""
    announced_ts: str | None = None
    """The message that announced a bad verdict; empty while that is being posted."""

    @property
    def may_be_asked_again(self) -> bool:
        """Whether a retry may lead to a verdict; what was excluded unsent never gets one."""
        was_sent = self.since is not None
        return self.state is VerdictState.FAILED or (self.state is VerdictState.EXCLUDED and was_sent)


@dataclass(frozen=True, kw_only=True)
class CardVerdict:
    """What a scan's card shows of one side scanner."""

    scanner: ScannerProfile
    verdict: Verdict
    link: str | None = None
    """The message about ``verdict.known_from``, if everyone who reads the card may read that."""


def verdicts_of(card: Card) -> tuple[CardVerdict, ...]:
    """Return what a card shows of each side scanner that was asked."""
    verdicts: tuple[CardVerdict, ...] = card.parts.get(NAME, ())
    return verdicts


def span(seconds: float) -> str:
    """Return how long something takes, for people."""
    return f"{round(seconds / 60)} min" if seconds >= 60 else f"{round(seconds)} s"
