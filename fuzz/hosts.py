"""The hosts in any file: they are found, and the parent accepts each of them."""

import json

import atheris

with atheris.instrument_imports(include=["bot.builds"]):
    from bot.builds.hosts.entries import form_of
    from bot.builds.hosts.finder import parse_hosts
    from bot.builds.hosts.hermes import is_hermes, strings
    from bot.builds.hosts.search import Search

from fuzz.engine import fuzz, parts
from sandbox.builds import make_dex
from sandbox.hermes import make_hermes

_WORDS = [
    "https://api.shop.com/v1",
    "wss://jane:x@b\xfccher.de:8443",
    "cdn.shop.net",
    "See http://[2620:fe::fe]",
]


def one(data: bytes) -> None:
    """Search a file, in two pieces."""
    half = len(data) // 2
    pieces = [data[:half], data[half:]]
    search = Search()
    search.read(strings(pieces) if is_hermes(data) else pieces, form_of(b"Info.plist", data))
    told = {"hosts": sorted(search.hosts)[:500], "left_out": 0, "cut_short": search.cut_short}
    assert list(parse_hosts(json.dumps(told).encode()).hosts) == told["hosts"]


if __name__ == "__main__":
    text = " ".join(_WORDS)
    wide = [text.encode("utf-16-le"), b"\xfe\xff" + text.encode("utf-16-be"), text.encode()]
    fuzz("hosts", one, [make_dex(_WORDS), make_hermes(_WORDS), *wide, *parts("Info.plist")])
