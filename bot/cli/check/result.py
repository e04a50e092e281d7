"""What ``python -m bot check`` found out about one thing."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One line of the answer."""

    what: str
    fit: bool
    note: str


def passed(what: str, note: str) -> CheckResult:
    """Return that something is as it should be."""
    return CheckResult(what=what, fit=True, note=note)


def failed(what: str, note: str) -> CheckResult:
    """Return that something is not; ``note`` says what to do."""
    return CheckResult(what=what, fit=False, note=note)
