"""Names and versions: whatever they are, Slack makes no mention, link, emoji or second line of them."""

import re

import atheris

with atheris.instrument_imports(include=["bot.builds", "bot.slack"]):
    from bot.builds.text import MAX_LENGTH, clean
    from bot.slack.blocks.text import code, escape, plain

from fuzz.engine import fuzz

_ACTIVE = re.compile(r"[<>*_~`\n\r\x00-\x1f\u202a-\u202e\u2066-\u2069]|://|:[\w+'-]+:|&(?!amp;|lt;|gt;)")


def one(data: bytes) -> None:
    """Clean and escape some text."""
    words = data.decode("utf-8", "surrogatepass" if data[:1] == b"s" else "replace") if data else ""
    kept = clean(words)
    assert kept is None or (clean(kept) == kept and len(kept) <= MAX_LENGTH)
    assert len(plain(words, 80)) <= 80
    shown = escape(words, 80)
    assert shown and not _ACTIVE.search(shown), ascii(shown)
    fixed = code(words, 80)
    assert fixed[0] == fixed[-1] == "`" and not re.search(r"[<>`\n]", fixed[1:-1]), ascii(fixed)
    assert len(fixed) > 2


def _tried(data: bytes) -> None:
    try:
        one(data)
    except UnicodeDecodeError:
        return


if __name__ == "__main__":
    fuzz("words", _tried, [b"Shop 4.2", b"<!channel> <@U1|x> :tada: http://x *b*", "😀\u202e\u200b".encode()])
