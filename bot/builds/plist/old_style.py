"""Old-style property lists, ``{ key = value; }``, and ``.strings`` files, which have no braces.

Only the strings of the top dictionary are kept; numbers are strings in this form.
Source: "Old-Style ASCII Property Lists" in Apple's Property List Programming Guide.
"""

import re
from collections.abc import Iterator

from bot.builds.plist.values import Properties, put

_TOKEN = re.compile(
    r"""(?P<blank>[\s\0]++|//[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)"""
    r"""|(?P<quoted>"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')"""
    r"""|(?P<word>[A-Za-z0-9_$/:.-]++)|(?P<data><[0-9A-Fa-f\s]*+>)|(?P<mark>[{}()=;,])""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\([0-7]{1,3}|[Uu][0-9A-Fa-f]{1,4}|.)", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_OPENING, _CLOSING = frozenset("{("), frozenset("})")


def read_old_style(text: str) -> Properties:
    """Read a property list or a ``.strings`` file.

    Raises:
        ValueError: it is neither.
        BuildProblemError: as ``put``.
    """
    tokens = _tokens(text)
    found: Properties = {}
    value: str | None
    kind, token = next(tokens)
    ending = ("mark", "}") if (kind, token) == ("mark", "{") else ("end", "")
    if ending[0] == "mark":
        kind, token = next(tokens)
    while (kind, token) != ending:
        if kind != "text":
            raise ValueError("a key is no text")
        key, value = token, token
        kind, token = next(tokens)
        if (kind, token) == ("mark", "="):
            value = _value(tokens)
            kind, token = next(tokens)
        put(found, key, value)
        if (kind, token) == ("mark", ";"):
            kind, token = next(tokens)
        elif (kind, token) != ending:
            raise ValueError("no end of a value")
    if ending[0] == "mark" and next(tokens)[0] != "end":
        raise ValueError("something after the dictionary")
    return found


def _value(tokens: Iterator[tuple[str, str]]) -> str | None:
    """Return a value if it is text; else pass over it."""
    kind, token = next(tokens)
    if kind == "text":
        return token
    depth = 0
    while True:
        depth += (kind == "mark" and token in _OPENING) - (kind == "mark" and token in _CLOSING)
        if kind == "end" or depth < 0 or (not depth and kind == "mark" and token not in _CLOSING):
            raise ValueError("not a value")
        if not depth:
            return None
        kind, token = next(tokens)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield kind and content of each token, ``end`` at last."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError("not an old-style property list")
        at = match.end()
        if match.lastgroup == "quoted":
            yield "text", _ESCAPE.sub(_unescaped, match[0][1:-1])
        elif match.lastgroup == "word":
            yield "text", match[0]
        elif match.lastgroup != "blank":
            yield match.lastgroup or "", match[0]
    yield "end", ""


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if escape[0] in "Uu" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    return chr(int(escape, 8)) if escape[0] in "01234567" else _LETTERS.get(escape, escape)
