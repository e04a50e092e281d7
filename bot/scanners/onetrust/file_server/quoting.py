"""The text of a server's replies: bounded for the log, and searched for what has no code."""

import re

_LONGEST = 200
_FULL = re.compile(r"no space|disk (?:is )?full|quota|insufficient storage|exceeded storage", re.IGNORECASE)


def quoted(text: str, secrets: tuple[str, ...]) -> str:
    """Return a server's text for the log: without secrets, on one line, bounded."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return ascii(re.sub(r"\s+", " ", text[: _LONGEST * 4])[:_LONGEST])


def sound_full(words: str) -> bool:
    """Return whether a server's text says that its disk or this login's quota is full."""
    return _FULL.search(words) is not None
