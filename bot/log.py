"""Logging to standard error: one line for each message, without secrets, and safe from log injection.

Messages contain text from outside (file names, servers' responses, at DEBUG whole request bodies), so each is
cleaned just before it is written: secrets are hidden first, then control characters escaped.
Each line names the scan it is about: see ``bot.core.log_context``.
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

NOISY_LOGGERS = ("aiohttp.access", "asyncio", "asyncssh", "httpcore", "httpx", "slack_bolt", "slack_sdk")
"""Their messages below WARNING are logged only at level DEBUG."""

HIDDEN = "***"

MAX_LENGTH = 8_000
"""Characters of a message, or of a line of a traceback; the rest is cut."""

_CREDENTIALS = re.compile(
    r"""
      (?P<keep>
          \b Bearer (?:\s|%20|\+)+
        | \b Basic \s+ (?=[a-z0-9+/=]{8})
        | hooks\.slack\.com/                              # a response_url needs no token
        | \b (?:access_|refresh_|id_|api_)?token (?:=|\\*["']\s*[:=]\s*\\*["'])
        | \b (?:client_secret|ticket|api[_-]?key) (?:=|\\*["']\s*[:=]\s*\\*["'])
      )
      [^\s"'\\&,;<>)}\]]+
    | (?P<cookie> \b JSESSIONID (?:=\\*["']?|\\*["']\s*[:=]\s*\\*["'])) [^\s"\\,;]+  # RFC 6265, section 4.1.1
    | (?<=://) [^/\s@]+ (?=@)                             # user and password
    | \b x(?:ox[a-z]|app) (?:\.xox[a-z])? -[\w.%-]+       # Slack's tokens
    """,
    re.VERBOSE | re.IGNORECASE,
)


def configure(
    level: str, secrets: Iterable[str], stream: TextIO | None = None, *, form: str = "text"
) -> None:
    """Send all logging of ``level`` and above to ``stream`` (standard error), with ``secrets`` hidden.

    ``form`` is ``text`` or ``json``. May be called again, for instance once the settings have been read.
    """
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter((JsonFormatter if form == "json" else LineFormatter)(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "DEBUG" else logging.WARNING)
    logging.captureWarnings(capture=True)  # they quote source and values, and would bypass the formatter


class LineFormatter(logging.Formatter):
    """Formats a record as one line; a traceback follows, indented so that it can't imitate a log line."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)", re.IGNORECASE)

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of ``record``, cleaned."""
        scan = log_context.number()
        field = "" if scan is None else f" scan={scan}"
        head = f"{self.formatTime(record)} {record.levelname:<7} {record.name}{field}: "
        lines = [escape(head) + self._clean(_message(record)), *self._trace(record)]
        return "\n".join(lines)

    def _trace(self, record: logging.LogRecord) -> list[str]:
        """Return the lines of the traceback and the stack, cleaned and indented."""
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        texts = (trace, record.stack_info or "")
        return ["    " + escape(line) for text in texts for line in self._hide(text).split("\n") if line]

    def _clean(self, text: str) -> str:
        return escape(self._hide(text))

    def _hide(self, text: str) -> str:
        text = self._secrets.sub(HIDDEN, text)
        return _CREDENTIALS.sub(lambda match: (match["keep"] or match["cookie"] or "") + HIDDEN, text)


class JsonFormatter(LineFormatter):
    """Formats a record as one line with a JSON object.

    ``time`` (ISO 8601, UTC), ``level``, ``logger``, ``message``, and, if present, ``scan`` (a number) and
    ``exception`` (the traceback's lines). Texts are cleaned as in plain lines.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return ``record`` as JSON, cleaned."""
        fields: dict[str, str | int] = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": self._clean(record.name),
            "message": self._clean(_message(record)),
        }
        if (scan := log_context.number()) is not None:
            fields["scan"] = scan
        if trace := self._trace(record):
            fields["exception"] = "\n".join(trace)
        return json.dumps(fields, ensure_ascii=False)


def escape(text: str) -> str:
    """Escape line breaks, control characters and invisible characters; cut a long text."""
    if len(text) > MAX_LENGTH:
        text = f"{text[:MAX_LENGTH]}… ({len(text) - MAX_LENGTH} more characters)"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        """Do nothing: the library would print the record unchanged, including secrets."""


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  # a wrong log call must not lose its message
        return f"{record.msg} {record.args!r}"


def _spellings(secret: str) -> set[str]:
    """Return a text as encoded in URLs, JSON, HTML and ``repr``."""
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret, quote=False),
    } - {""}
