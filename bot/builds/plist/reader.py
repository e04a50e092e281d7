"""Reads a property list in whichever form it is, as Apple's reader does."""

from xml.parsers import expat

from bot.builds.plist.binary import MAGIC, read_binary
from bot.builds.plist.encoding import decode
from bot.builds.plist.old_style import read_old_style
from bot.builds.plist.values import Properties
from bot.builds.plist.xml import before_xml, read_xml


def read_properties(data: bytes, *, depth: int = 1) -> Properties:
    """Return the top dictionary; those in it are kept down to ``depth``, but not in old-style ones.

    Raises:
        ValueError: it is not a property list whose top is a dictionary.
        BuildProblemError: it has two bundle identifiers.
    """
    if data.startswith(MAGIC):
        return read_binary(data, depth=depth)
    text = decode(data)
    if not text.startswith("<", before_xml(text)):
        return read_old_style(text.lstrip("\ufeff"))
    try:
        return read_xml(text, depth=depth)
    except expat.ExpatError as error:
        raise ValueError("not XML") from error
