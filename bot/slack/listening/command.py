"""A command, parsed."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Command:
    """One ``/appscan`` as typed."""

    user: str
    channel: str
    rest: str
    """What follows the first word."""
    words: tuple[str, ...]
    """``rest``, split at spaces."""
    occasion: str
    """Unique to this command."""
