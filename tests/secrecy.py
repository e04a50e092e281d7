"""Looks through everything that the bot wrote for every secret in use.

Each scenario (the bot in this process) and each acceptance test (the bot as a process of its own) ends with
it, so that the whole test run is looked through: logs at DEBUG, the database with its journal, what was
posted to Slack, what commands printed, and the command lines of the bot and its children.
"""

import base64
import html
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote, quote_plus, unquote, urlsplit

import pytest

from bot.log import LineFormatter
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import SlackSandbox
from sandbox.zscaler import ZscalerSandbox

MASKED = ("xoxb-…", "xapp-…")
"""What the Slack stand-in's log of calls shows in place of a token."""
IN_THE_ENVIRONMENT = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "ONETRUST_CLIENT_SECRET",
    "ONETRUST_API_KEY",
    "ONETRUST_WEBHOOK_URL",
    "ONETRUST_FTP_URL",
    "ONETRUST_FTP_PASSWORD",
    "ONETRUST_FTP_KEY_PASSPHRASE",
    "ONETRUST_FTP_WEBHOOK_URL",
    "ONETRUST_FTP_RESCAN_WEBHOOK_URL",
    "APPSCAN_METRICS_TOKEN",
    "ZSCALER_CLIENT_SECRET",
    "ZSCALER_PASSWORD",
    "ZSCALER_API_KEY",
    "ZSCALER_SANDBOX_TOKEN",
    "ZSCALER_APPTOTAL_KEY",
)


class Log(logging.Handler):
    """The log of a bot in this process at DEBUG, line by line as it would be written."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(LineFormatter(secrets))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def __enter__(self) -> Self:
        root = logging.getLogger()
        self._level = root.level
        root.addHandler(self)
        root.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)


def secrets_of(
    environ: Mapping[str, str], onetrust: OneTrustSandbox, zscaler: ZscalerSandbox | None = None
) -> dict[str, str]:
    """Return each secret in use by what it is, with every bearer that was given out."""
    found = {name: environ[name] for name in IN_THE_ENVIRONMENT if environ.get(name)}
    webhook = urlsplit(environ.get("ONETRUST_WEBHOOK_URL", ""))
    found["the webhook's ID"] = webhook.path.rpartition("/")[2]
    found["the webhook's query"] = webhook.query
    found["the password in the FTP server's address"] = unquote(
        urlsplit(environ.get("ONETRUST_FTP_URL", "")).password or ""
    )
    for name in ("ONETRUST_FTP_WEBHOOK_URL", "ONETRUST_FTP_RESCAN_WEBHOOK_URL"):
        found[f"the ID in {name}"] = urlsplit(environ.get(name, "")).path.rpartition("/")[2]
    found |= {f"bearer {place}": bearer for place, bearer in enumerate(onetrust.tokens.given)}
    if zscaler is not None:
        given = zscaler.authorization.given
        found |= {f"Zscaler's bearer {place}": bearer for place, bearer in enumerate(given)}
        given = zscaler.sessions.given
        found |= {f"Zscaler's session or key {place}": told for place, told in enumerate(given)}
    pair = f"{environ.get('ONETRUST_CLIENT_ID', '')}:{environ.get('ONETRUST_CLIENT_SECRET', '')}"
    found["the client's Basic credential"] = base64.b64encode(pair.encode()).decode()
    return {name: secret for name, secret in found.items() if len(secret) >= 8}


def look(where: str, content: str | bytes, secrets: Mapping[str, str]) -> None:
    """Find no secret in ``content``, however it is spelled; the secret itself is not repeated."""
    told = content if isinstance(content, bytes) else content.encode(errors="replace")
    for name, secret in secrets.items():
        spellings = {
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            html.escape(secret),
        }
        if any(spelling.encode() in told for spelling in spellings):
            pytest.fail(f"{where} holds {name}", pytrace=False)


def look_at_slack(slack: SlackSandbox, secrets: Mapping[str, str]) -> None:
    """Look through messages, forms, and every call that the bot made to Slack."""
    world = slack.world
    for message in world.messages.values():
        if message.user != slack.bot_user_id:
            continue  # people may write what they like
        look("a message", f"{message.text} {json.dumps([message.blocks, message.metadata])}", secrets)
    for view in world.views.values():
        look("a form", json.dumps(view.spec), secrets)
    for call in world.calls:
        arguments = {name: value for name, value in call.arguments.items() if name != "token"}
        told = json.dumps(arguments, default=str, ensure_ascii=False)
        look(f"a call of {call.method}", told, secrets | dict(zip(MASKED, MASKED, strict=True)))


def look_at_folder(folder: Path, secrets: Mapping[str, str]) -> None:
    """Look through all files of a bot: its database with the journal, its logs, what it copied."""
    for path in folder.rglob("*"):
        if path.is_file():
            look(path.name, path.read_bytes(), secrets)


def look_at_processes(pid: int, secrets: Mapping[str, str]) -> None:
    """Look at the command lines of a process and its children, as ``ps`` shows them to everybody."""
    for each in [pid, *_children(pid)]:
        try:
            told = Path(f"/proc/{each}/cmdline").read_bytes()
        except OSError:  # it has ended meanwhile, or the system has no /proc
            continue
        look("the list of processes", told, secrets)


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *_children(int(child))]
    return found
