"""Reading the URLs and hosts that people name in a command, as they are looked up.

What is looked up is written as in Zscaler's own examples: without a scheme, the host in lower case and in
its ASCII form, the port where it is none of 80 and 443. Names of users, passwords and fragments are nobody
else's: they are neither asked nor told.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from bot.features.hosts.models import BATCH, URL_LIMIT

_WRAPPED: Final = re.compile(r"<([a-z][a-z0-9+.-]*:[^<>|\s]*)(?:\|[^<>]*)?>", re.IGNORECASE)
_HOSTS: Final = re.compile(r"(?<!\S)(?:[a-z0-9.-]+[,;])+", re.IGNORECASE)
"""Bare hosts with commas behind them; within a path or a query a comma is the URL's own."""
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_AROUND: Final = "`'\"“”„‟‘’‚‛«»‹›<>(),;"
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_HOST_LIMIT: Final = 253
_USUAL_PORTS: Final = frozenset({None, 80, 443})
_SHOWN: Final = 60
"""Characters of a word that is told of."""


@dataclass(frozen=True, kw_only=True)
class NamedUrls:
    """What a person named."""

    urls: tuple[str, ...] = ()
    """To look up, each once, in the order named; ``BATCH`` at most, each within ``URL_LIMIT``."""
    too_long: tuple[str, ...] = ()
    """The beginnings of those that are too long."""
    no_urls: tuple[str, ...] = ()
    """The beginnings of what is no URL."""
    left_out: int = 0
    """How many URLs are more than are looked up at once."""


def parse_urls(typed: str) -> NamedUrls:
    """Read what was typed; words are parted by white space, bare hosts by commas too."""
    urls: dict[str, None] = {}
    too_long: dict[str, None] = {}
    no_urls: dict[str, None] = {}
    text = typed.encode(errors="replace").decode()  # JSON can spell half a surrogate pair
    text = _HOSTS.sub(lambda found: re.sub("[,;]", " ", found[0]), _WRAPPED.sub(r" \1 ", text))
    for word in text.split():
        for entity, sign in _ENTITIES:
            word = word.replace(entity, sign)  # noqa: PLW2901 - the same word, as it was typed
        if not (word := word.strip(_AROUND)):
            continue
        url = _read(word)
        if url is None:
            no_urls[_harmless(word)] = None
        elif len(url) > URL_LIMIT:
            too_long[url[:_SHOWN] + "…"] = None
        else:
            urls[url] = None
    asked = tuple(urls)
    return NamedUrls(
        urls=asked[:BATCH],
        too_long=tuple(too_long),
        no_urls=tuple(no_urls),
        left_out=max(0, len(asked) - BATCH),
    )


def _read(word: str) -> str | None:
    """Return a URL as it is looked up; ``None`` where the word is none."""
    try:
        parts = urlsplit(word if _SCHEME.match(word) else f"//{word}")
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:  # a UnicodeError is one
        return None
    if host is None or ("@" in parts.fragment and not parts.path):  # that is half a password, by its look
        return None
    path = parts.path if parts.path != "/" or parts.query else ""
    query = f"?{parts.query}" if parts.query else ""
    rest = quote(path + query, safe="/?%:;=,@!$&'()*+~-._[]|")
    return f"{host}{'' if port in _USUAL_PORTS else f':{port}'}{rest}"


def _host(host: str) -> str | None:
    """Return a host in its ASCII form; ``None`` where it is none that the Internet knows."""
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
    known = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    return ascii_host if known and len(ascii_host) <= _HOST_LIMIT else None


def _harmless(word: str) -> str:
    """Return the beginning of a word, without what may be a name, a password or a fragment."""
    shown = word.rsplit("@", 1)[-1].split("#", 1)[0]
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
