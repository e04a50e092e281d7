"""The results of ``python -m bot check``, and what the features' checks share."""

from dataclasses import dataclass, field

from bot.config.settings import Settings
from bot.errors import CannotRead


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One line of the output."""

    what: str
    fit: bool
    note: str


def passed(what: str, note: str) -> CheckResult:
    """Return that something works."""
    return CheckResult(what=what, fit=True, note=note)


def failed(what: str, note: str) -> CheckResult:
    """Return that something does not work; ``note`` says what to do."""
    return CheckResult(what=what, fit=False, note=note)


@dataclass(kw_only=True)
class Checkup:
    """What the checks of features share."""

    settings: Settings
    refused: CannotRead | None = field(default=None, init=False)
    """Why OneTrust lets no results be read; set by the checks of ``submission``, which run first."""
