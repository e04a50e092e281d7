"""Words for Slack, and what makes outside text harmless in them.

File names, app names, versions, comments and IDs come from anywhere: ``plain`` takes out what can't be seen,
``escape`` and ``code`` make it safe to put in a message. Slack's rules are at
https://docs.slack.dev/messaging/formatting-message-text.
"""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Final

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Signs that show as nothing, though Unicode counts them as letters or marks."""
_MARKS_IN_A_ROW: Final = 3
"""More accents than this on one letter run over the lines around it."""

_LOOKALIKES: Final = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "'"})
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_URL_ENDS: Final = str.maketrans(
    {"&": "&amp;", "<": "%3C", ">": "%3E", "|": "%7C"} | dict.fromkeys(" \n\r\t")
)
_ACTIVE_COLON: Final = re.compile(r":(?=//|[\w+'-]+(?::|$))")
"""The colon of a URL, or of an emoji's name; that of a name at the end counts, as ": " may follow."""

_PERSON: Final = re.compile(r"[UW][A-Z0-9]{1,30}")
_CHANNEL: Final = re.compile(r"[CGD][A-Z0-9]{1,30}")
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999


def plain(outside: str, limit: int) -> str:
    """Give one line of visible text of at most ``limit`` characters, "…" where it was cut.

    Control, bidirectional and zero-width characters go, white space folds, piled-up accents stop. Still
    holds whatever Slack would format: for plain text objects, or on its way to ``escape``.
    """
    kept, marks = "", 0
    for sign in " ".join(outside[: limit * 20].split()):
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if sign not in _BLANK and unicodedata.category(sign) not in _HIDDEN and marks <= _MARKS_IN_A_ROW:
            kept += sign
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def escape(outside: str, limit: int = 100) -> str:
    """Make outside text safe for ``mrkdwn``: no mention, link, emoji, quote or formatting can come of it."""
    shown = _ACTIVE_COLON.sub("∶", plain(outside, limit).translate(_LOOKALIKES))
    if shown.startswith(">"):  # it would quote the line that it begins
        shown = f"›{shown[1:]}"
    return _entities(shown, limit) or "–"


def _entities(line: str, limit: int) -> str:
    """Write what Slack would take for tags as entities, which count against its limits: cut what swells."""
    shown = line.translate(_ENTITIES)
    return shown if len(shown) <= 2 * limit else plain(line, 2 * limit // 5).translate(_ENTITIES)


def code(outside: str, limit: int = 200) -> str:
    """Show outside text in code style, where Slack formats nothing and people copy it as it is."""
    return f"`{_entities(plain(outside, limit).replace('`', chr(39)), limit) or '–'}`"


def sentence(ours: str, limit: int = 600) -> str:
    """Show a sentence of this project (a ``user_message``): code style stays, tags can't be."""
    line = plain(ours, limit).translate(_ENTITIES)
    return line if line.count("`") % 2 == 0 else line.replace("`", "'")


def capital(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def size(size_bytes: int) -> str:
    """Say a size in decimal units, as stores and OneTrust's limit count: "41.3 MB"."""
    if size_bytes < 1000:
        return "1 byte" if size_bytes == 1 else f"{size_bytes} bytes"
    amount, units = size_bytes / 1000, iter(("kB", "MB", "GB"))
    unit = next(units)
    while round(amount, 1) >= 1000 and unit != "GB":
        amount, unit = amount / 1000, next(units)
    return f"{amount:.1f}".removesuffix(".0") + f" {unit}"


def duration(seconds: float) -> str:
    """Say how long something took: "8 s", "2 min 5 s", "3 h 20 min"."""
    whole = max(0, round(seconds))
    if whole < 1:
        return "under 1 s"
    for unit, smaller, unit_s, smaller_s in (
        ("d", "h", 86400, 3600),
        ("h", "min", 3600, 60),
        ("min", "s", 60, 1),
    ):
        if whole >= unit_s:
            rest = whole % unit_s // smaller_s
            return f"{whole // unit_s} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def when(at: float, *, seconds: bool = False) -> str:
    """Say a moment in each reader's own time zone; UTC where Slack can't."""
    second = min(max(0, int(at)), _LAST_SECOND)
    fallback = datetime.fromtimestamp(second, UTC).strftime(f"%Y-%m-%d %H:%M{':%S' if seconds else ''} UTC")
    return f"<!date^{second}^{{date_short_pretty}} at {{{'time_secs' if seconds else 'time'}}}|{fallback}>"


def person(user_id: str | None) -> str:
    """Name who did something: a mention for a person, words for anything else."""
    if user_id is None:
        return "the command line"
    if _PERSON.fullmatch(user_id):
        return f"<@{user_id}>"
    return "an app" if user_id.startswith("B") else "someone"


def channel(channel_id: str | None) -> str:
    """Name a conversation: a link for a channel, words for a direct message or none."""
    if channel_id is None:
        return "the command line"
    if channel_id.startswith("D"):
        return "a direct message"
    return f"<#{channel_id}>" if _CHANNEL.fullmatch(channel_id) else "a channel"


def link(url: str, label: str) -> str:
    """Make a link of a URL that Slack or the settings gave, and a label of this project."""
    return f"<{url.translate(_URL_ENDS)}|{label}>"
