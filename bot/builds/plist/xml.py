"""Property lists in XML: only the strings and numbers of the top dictionary are kept.

Dates, data and arrays are passed over without being understood. As for Apple, blanks and comments may be
before the declaration, the first element need not be ``<plist>``, and what follows it is not read.
"""

import contextlib
import re
from xml.parsers import expat

from bot.builds.plist.values import Properties, integer, put, real

_NUMBERS = {"integer": integer, "real": real}
_SIMPLE = frozenset({"key", "string", "date", "data", "true", "false", *_NUMBERS})


_BEFORE = re.compile(r"(?:[\ufeff\s\0]|<!--(?:[^-]|-(?!->))*+-->|<\?(?:[^?]|\?(?!>))*+\?>)*+")


def before_xml(text: str) -> int:
    """Return the length of what may be before a document type or the first element, if it is XML."""
    match = _BEFORE.match(text)
    return match.end() if match is not None else 0


class _End(Exception):  # noqa: N818 - no error: ends expat's loop
    """The property list is over."""


def read_xml(text: str, *, depth: int) -> Properties:
    """Read a property list; dictionaries are kept down to ``depth``.

    Raises:
        ValueError, expat.ExpatError: it is not a property list, or declares entities.
        BuildProblemError: as ``put``.
    """
    parser = expat.ParserCreate("utf-8")  # whatever it declares: the text is decoded already
    reader = _Reader(depth)
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.EntityDeclHandler = _refuse_entity
    with contextlib.suppress(_End):
        parser.Parse(text[before_xml(text) :].encode(), True)
    if reader.root is None:
        raise ValueError("not a dictionary")
    return reader.root


def _refuse_entity(*_: object) -> None:
    raise ValueError("a property list has no entities")


class _Reader:
    """Receives the events of a parser."""

    def __init__(self, depth: int) -> None:
        self.root: Properties | None = None
        self._depth = depth
        self._in_plist = False
        self._open: list[tuple[Properties, list[str]]] = []  # dictionaries, each with its key in wait
        self._simple = ""
        self._text: list[str] = []
        self._skipped = 0  # elements that are open within one that is passed over

    def start(self, tag: str, _: object) -> None:
        if self._skipped:
            self._skipped += 1
        elif self._simple:
            raise ValueError("an element in a simple value")
        elif tag == "plist" and not self._in_plist and not self._open:
            self._in_plist = True
        elif tag in _SIMPLE and self._open:
            self._simple = tag
        elif tag == "dict" and len(self._open) < self._depth:
            self._open.append(({}, []))
        elif self._open:
            self._skipped = 1
        else:
            raise ValueError("not a dictionary")

    def characters(self, text: str) -> None:
        if self._simple and not self._skipped:
            self._text.append(text)

    def end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
            if not self._skipped:
                self._put(None)
        elif self._simple:
            text = "".join(self._text)
            self._simple, self._text = "", []
            if tag == "key":
                self._open[-1][1].append(text)
            else:
                self._put(text if tag == "string" else _NUMBERS[tag](text) if tag in _NUMBERS else None)
        elif tag == "dict":
            properties, waiting = self._open.pop()
            if waiting:
                raise ValueError("a key without a value")
            if self._open:
                self._put(properties)
            else:
                self.root = properties
                raise _End

    def _put(self, value: object) -> None:
        properties, waiting = self._open[-1]
        if len(waiting) != 1:
            raise ValueError("not a value for each key")
        put(properties, waiting.pop(), value)
