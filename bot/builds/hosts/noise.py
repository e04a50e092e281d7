"""What names a host in a build and is no place that the app talks to.

Measured on published Android apps, on libraries' own strings, and on what Apple's and Android's tools write.
"""

import re

_ALL = ("",)
_NOISE: dict[str, tuple[str, ...]] = {
    # Names of XML namespaces, vocabularies and schemas, which nobody fetches.
    "schemas.android.com": _ALL,
    "ns.adobe.com": _ALL,
    "www.w3.org": _ALL,
    "w3.org": _ALL,
    "xmlpull.org": _ALL,
    "www.xmlpull.org": _ALL,
    "schemas.xmlsoap.org": _ALL,
    "schemas.microsoft.com": _ALL,
    "schemas.openxmlformats.org": _ALL,
    "xml.org": _ALL,
    "www.xml.org": _ALL,
    "xml.apache.org": _ALL,
    "java.sun.com": _ALL,
    "xmlns.jcp.org": _ALL,
    "xmlns.com": _ALL,
    "json-schema.org": _ALL,
    "schema.org": _ALL,
    "purl.org": _ALL,
    "relaxng.org": _ALL,
    "ogp.me": _ALL,
    "iptc.org": _ALL,
    "www.aiim.org": _ALL,
    "docbook.org": _ALL,
    "sodipodi.sourceforge.net": _ALL,
    "www.inkscape.org": ("/namespaces",),
    "inkscape.org": ("/namespaces",),
    "www.apple.com": ("/DTDs/", "/certificateauthority", "/appleca"),
    # Who vouches for certificates: in every signed app, asked by the system and not by the app.
    "crl.apple.com": _ALL,
    "ocsp.apple.com": _ALL,
    "certs.apple.com": _ALL,
    # Names of what a user may grant (OAuth scopes), written as URLs.
    "www.googleapis.com": ("/auth/",),
    # Who wrote the assembler code in OpenSSL and its kin.
    "github.com": ("/dot-asm",),
    # Pages for developers, in the messages of libraries.
    "developer.android.com": _ALL,
    "developer.apple.com": _ALL,
    "docs.oracle.com": _ALL,
    "issuetracker.google.com": _ALL,
    "youtrack.jetbrains.com": _ALL,
    # Licences, in the comments and texts that libraries bring.
    "www.apache.org": ("/licenses",),
    "apache.org": ("/licenses", "/xml/"),
    "www.gnu.org": ("/licenses", "/copyleft"),
    "gnu.org": ("/licenses",),
    "opensource.org": _ALL,
    "www.opensource.org": _ALL,
    "creativecommons.org": _ALL,
    "scripts.sil.org": _ALL,
    "mozilla.org": ("/MPL",),
    "www.mozilla.org": ("/MPL",),
    "www.unicode.org": ("/copyright", "/license"),
    "www.eclipse.org": ("/legal",),
}
"""Hosts, and how the paths begin at which they are noise."""
_PROPERTIES = ("java.", "javax.")
"""What Java's XML properties begin with, as ``http://javax.xml.transform.dom.DOMResult/feature``."""

_POINTED_OUT = re.compile(
    rb"\b(?:see|visit|read|refer to|info(?:rmation)?|details|docs|documentation|learn more|report|issues?)"
    rb"(?: (?:at|also|in|it|on|the|them|this|to))*[ :,(<\[]+\Z",
    re.IGNORECASE,
)
MAX_BEFORE = 48
"""Bytes before a URL that ``is_pointed_out`` looks at."""


def is_pointed_out(before: bytes) -> bool:
    """Tell whether a URL stands in a sentence as what to read: "See https://…", by what stands before it."""
    return _POINTED_OUT.search(before) is not None


_PEOPLES_PAGES = re.compile(r"/[^/]+/[^/]+/(?:blob|discussions|issues|pull|tree|wiki)\b")
"""Of a project at GitHub, unlike its raw files and releases."""


def is_noise(host: str, path: str) -> bool:
    """Tell whether a URL is a name or a licence and no address; ``path`` is what follows its authority."""
    if host == "github.com" and _PEOPLES_PAGES.match(path):
        return True
    return host.startswith(_PROPERTIES) or (host in _NOISE and path.startswith(_NOISE[host]))
