"""Logging: one line a message, on standard error, with no secret in it and none that can be forged.

What is logged holds texts from outside (file names, servers' answers, at DEBUG whole request bodies), so each
text is cleaned as the last thing before it is written: secrets out first, then control characters escaped.
A line says which scan it is about, whoever wrote it: see ``bot.core.log_context``.
"""

import html
import json
import logging
import re
import sys
import time
from collections.abc import Iterable
from typing import TextIO
from urllib.parse import quote, quote_plus

from bot.core import log_context

NOISY = ("aiohttp.access", "asyncio", "asyncssh", "httpcore", "httpx", "slack_bolt", "slack_sdk")
"""Libraries that say more than an operator wants; what is below WARNING they say at DEBUG only."""

HIDDEN = "***"

LONGEST = 8_000
"""Characters of one message, or of one line of a traceback, that are written."""

_SHAPES = re.compile(
    r"""
      (?P<keep>
          \b Bearer (?:\s|%20|\+)+
        | \b Basic \s+ (?=[a-z0-9+/=]{8})
        | hooks\.slack\.com/                              # a response_url lets whoever has it answer
        | \b (?:access_|refresh_|id_|api_)?token (?:=|\\*["']\s*[:=]\s*\\*["'])
        | \b (?:client_secret|ticket|api[_-]?key) (?:=|\\*["']\s*[:=]\s*\\*["'])
      )
      [^\s"'\\&,;<>)}\]]+
    | (?P<cookie> \b JSESSIONID (?:=\\*["']?|\\*["']\s*[:=]\s*\\*["'])) [^\s"\\,;]+  # RFC 6265, section 4.1.1
    | (?<=://) [^/\s@]+ (?=@)                             # a proxy's user and password
    | \b x(?:ox[a-z]|app) (?:\.xox[a-z])? -[\w.%-]+       # Slack's tokens, wherever they stand
    """,
    re.VERBOSE | re.IGNORECASE,
)


def configure(
    level: str, secrets: Iterable[str], stream: TextIO | None = None, *, form: str = "text"
) -> None:
    """Send all logging of ``level`` and above to ``stream`` (standard error), with ``secrets`` hidden.

    ``form`` is ``text`` or ``json``. May be called again, as when the settings have been read; the last
    call holds.
    """
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter((JsonFormatter if form == "json" else LineFormatter)(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "DEBUG" else logging.WARNING)
    logging.captureWarnings(capture=True)  # they quote source and values, and would go around the formatter


class LineFormatter(logging.Formatter):
    """Writes a record as one line; a traceback follows it, indented, so that it can't pass for a line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)", re.IGNORECASE)

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of ``record``, cleaned."""
        scan = log_context.number()
        about = "" if scan is None else f" scan={scan}"
        head = f"{_at(record)} {record.levelname:<7} {record.name}{about}: "
        lines = [escape(head) + self._clean(_message(record)), *self._trace(record)]
        return "\n".join(lines)

    def _trace(self, record: logging.LogRecord) -> list[str]:
        """Return the traceback and the stack in lines, cleaned and indented."""
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        texts = (trace, record.stack_info or "")
        return ["    " + escape(line) for text in texts for line in self._hide(text).split("\n") if line]

    def _clean(self, text: str) -> str:
        return escape(self._hide(text))

    def _hide(self, text: str) -> str:
        text = self._secrets.sub(HIDDEN, text)
        return _SHAPES.sub(lambda found: (found["keep"] or found["cookie"] or "") + HIDDEN, text)


class JsonFormatter(LineFormatter):
    """Writes a record as one line that is one JSON object.

    ``time`` (ISO 8601, UTC), ``level``, ``logger``, ``message``; ``scan`` (a number) and ``exception`` (the
    traceback's lines) where there is one. The texts are cleaned as those of plain lines are.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return ``record`` as JSON, its texts cleaned."""
        told: dict[str, str | int] = {
            "time": _at(record),
            "level": record.levelname,
            "logger": self._clean(record.name),
            "message": self._clean(_message(record)),
        }
        if (scan := log_context.number()) is not None:
            told["scan"] = scan
        if trace := self._trace(record):
            told["exception"] = "\n".join(trace)
        return json.dumps(told, ensure_ascii=False)


def escape(text: str) -> str:
    """Write what breaks a line, moves the cursor or can't be seen as backslash escapes; cut a long text."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text) - LONGEST} more characters)"
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text
    )


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        """Say nothing: the library's own report would print the record as it is, secrets and all."""


def _at(record: logging.LogRecord) -> str:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{at}.{int(record.msecs):03}Z"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  # a mistake in a log call must not lose what it wanted to say
        return f"{record.msg} {record.args!r}"


def _spellings(secret: str) -> set[str]:
    """Spell a text in the ways it is met in URLs, JSON, HTML and ``repr``."""
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret, quote=False),
    } - {""}
