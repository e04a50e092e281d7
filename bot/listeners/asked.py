"""What was asked with ``/appscan``."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One ``/appscan`` as typed."""

    user: str
    channel: str
    rest: str
    """What follows the first word."""
    words: tuple[str, ...]
    """The same, word by word."""
    occasion: str
    """Unique to this command."""
