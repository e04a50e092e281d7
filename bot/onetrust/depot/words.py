"""A server's own words: told to the log within bounds, and understood where no code says the same."""

import re

_LONGEST = 200
_FULL = re.compile(r"no space|disk (?:is )?full|quota|insufficient storage|exceeded storage", re.IGNORECASE)


def quoted(text: str, secrets: tuple[str, ...]) -> str:
    """Write a server's words for the log: without secrets, on one line, bounded."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return ascii(re.sub(r"\s+", " ", text[: _LONGEST * 4])[:_LONGEST])


def sound_full(words: str) -> bool:
    """Tell whether a server says that its disk, or this login's share of it, is full."""
    return _FULL.search(words) is not None
