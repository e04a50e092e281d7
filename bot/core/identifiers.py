"""Parsing what people type: app IDs, bundle identifiers, request IDs, Slack links, a share's comment.

Slack escapes ``& < >`` in typed text and turns what looks like a URL into a link: the bundle identifier
``com.example.app`` can arrive as ``<http://com.example.app|com.example.app>``.
"""

import re
from dataclasses import dataclass
from typing import Final, TypeGuard
from urllib.parse import parse_qs, urlsplit

from bot.core.scan import Platform
from bot.errors import UsageError

WHERE_APP_ID: Final = "the Production ID in the Instructions tab of OneTrust's SDK screen"
"""Where a person finds an app ID (OneTrust, Scan Apps via API, "Test Rescan of App")."""

NAME_LIMIT: Final = 100
"""Maximum characters of a name given in a comment."""

EXAMPLE_APP_ID: Final = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"
_APP_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{6,126}[A-Za-z0-9]")
_BUNDLE_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,254}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{3,127}")
_WRAPPED: Final = re.compile(r"<((?:https?|mailto):[^<>|]*)(?:\|([^<>]*))?>", re.IGNORECASE)
_QUOTES: Final = "`'\"“”„‟‘’‚‛«»‹›"
_BARE_LINK: Final = re.compile(r"https?://|mailto:", re.IGNORECASE)

_PLATFORMS: Final = {
    **dict.fromkeys(("ios", "iphone", "ipad", "ipados", "apple", "ipa"), Platform.IOS),
    **dict.fromkeys(("android", "apk"), Platform.ANDROID),
}

_RESCAN: Final = r"(?<![\w-])re-?scan(?:\s+(?:of|as|app|id))*(?:\s*:)?"
_RESCAN_OF_APP: Final = re.compile(
    rf"{_RESCAN}\s*([{_QUOTES}]?)({_APP_ID.pattern})(?=[{_QUOTES}]?[.,;:!?)]*(?:\s|$))", re.IGNORECASE
)
_RESCAN_OF: Final = re.compile(rf"{_RESCAN}\s+(\S{{1,200}})", re.IGNORECASE)
_NAME: Final = re.compile(r"(?<![\w:-])name[ \t]*[:=][ \t]*([^\r\n]+)", re.IGNORECASE)
_TAG: Final = re.compile(r"<(?:[^<>|]*\|)?([^<>|]*)>")

_MESSAGE_PATH: Final = re.compile(r"/archives/([CDG][A-Z0-9]{1,30})/p([0-9]{10})([0-9]{6})/?")
_FILE_PATH: Final = re.compile(r"/files/[A-Z0-9]{1,30}/(F[A-Z0-9]{1,30})(?:/.*)?")
_PRIVATE_FILE_PATH: Final = re.compile(r"/files-(?:pri|tmb)/[A-Z0-9]{1,30}-(F[A-Z0-9]{1,30})/.*")
_LINKED_TS: Final = re.compile(r"[0-9]{10}\.[0-9]{6}")
_TS: Final = re.compile(r"[0-9]{1,16}\.[0-9]{1,9}")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, kw_only=True)
class MessageLink:
    """A link to a message in Slack."""

    channel: str
    message_ts: str
    thread_ts: str | None = None
    """The thread that the message is a reply in; ``None`` if it isn't one or the link doesn't say."""


@dataclass(frozen=True, kw_only=True)
class FileLink:
    """A link to a file in Slack."""

    file_id: str


def is_timestamp(value: object) -> TypeGuard[str]:
    """Tell whether a payload's value has the form of a message timestamp, which ``float`` accepts."""
    return isinstance(value, str) and _TS.fullmatch(value) is not None


def unwrapped(text: str) -> str:
    """Undo Slack's changes to typed text: links become their labels again, and escapes are removed."""
    return _unescaped(_WRAPPED.sub(lambda link: link[2] or _BARE_LINK.sub("", link[1]), text))


def app_id(text: str) -> str:
    """Parse an app ID: 8 to 128 letters, digits and hyphens.

    OneTrust's Production ID is a UUID, in some tenants with a suffix.

    Raises:
        UsageError: not an app ID; says where to find one.
    """
    if is_app_id(text):
        return _stripped(text)
    raise UsageError(
        "That is not an app ID. An app ID has 8 to 128 letters, digits and hyphens, and at least one digit. "
        f"It is {WHERE_APP_ID}.",
        example=EXAMPLE_APP_ID,
    )


def is_app_id(text: str) -> bool:
    """Return whether ``app_id`` accepts a text."""
    found = _stripped(text)
    return _APP_ID.fullmatch(found) is not None and any(character.isdigit() for character in found)


def bundle_id(text: str) -> str:
    """Parse a bundle identifier or package name.

    Raises:
        UsageError: not one.
    """
    problem = (
        "That is not a bundle identifier, which has only letters, digits, dots, hyphens and underscores."
    )
    return _shaped(text, _BUNDLE_ID, problem, example="com.example.shop")


def platform(text: str) -> Platform:
    """Parse a platform, by any of its usual names.

    Raises:
        UsageError: not a platform.
    """
    if (found := _PLATFORMS.get(_stripped(text).lower())) is None:
        raise UsageError("The platform is `ios` or `android`.", example="android")
    return found


def request_id(text: str) -> str:
    """Parse OneTrust's request ID.

    Raises:
        UsageError: not a request ID.
    """
    problem = (
        "That is not a request ID, which has 4 to 128 letters, digits and hyphens, and no spaces. "
        "OneTrust shows it in the workflow's log."
    )
    return _shaped(text, _REQUEST_ID, problem, example=EXAMPLE_APP_ID)


def comment(text: str) -> tuple[str | None, str | None]:
    """Return the app ID of ``rescan <appId>`` and the name of ``name: …`` in a share's comment.

    An unquoted app ID must have a digit here, so that "please rescan everything" requests nothing.
    """
    found: str | None = None
    for match in _RESCAN_OF_APP.finditer(text):
        # Without regard to case, ``[a-z]`` matches two signs beyond ASCII as well.
        if match[2].isascii() and (match[1] or any(sign.isdigit() for sign in match[2])):
            found, text = match[2], text[: match.start()] + text[match.end() :]
            break
    named = _NAME.search(text)
    return found, _name(named[1]) if named else None


def misread(text: str) -> bool:
    """Tell whether a share's comment requests a rescan of something that is not an app ID.

    A word counts only if it has a digit, a dot or ``_`` in it ("please rescan this" doesn't), and is no link.
    """
    named = _RESCAN_OF.search(_unescaped(text))
    if named is None or comment(text)[0] is not None:
        return False
    word = named[1].strip(_QUOTES + ".,;:!?)")
    if _BARE_LINK.match(word) or word.startswith("<"):
        return False
    return any(character.isdigit() or character in "._" for character in word)


def slack_link(text: str) -> MessageLink | FileLink | None:
    """Parse a link to a message or a file in Slack; ``None`` for anything else.

    Accepts every host under ``slack.com``, and loopback, for stand-ins of Slack.
    """
    wrapped = _WRAPPED.fullmatch(text.strip())
    try:
        url = urlsplit(_unescaped(wrapped[1] if wrapped else text).strip())
        host = url.hostname or ""
        linked_thread = parse_qs(url.query, max_num_fields=20).get("thread_ts", [""])[0]
    except ValueError:
        return None
    slack = url.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com"))
    if not slack and not (url.scheme in {"http", "https"} and host in _LOOPBACK):
        return None
    if message := _MESSAGE_PATH.fullmatch(url.path):
        ts = f"{message[2]}.{message[3]}"
        thread_ts = linked_thread if _LINKED_TS.fullmatch(linked_thread) and linked_thread != ts else None
        return MessageLink(channel=message[1], message_ts=ts, thread_ts=thread_ts)
    if file := _FILE_PATH.fullmatch(url.path) or _PRIVATE_FILE_PATH.fullmatch(url.path):
        return FileLink(file_id=file[1])
    return None


def _shaped(text: str, shape: re.Pattern[str], problem: str, *, example: str) -> str:
    if shape.fullmatch(found := _stripped(text)):
        return found
    raise UsageError(problem, example=example)


def _stripped(text: str) -> str:
    return unwrapped(text).strip(_QUOTES + " \t\r\n\u00a0").strip()


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _name(text: str) -> str | None:
    """Return a typed name without Slack's tags and escapes, invisible characters and quotes."""
    words = _unescaped(_TAG.sub(r"\1", text)).split()
    shown = "".join(sign for sign in " ".join(words) if sign.isprintable())
    return shown.strip(_QUOTES + "* ")[:NAME_LIMIT].strip() or None
