"""Reading what people paste: app IDs, bundle identifiers, request IDs, links to Slack, a share's comment.

Slack delivers typed text with ``& < >`` escaped, and with what looks like a web address made a link: the
bundle identifier ``com.example.app`` can arrive as ``<http://com.example.app|com.example.app>``.
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
"""Characters of a name given in a comment."""

EXAMPLE_APP_ID: Final = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"
_APP_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{6,126}[A-Za-z0-9]")
_BUNDLE_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,254}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{3,127}")
_WRAPPED: Final = re.compile(r"<((?:https?|mailto):[^<>|]*)(?:\|([^<>]*))?>", re.IGNORECASE)
_QUOTES: Final = "`'\"“”„‟‘’‚‛«»‹›"
_BARE_LINK: Final = re.compile(r"https?://|mailto:", re.IGNORECASE)

_PLATFORMS: Final = {
    "ios": Platform.IOS,
    "iphone": Platform.IOS,
    "ipad": Platform.IOS,
    "ipados": Platform.IOS,
    "apple": Platform.IOS,
    "ipa": Platform.IOS,
    "android": Platform.ANDROID,
    "apk": Platform.ANDROID,
}

_RESCAN: Final = re.compile(
    rf"(?<![\w-])re-?scan(?:\s+(?:of|as|app|id))*(?:\s*:)?\s*([{_QUOTES}]?)"
    rf"([A-Za-z0-9][A-Za-z0-9-]{{6,126}}[A-Za-z0-9])(?=[{_QUOTES}]?[.,;:!?)]*(?:\s|$))",
    re.IGNORECASE,
)
_RESCAN_OF: Final = re.compile(
    r"(?<![\w-])re-?scan(?:\s+(?:of|as|app|id))*(?:\s*:)?\s+(\S{1,200})", re.IGNORECASE
)
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
    """The thread that the message answers in; ``None`` where it began one or the link doesn't say."""


@dataclass(frozen=True, kw_only=True)
class FileLink:
    """A link to a file in Slack."""

    file_id: str


def is_timestamp(value: object) -> TypeGuard[str]:
    """Tell whether a value of a payload can be a message's timestamp, and so read as a number."""
    return isinstance(value, str) and _TS.fullmatch(value) is not None


def unwrapped(text: str) -> str:
    """Undo what Slack does to typed text: links become their labels again, and ``&amp;`` a plain sign."""
    return _unescaped(_WRAPPED.sub(lambda link: link[2] or _BARE_LINK.sub("", link[1]), text))


def app_id(text: str) -> str:
    """Read an app ID: letters, digits and hyphens, 8 to 128 of them.

    OneTrust's Production ID is a UUID, in some tenants with a suffix.

    Raises:
        UsageError: it can't be one; says where it is found.
    """
    found = _stripped(text)
    if not is_app_id(found):
        raise UsageError(
            "That can't be an app ID: it has letters, digits and hyphens only, 8 to 128 of them, "
            f"and at least one digit. It is {WHERE_APP_ID}.",
            example=EXAMPLE_APP_ID,
        )
    return found


def is_app_id(text: str) -> bool:
    """Tell whether ``app_id`` would read it."""
    found = _stripped(text)
    return _APP_ID.fullmatch(found) is not None and any(character.isdigit() for character in found)


def bundle_id(text: str) -> str:
    """Read a bundle identifier, or a package name.

    Raises:
        UsageError: it can't be one.
    """
    found = _stripped(text)
    if not _BUNDLE_ID.fullmatch(found):
        raise UsageError(
            "That can't be a bundle identifier: it has letters, digits, dots, hyphens and underscores only.",
            example="com.example.shop",
        )
    return found


def platform(text: str) -> Platform:
    """Read a platform, by any of its usual names.

    Raises:
        UsageError: it is none.
    """
    try:
        return _PLATFORMS[_stripped(text).lower()]
    except KeyError:
        raise UsageError("The platform is `ios` or `android`.", example="android") from None


def request_id(text: str) -> str:
    """Read a request ID, as OneTrust gave it.

    Raises:
        UsageError: it can't be one.
    """
    found = _stripped(text)
    if not _REQUEST_ID.fullmatch(found):
        raise UsageError(
            "That can't be a request ID: it has no spaces, and 4 to 128 letters, digits and hyphens. "
            "OneTrust shows it in the workflow's log.",
            example=EXAMPLE_APP_ID,
        )
    return found


def comment(text: str) -> tuple[str | None, str | None]:
    """Read a share's comment: the app ID of ``rescan <appId>`` and the name of ``name: …``, where they are.

    Prose such as "please rescan everything" asks for nothing: without quotes, an app ID here has a digit.
    """
    found: str | None = None
    for match in _RESCAN.finditer(text):
        quoted, candidate = match[1], match[2]
        if _APP_ID.fullmatch(candidate) and (quoted or any(sign.isdigit() for sign in candidate)):
            found = candidate
            text = text[: match.start()] + text[match.end() :]
            break
    named = _NAME.search(text)
    return found, _name(named[1]) if named else None


def misread(text: str) -> bool:
    """Tell whether a share's comment names something to rescan that can't be an app ID.

    Prose ("please rescan this") names nothing, and a link is none of it; what is named holds a digit, or a
    dot or ``_`` within.
    """
    named = _RESCAN_OF.search(_unescaped(text))
    if named is None or comment(text)[0] is not None:
        return False
    word = named[1].strip(_QUOTES + ".,;:!?)")
    if _BARE_LINK.match(word) or word.startswith("<"):
        return False
    return any(character.isdigit() or character in "._" for character in word)


def slack_link(text: str) -> MessageLink | FileLink | None:
    """Read a link to a message or a file in Slack; ``None`` where it is none.

    Any workspace's host under ``slack.com`` will do, and loopback, where a stand-in runs.
    """
    wrapped = _WRAPPED.fullmatch(text.strip())
    try:
        url = urlsplit(_unescaped(wrapped[1] if wrapped else text).strip())
        host = url.hostname or ""
        asked = parse_qs(url.query, max_num_fields=20).get("thread_ts", [""])[0]
    except ValueError:
        return None
    slack = url.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com"))
    if not slack and not (url.scheme in {"http", "https"} and host in _LOOPBACK):
        return None
    if message := _MESSAGE_PATH.fullmatch(url.path):
        ts = f"{message[2]}.{message[3]}"
        thread_ts = asked if _LINKED_TS.fullmatch(asked) and asked != ts else None
        return MessageLink(channel=message[1], message_ts=ts, thread_ts=thread_ts)
    if file := _FILE_PATH.fullmatch(url.path) or _PRIVATE_FILE_PATH.fullmatch(url.path):
        return FileLink(file_id=file[1])
    return None


def _stripped(text: str) -> str:
    return unwrapped(text).strip(_QUOTES + " \t\r\n\u00a0").strip()


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _name(text: str) -> str | None:
    """Clean a name that was typed: Slack's tags and escapes, invisible signs and quotes go."""
    words = _unescaped(_TAG.sub(r"\1", text)).split()
    shown = "".join(sign for sign in " ".join(words) if sign.isprintable())
    return shown.strip(_QUOTES + "* ")[:NAME_LIMIT].strip() or None
