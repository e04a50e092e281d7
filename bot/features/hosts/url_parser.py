"""Parses the URLs and hosts that people name in a command.

They are normalised as in Zscaler's examples: no scheme, the host in lower case and ASCII, no port 80 or 443.
User names, passwords and fragments are dropped, and never sent or shown.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from bot.features.hosts.models import BATCH, URL_LIMIT

_WRAPPED: Final = re.compile(r"<([a-z][a-z0-9+.-]*:[^<>|\s]*)(?:\|[^<>]*)?>", re.IGNORECASE)
_HOSTS: Final = re.compile(r"(?<!\S)(?:[a-z0-9.-]+[,;])+", re.IGNORECASE)
"""Bare hosts with commas behind them; a comma in a path or query belongs to the URL."""
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_AROUND: Final = "`'\"“”„‟‘’‚‛«»‹›<>(),;"
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_HOST_LIMIT: Final = 253
_USUAL_PORTS: Final = frozenset({None, 80, 443})
_SHOWN: Final = 60
"""Characters shown of a word that is not looked up."""


@dataclass(frozen=True, kw_only=True)
class NamedUrls:
    """What a person named, without duplicates, in that order."""

    urls: tuple[str, ...] = ()
    """To look up: at most ``BATCH``, each within ``URL_LIMIT``."""
    too_long: tuple[str, ...] = ()
    """The beginnings of longer URLs."""
    invalid: tuple[str, ...] = ()
    """The beginnings of words that are not URLs."""
    left_out: int = 0
    """How many URLs there are beyond ``BATCH``."""


def parse_urls(typed: str) -> NamedUrls:
    """Parse what was typed: words with white space between them, or commas between bare hosts."""
    urls: dict[str, None] = {}
    too_long: dict[str, None] = {}
    invalid: dict[str, None] = {}
    text = typed.encode(errors="replace").decode()  # JSON can spell half a surrogate pair
    text = _HOSTS.sub(lambda found: re.sub("[,;]", " ", found[0]), _WRAPPED.sub(r" \1 ", text))
    for word in text.split():
        for entity, sign in _ENTITIES:
            word = word.replace(entity, sign)  # noqa: PLW2901 - the same word, as it was typed
        if not (word := word.strip(_AROUND)):
            continue
        url = _normalised(word)
        if url is None:
            invalid[_harmless(word)] = None
        elif len(url) > URL_LIMIT:
            too_long[url[:_SHOWN] + "…"] = None
        else:
            urls[url] = None
    return NamedUrls(
        urls=tuple(urls)[:BATCH],
        too_long=tuple(too_long),
        invalid=tuple(invalid),
        left_out=max(0, len(urls) - BATCH),
    )


def _normalised(word: str) -> str | None:
    """Return a URL as it is looked up; ``None`` if the word is not a URL."""
    try:
        parts = urlsplit(word if _SCHEME.match(word) else f"//{word}")
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:  # or its subclass UnicodeError
        return None
    if host is None or ("@" in parts.fragment and not parts.path):  # half a password, by its look
        return None
    path = parts.path if parts.path != "/" or parts.query else ""
    query = f"?{parts.query}" if parts.query else ""
    rest = quote(path + query, safe="/?%:;=,@!$&'()*+~-._[]|")
    return f"{host}{'' if port in _USUAL_PORTS else f':{port}'}{rest}"


def _host(host: str) -> str | None:
    """Return a host in ASCII; ``None`` if it can't be a public host."""
    if len(host) > _HOST_LIMIT or "%" in host:
        return None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return f"[{address}]" if address.version == 6 else str(address)
    ascii_host = host.lower().rstrip(".").encode("idna").decode("ascii")
    labels = ascii_host.split(".")
    is_valid = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    return ascii_host if is_valid and len(ascii_host) <= _HOST_LIMIT else None


def _harmless(word: str) -> str:
    """Return the beginning of a word without what may be a user name, a password or a fragment."""
    shown = word.rsplit("@", 1)[-1].split("#", 1)[0]
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
