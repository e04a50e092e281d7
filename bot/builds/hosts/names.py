"""The normal form of a host, and how one is parsed from the text that follows ``://``.

Hosts are lower-case ASCII (IDNA for internationalised names), with a port unless it is 80 or 443:
``api.shop.com``, ``api.shop.com:8443``, ``9.9.9.9``, ``[2620:fe::fe]:8443``. Only public hosts count: no
names of one label, and no private, loopback or reserved addresses.
Sources: RFC 3986 section 3.2 (authority), RFC 1123 section 2.1 (names), RFC 2606 and 6761 (reserved names).
"""

import ipaddress
import re

MAX_LENGTH = 253 + len(":65535")
"""Characters of a host with its port."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,24}}|xn--[a-z0-9-]{{1,58}}[a-z0-9])")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_NORMAL_FORM = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[1-9]\d{0,4}))?")
_AUTHORITY = re.compile(r"(?P<name>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d*))?(?P<rest>.*)", re.DOTALL)
_PLACEHOLDER = re.compile(r"(?:%[\d$]*[a-zA-Z@]|\$?\{[^}]*\}?|\$\w+)(?P<after>.?)", re.DOTALL)
_SENTENCE_END = re.compile(r"\.(?:com|net|org|io|dev|app)\.$", re.IGNORECASE)  # followed by a full stop
_RUN_ON = re.compile(
    r"(?P<last>[a-z]{2,}(?=[A-Z])"
    r"|(?:com|net|org)(?!(?:mbank|munity|pany|pare|puter|sec|bank|flix|work|anic)\Z)(?=[a-z0-9-]))"
)
"""A last label run together with the next string: the compilers of Go, Rust and Unity store strings without
separators. Real labels such as ``network`` are excluded."""
_DEFAULT_PORTS = {"80", "443"}
_NOT_PUBLIC_TLDS = frozenset(
    {
        *("arpa", "test", "example", "invalid", "localhost", "local"),  # reserved
        *("localdomain", "internal", "intranet", "lan", "home", "corp", "private", "onion"),  # not in use
    }
)
"""Top-level domains without public hosts."""
_EXAMPLES = re.compile(r"(?:.+\.)?example\.(?:com|net|org)")


def is_host(text: object) -> bool:
    """Return whether it is a public host in normal form."""
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        return False
    match = _NORMAL_FORM.fullmatch(text)
    if match is None or match["port"] in _DEFAULT_PORTS or int(match["port"] or 1) > 0xFFFF:
        return False
    return _is_public(match["name"])


def _is_public(name: str) -> bool:
    if name.startswith("[") or _IPV4.fullmatch(name):
        try:
            address = ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return address.is_global and not address.is_multicast
    if len(name) > 253 or _NAME.fullmatch(name) is None:
        return False
    return name.rpartition(".")[2] not in _NOT_PUBLIC_TLDS and _EXAMPLES.fullmatch(name) is None


def host_in(authority: str) -> str | None:
    """Return the host at the start of an authority; ``None`` if there is no public one.

    ``authority`` is the text after ``://`` up to a slash, quotation mark or the like; unrelated text may
    follow the host. A name that contains a placeholder (``%s.example.com``) does not count; one that is
    followed by a placeholder (``example.com${path}``) does. Credentials (``user:password@``) are skipped.
    """
    match = _AUTHORITY.match(authority.rpartition("@")[2])
    if match is None:
        return None
    name, port, rest = match["name"], match["port"], match["rest"]
    placeholder = _PLACEHOLDER.match(rest)
    if placeholder is not None and not port and re.match(r"[\w.-]", placeholder["after"]):
        return None
    if port == "" and rest and placeholder is None:
        return None  # a colon without a port
    if name.endswith(("-", "_")) or (
        name.endswith(".") and (placeholder is not None or not _SENTENCE_END.search(name))
    ):
        return None  # an incomplete name
    host = _canonical(name, port or "")
    return host if is_host(host) else None


def _canonical(name: str, port: str) -> str | None:
    number = port.lstrip("0")
    ending = f":{number}" if number and number not in _DEFAULT_PORTS else ""
    if name.startswith("["):
        return name.lower() + ending
    before, dot, last = name.rstrip(".").rpartition(".")
    if last[:1].isascii():
        last = re.split(r"[^A-Za-z0-9-]", last)[0]  # text follows the name without a blank
        run_on = _RUN_ON.match(last)
        last = run_on["last"] if run_on else last
    name = (before + dot + last).lower()
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return None
    return name + ending
