"""Parses web addresses; no message repeats one, as it can hold a secret."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from bot.config.env import VISIBLE, Invalid, Secret

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+(?:[0-9.]+)?")
_WEBHOOK_PATH = re.compile(r"/integrationmanager/api/v1/webhook/[0-9A-Za-z-]+")
_PORTS = {"http": 80, "https": 443}
_PLACEHOLDER = "customer.my.onetrust.com"


def split_url(url: str, *, plain: bool = False) -> SplitResult:
    """Split a web address; http goes to this machine only, unless ``plain`` allows it to any host."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid("is no web address: copy it again") from None
    if not VISIBLE.fullmatch(url):
        raise Invalid("holds blanks or characters that can't be in it: copy it again")
    if parts.scheme not in _PORTS or port == 0 or not _HOST.fullmatch(host):
        raise Invalid("must begin with https:// and a host's name")
    if "@" in parts.netloc:
        raise Invalid("must hold no user name and no password")
    if parts.scheme == "http" and not plain and not _is_loopback(host):
        raise Invalid("must begin with https:// (http is for this machine only)")
    return parts


def endpoint(value: str) -> str:
    """Parse an address without query and fragment."""
    parts = split_url(value)
    if parts.query or parts.fragment:
        raise Invalid("must hold no ? and no #")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"


def base_url(value: str) -> str:
    """Parse the address that an API's paths are added to; it ends without a slash."""
    return endpoint(value).rstrip("/")


def environment_url(value: str) -> str:
    """Parse the address of a OneTrust environment: scheme, host and port only."""
    parts = split_url(value)
    if parts.hostname == _PLACEHOLDER:
        raise Invalid(f"is OneTrust's example: put your own environment in place of {_PLACEHOLDER}")
    if parts.path not in ("", "/"):
        raise Invalid("must end after the host, such as https://app-eu.onetrust.com")
    return base_url(value)


def url_template(value: str) -> str:
    """Parse the address of a page, which may hold ``{request_id}``."""
    filled = value.replace("{request_id}", "0")
    split_url(filled, plain=True)
    if re.search(r"[{}<>|\"\\]", filled):
        raise Invalid('may hold {request_id}, and no other braces and none of < > | " and \\')
    return value


def webhook(value: str) -> Secret:
    """Parse the HTTP POST URL of a OneTrust workflow's Webhook Action."""
    parts = split_url(value)
    if parts.path.endswith("/"):
        raise Invalid("ends in a slash, which OneTrust answers with 404: take the slash away")
    if not _WEBHOOK_PATH.fullmatch(parts.path) or parts.fragment:
        raise Invalid(
            "must look like https://…/integrationmanager/api/v1/webhook/…: copy the HTTP POST URL again"
        )
    return Secret(value)


def origin(url: str) -> tuple[str, str | None, int]:
    """Return the scheme, host and port of a valid address."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
