"""What a host is written as, and how one is read from the text that follows ``://``.

Hosts are in lower case and ASCII, internationalised names by IDNA, with a port where it is none of 80 and
443: ``api.shop.com``, ``api.shop.com:8443``, ``9.9.9.9``, ``[2620:fe::fe]:8443``. Only what can be reached
over the Internet is one: no name of one label, and no private, loopback or reserved address.
Sources: RFC 3986 section 3.2 (authority), RFC 1123 section 2.1 (names), RFC 2606 and 6761 (reserved names).
"""

import ipaddress
import re

MAX_LENGTH = 253 + len(":65535")
"""Characters of a host with its port."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,24}}|xn--[a-z0-9-]{{1,58}}[a-z0-9])")
_NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_WRITTEN = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[1-9]\d{0,4}))?")
_AUTHORITY = re.compile(r"(?P<name>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d*))?(?P<rest>.*)", re.DOTALL)
_PLACEHOLDER = re.compile(r"(?:%[\d$]*[a-zA-Z@]|\$?\{[^}]*\}?|\$\w+)(?P<after>.?)", re.DOTALL)
_ENDS = re.compile(r"\.(?:com|net|org|io|dev|app)\.$", re.IGNORECASE)  # with the full stop of a sentence
_RUN_ON = re.compile(
    r"(?P<last>[a-z]{2,}(?=[A-Z])"
    r"|(?:com|net|org)(?!(?:mbank|munity|pany|pare|puter|sec|bank|flix|work|anic)\Z)(?=[a-z0-9-]))"
)
"""A last label that goes on in the next of many strings, as the compilers of Go, Rust and Unity put them with
nothing between; but for those that there are, as ``network``."""
_USUAL_PORTS = {"80", "443"}
_NOT_PUBLIC = frozenset(
    {
        "arpa",  # of the system of names itself
        *("test", "example", "invalid", "localhost", "local"),  # reserved
        *(
            "localdomain",
            "internal",
            "intranet",
            "lan",
            "home",
            "corp",
            "private",
            "onion",
        ),  # of no public use
    }
)
"""Last labels of names that nobody on the Internet has."""

_EXAMPLES = re.compile(r"(?:.+\.)?example\.(?:com|net|org)")


def is_host(text: object) -> bool:
    """Tell whether it is a host in the form above."""
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        return False
    written = _WRITTEN.fullmatch(text)
    if written is None or written["port"] in _USUAL_PORTS or int(written["port"] or 1) > 0xFFFF:
        return False
    return _is_public(written["name"])


def _is_public(name: str) -> bool:
    if name.startswith("[") or _NUMBERS.fullmatch(name):
        try:
            address = ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return address.is_global and not address.is_multicast
    if len(name) > 253 or _NAME.fullmatch(name) is None:
        return False
    return name.rpartition(".")[2] not in _NOT_PUBLIC and _EXAMPLES.fullmatch(name) is None


def host_in(authority: str) -> str | None:
    """Return the host that an authority begins with, ``None`` where it names none that is public.

    ``authority`` is the text after ``://`` up to a slash, quotation mark or the like; what can't belong to it
    may follow the host. Names with a placeholder in them (``%s.example.com``) are none; before one
    (``example.com${path}``) they are. Who logs in (``user:password@``) is passed over, never returned.
    """
    found = _AUTHORITY.match(authority.rpartition("@")[2])
    if found is None:
        return None
    name, port, rest = found["name"], found["port"], found["rest"]
    hole = _PLACEHOLDER.match(rest)
    if hole is not None and not port and re.match(r"[\w.-]", hole["after"]):
        return None
    if port == "" and rest and hole is None:
        return None  # a colon, and then no port
    if name.endswith(("-", "_")) or (name.endswith(".") and (hole is not None or not _ENDS.search(name))):
        return None  # the beginning of a name
    host = _canonical(name, port or "")
    return host if is_host(host) else None


def _canonical(name: str, port: str) -> str | None:
    number = port.lstrip("0")
    ending = f":{number}" if number and number not in _USUAL_PORTS else ""
    if name.startswith("["):
        return name.lower() + ending
    before, dot, last = name.rstrip(".").rpartition(".")
    if last[:1].isascii():
        last = re.split(r"[^A-Za-z0-9-]", last)[0]  # writing goes on after the name without a blank
        run_on = _RUN_ON.match(last)
        last = run_on["last"] if run_on else last
    name = (before + dot + last).lower()
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return None
    return name + ending
