"""The text of a property list that is not binary, in one of the encodings that Apple's tools write."""

import re

_MARKS = (  # the longer ones first: that of UTF-32 begins as that of UTF-16 does
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_WIDE = (  # how the first character lies in the file, if it is one of ASCII's
    (re.compile(rb"[^\0]\0\0\0", re.DOTALL), "utf-32-le"),
    (re.compile(rb"\0\0\0[^\0]", re.DOTALL), "utf-32-be"),
    (re.compile(rb"[^\0]\0", re.DOTALL), "utf-16-le"),
    (re.compile(rb"\0[^\0]", re.DOTALL), "utf-16-be"),
)
_DECLARED = re.compile(
    rb"\s{0,100}<\?xml[^>]{0,100}?\sencoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9._-]{1,40})[\"']"
)
_CODECS = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1"), "iso8859-1"),
    **dict.fromkeys(("windows-1252", "cp1252"), "cp1252"),
    **dict.fromkeys(("macintosh", "macroman", "x-mac-roman"), "mac-roman"),
}

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "iso8859-1", "cp1252", "mac-roman")
"""All that can be needed: Python loads each from a file on first use."""


def decode(data: bytes) -> str:
    """Return the text: its encoding is marked, seen from its zeros, declared, or else UTF-8.

    Raises:
        ValueError: its encoding is not supported, or the bytes don't match it.
    """
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec)
    for first, codec in _WIDE:
        if first.match(data):
            return data.decode(codec)
    declared = _DECLARED.match(data)
    if declared is not None:
        name = declared[1].decode().lower()
        if name not in _CODECS:
            raise ValueError("an encoding that property lists don't have")
        return data.decode(_CODECS[name])
    try:
        return data.decode()
    except UnicodeDecodeError:
        if data.lstrip().startswith(b"<"):
            raise
        return data.decode("mac-roman")  # as old-style ones were
