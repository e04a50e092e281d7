"""What ``python -m bot check`` found out about one thing."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the answer."""

    what: str
    fit: bool
    note: str


def fit(what: str, note: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(what=what, fit=True, note=note)


def unfit(what: str, note: str) -> Finding:
    """Return that something is not; ``note`` says what to do."""
    return Finding(what=what, fit=False, note=note)
