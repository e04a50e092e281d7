"""What is wrong with a web address that was set, said without repeating it, as it can hold a secret."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

VISIBLE = re.compile(r"[\x21-\x7e]+")
"""What tokens and addresses are made of."""

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+(?:[0-9.]+)?")
_WEBHOOK_PATH = re.compile(r"/integrationmanager/api/v1/webhook/[0-9A-Za-z-]+")
_PORTS = {"http": 80, "https": 443}


def url_problem(url: str, *, plain: bool = False) -> str:
    """Say what is wrong with a web address, in words that follow its variable's name; empty where nothing is.

    ``plain`` allows http to any host; without it only this machine may be spoken to without TLS.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is no web address: copy it again"
    if not VISIBLE.fullmatch(url):
        return "holds blanks or signs that can't be in it: copy it again"
    if parts.scheme not in _PORTS or port == 0 or not _HOST.fullmatch(host):
        return "must begin with https:// and a host's name"
    if "@" in parts.netloc:
        return "must hold no user name and no password"
    if parts.scheme == "http" and not plain and not _is_loopback(host):
        return "must begin with https:// (http is for this machine only)"
    return ""


def webhook_problem(webhook_url: str, onetrust_url: str) -> str:
    """Say what is wrong with the webhook's address, never repeating it; empty where nothing is.

    It must be on the scheme, host and port of ``onetrust_url`` (where known), as the token goes there.
    """
    problem = url_problem(webhook_url)
    if problem:
        return problem
    parts = urlsplit(webhook_url)
    if parts.path.endswith("/"):
        return "ends in a slash, which OneTrust answers with 404: take the slash away"
    if not _WEBHOOK_PATH.fullmatch(parts.path) or parts.fragment:
        return "must look like https://…/integrationmanager/api/v1/webhook/…: copy the HTTP POST URL again"
    if onetrust_url and _origin(webhook_url) != _origin(onetrust_url):
        return "must be on the host and port of ONETRUST_URL: the access token is sent nowhere else"
    return ""


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
