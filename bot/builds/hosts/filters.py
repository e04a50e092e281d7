"""Which strings in a build count as hosts of the app: host names without a scheme, and hosts to ignore.

Measured on published Android apps, on libraries' own strings, and on what Apple's and Android's tools write.
"""

import re

from bot.builds.hosts.names import is_host

_COMMON_TLDS = frozenset({"com", "net", "org"})
_COUNTRY_TLDS = frozenset(
    {
        *("at", "au", "be", "br", "ca", "ch", "cn", "cz", "de", "dk", "es", "eu", "fi", "fr", "hk", "hu"),
        *("ie", "il", "jp", "kr", "mx", "nl", "nz", "pl", "pt", "ro", "ru", "se", "sg", "tr", "tw", "ua"),
        *("uk", "za"),
    }
)
"""Without those that are also file endings, units or English words."""
_OTHER_TLDS = frozenset({"ai", "app", "biz", "cloud", "co", "dev", "edu", "gov", "io", "me", "tv"})
_PACKAGE_PREFIXES = frozenset(
    {
        *("android", "androidx", "dalvik", "jakarta", "java", "javax", "jdk", "junit", "kotlin", "kotlinx"),
        *("sun", "com", "edu", "gov", "info", "io", "net", "org"),
    }
)
"""First labels of packages and of Java's properties."""


def is_bare_host(word: str) -> bool:
    """Return whether a string without a scheme is almost certainly a host name.

    Code is full of words with dots: packages (``com.example.shop``), properties (``user.id``), files
    (``libz.so``). A host must end like most hosts, which those rarely do, and must not begin like a package.
    Missing a host is better than reporting a false one.
    """
    labels = word.partition(":")[0].split(".")
    first, last = labels[0], labels[-1]
    if first in _PACKAGE_PREFIXES or not is_host(word) or len(labels[-2]) < 2:
        return False
    if last in _COMMON_TLDS:
        return len(labels) > 2 or last == "com"
    less_common = _COUNTRY_TLDS | _OTHER_TLDS
    return len(labels) > 2 and last in less_common and first not in less_common


_IGNORED_HOSTS = frozenset(
    {
        # Names of XML namespaces, vocabularies and schemas, which are never fetched.
        *("schemas.android.com", "ns.adobe.com", "www.w3.org", "w3.org", "xmlpull.org", "www.xmlpull.org"),
        *("schemas.xmlsoap.org", "schemas.microsoft.com", "schemas.openxmlformats.org", "xml.org"),
        *("www.xml.org", "xml.apache.org", "java.sun.com", "xmlns.jcp.org", "xmlns.com", "json-schema.org"),
        *("schema.org", "purl.org", "relaxng.org", "ogp.me", "iptc.org", "www.aiim.org", "docbook.org"),
        "sodipodi.sourceforge.net",
        # Certificate services, named in every signed app and used by the system, not by the app.
        *("crl.apple.com", "ocsp.apple.com", "certs.apple.com"),
        # Documentation, in the messages of libraries.
        *("developer.android.com", "developer.apple.com", "docs.oracle.com", "issuetracker.google.com"),
        "youtrack.jetbrains.com",
        # Licences, in the comments and texts of libraries.
        *("opensource.org", "www.opensource.org", "creativecommons.org", "scripts.sil.org"),
    }
)
_IGNORED_PATHS: dict[str, tuple[str, ...]] = {
    "www.inkscape.org": ("/namespaces",),
    "inkscape.org": ("/namespaces",),
    "www.apple.com": ("/DTDs/", "/certificateauthority", "/appleca"),
    "www.googleapis.com": ("/auth/",),  # names of OAuth scopes
    "github.com": ("/dot-asm",),  # the author of assembly code in OpenSSL and its forks
    "www.apache.org": ("/licenses",),
    "apache.org": ("/licenses", "/xml/"),
    "www.gnu.org": ("/licenses", "/copyleft"),
    "gnu.org": ("/licenses",),
    "mozilla.org": ("/MPL",),
    "www.mozilla.org": ("/MPL",),
    "www.unicode.org": ("/copyright", "/license"),
    "www.eclipse.org": ("/legal",),
}
"""Hosts that are ignored where the path begins like this."""
_JAVA_PROPERTIES = ("java.", "javax.")
"""First labels of Java's XML properties, such as ``http://javax.xml.transform.dom.DOMResult/feature``."""
_GITHUB_PAGES = re.compile(r"/[^/]+/[^/]+/(?:blob|discussions|issues|pull|tree|wiki)\b")
"""Pages of a project for people, unlike its raw files and releases."""


def is_ignored(host: str, path: str) -> bool:
    """Return whether a URL is a name or a licence, not an address; ``path`` is what follows its authority."""
    if host in _IGNORED_HOSTS or host.startswith(_JAVA_PROPERTIES):
        return True
    if host == "github.com" and _GITHUB_PAGES.match(path):
        return True
    return path.startswith(_IGNORED_PATHS.get(host, ()))


_REFERENCE = re.compile(
    rb"\b(?:see|visit|read|refer to|info(?:rmation)?|details|docs|documentation|learn more|report|issues?)"
    rb"(?: (?:at|also|in|it|on|the|them|this|to))*[ :,(<\[]+\Z",
    re.IGNORECASE,
)
MAX_BEFORE = 48
"""Bytes before a URL that ``is_reference`` examines."""


def is_reference(before: bytes) -> bool:
    """Return whether a sentence refers readers to a URL ("See https://…"), by the text before it."""
    return _REFERENCE.search(before) is not None
