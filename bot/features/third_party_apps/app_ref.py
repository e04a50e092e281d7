"""Parses the ID of a third-party app, or a link to its consent or marketplace page.

A consent link also contains ``state``, codes, tokens and hints about who signs in. Only the part that
identifies the app is kept; nothing else is stored, shown or sent on.
"""

import re
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from bot.core.identifiers import slack_link
from bot.errors import UsageError
from bot.features.third_party_apps.models import AppRef, RefKind

LENGTH_LIMIT: Final = 1000
"""Maximum characters of what is kept of a link."""
EXAMPLE: Final = "/appscan governance 22c49a0d-d21c-4792-aed1-8f163c982546"

_TYPED_LIMIT: Final = 8000
_LINK: Final = re.compile(r"https?://", re.IGNORECASE)
_WRAPPED: Final = re.compile(r"<([^<>|]+)(?:\|[^<>]*)?>")
_ID: Final = re.compile(r"(?=.*[0-9.])[A-Za-z0-9][A-Za-z0-9._@-]{3,198}[A-Za-z0-9]|[a-p]{32}")
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GUID_IN_LINK: Final = re.compile(rf"\?client_id=({_GUID.pattern})\Z", re.IGNORECASE)
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@~-]{2,254}")
_HOST: Final = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
_INTERNAL: Final = (".local", ".localhost", ".internal", ".intranet", ".corp", ".home", ".lan", ".arpa")
_SIGN_IN: Final = frozenset(
    {"accounts.google.com", "login.live.com", "login.microsoftonline.com", "login.windows.net"}
)
"""Hosts whose pages identify an app by its client ID only."""
_CONSENT: Final = re.compile(
    r"/(?:authorize|adminconsent|auth|consent|oauth[a-z0-9]*)(?:[/.]|$)", re.IGNORECASE
)
_GOOGLE_ID: Final = ".apps.googleusercontent.com"
_IN_PATHS: Final = "/%:@!$&'()*+,;=~"
_MARKETPLACE_IDS: Final = ("appid", "app_id", "listingid", "assetid", "productid", "id")
"""Parameters that identify an app in marketplaces; all others are dropped."""


def app_ref(text: str) -> AppRef:
    """Parse an app ID or a link.

    Raises:
        UsageError: it is neither; the message contains nothing of what was typed.
    """
    typed = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
    if typed.startswith("<<") and typed.endswith(">>"):  # typed in brackets, around what Slack made a link
        typed = typed[1:-1]
    wrapped = _WRAPPED.fullmatch(typed)
    word = (wrapped[1] if wrapped else typed).strip("`'\"“”„‟‘’‚‛«»‹› \t\u00a0")
    if not word or len(word) > _TYPED_LIMIT or len(word.split()) != 1:
        raise UsageError(
            "Give one third-party app: its app ID (client ID), or a link to its consent or marketplace page.",
            example=EXAMPLE,
        )
    if _LINK.match(word):
        if ref := _link(word):
            return ref
        raise UsageError(
            "That is not a link to the consent or marketplace page of a third-party app. It has to lead to "
            "the app's own page, and that has to be public.",
            example="/appscan governance https://slack.com/marketplace/A0F7XDUAZ-example",
        )
    if not _ID.fullmatch(word):
        raise UsageError(
            "That is neither the app ID (client ID) of a third-party app nor a link to its consent or "
            "marketplace page. A link begins with `https://`; names can't be searched.",
            example=EXAMPLE,
        )
    return AppRef(kind=RefKind.APP_ID, value=word.lower() if _GUID.fullmatch(word) else word)


def by_client_id(ref: AppRef) -> AppRef | None:
    """Return the app ID in a consent link, if it is a GUID, as Microsoft's are."""
    found = _GUID_IN_LINK.search(ref.value) if ref.kind is RefKind.URL else None
    return AppRef(kind=RefKind.APP_ID, value=found[1].lower()) if found else None


def _link(word: str) -> AppRef | None:
    try:
        url = urlsplit(word)
        host, port = (url.hostname or "").rstrip("."), url.port
        query = parse_qsl(url.query, max_num_fields=100)
    except ValueError:
        return None
    inside = host.endswith(_INTERNAL) or slack_link(word) is not None
    if not _HOST.fullmatch(host) or inside or port not in {None, 80, 443}:
        return None
    if host.endswith(_GOOGLE_ID) and url.path in {"", "/"}:  # Slack makes a link of such an ID
        return AppRef(kind=RefKind.APP_ID, value=host)
    kept = _query(host, url.path, query)
    value = f"https://{host}{quote(url.path, safe=_IN_PATHS)}{kept}"
    if len(value) > LENGTH_LIMIT or (not kept and url.path in {"", "/"}):
        return None
    return AppRef(kind=RefKind.URL, value=value)


def _query(host: str, path: str, query: list[tuple[str, str]]) -> str:
    """Return the part of a link's query that identifies the app, to append to its path."""
    named = {name.lower(): (name, value) for name, value in reversed(query) if _CLIENT_ID.fullmatch(value)}
    if "client_id" in named:
        client_id = named["client_id"][1]
        return f"?client_id={client_id.lower() if _GUID.fullmatch(client_id) else client_id}"
    if host in _SIGN_IN or _CONSENT.search(path):
        raise UsageError(
            "There is no client ID in that consent link. Copy the address of the page that asks for consent: "
            "it has `client_id=` in it. The client ID alone works too.",
            example=EXAMPLE,
        )
    for each in _MARKETPLACE_IDS:
        if each in named:
            name, value = named[each]
            return f"?{name}={quote(value, safe='@')}"
    return ""
