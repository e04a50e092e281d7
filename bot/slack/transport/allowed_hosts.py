"""Which URLs and addresses are Slack's: where the token may be sent, and where responses may be posted.

Slack's hosts are those under ``slack.com`` (``slack-gov.com`` if the API is there), and the exact host and
port of ``SLACK_API_URL``. Slack's names must resolve to public addresses, so that an attacker who controls
DNS can't make the bot send requests inside its own network. The check is in the resolver that the connection
itself uses, so it connects to the address that was checked.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass
from ipaddress import ip_address, ip_network
from socket import AddressFamily
from typing import Any
from urllib.request import getproxies

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

_SLACK = re.compile(r"([a-z0-9-]+\.)*slack\.com")
_GOV_SLACK = re.compile(r"([a-z0-9-]+\.)*slack-gov\.com")

_IPV4_INSIDE = ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
"""IPv6 addresses that contain an IPv4 address: mapped, NAT64, 6to4, Teredo."""
_NOT_ONE_HOST = tuple(map(ip_network, (*_IPV4_INSIDE, "192.0.0.0/24", "192.88.99.0/24", "fec0::/10")))
"""Accepted by ``is_global`` in some versions of Python; the last ones are for protocols and sites."""


class NotPublicError(OSError):
    """A name resolves to an address that is not on the public internet."""


def is_slack(url: URL, api: URL) -> bool:
    """Return whether ``url`` is https on one of Slack's hosts, or on the host and port of ``api``."""
    host = (url.raw_host or "").lower()
    if url.user is not None or url.password is not None or not (url.raw_host or "").isascii():
        return False
    if url.scheme == "https" and url.port == 443 and _domain(api).fullmatch(host):
        return True
    same = (url.scheme, host, url.port) == (api.scheme, api.raw_host, api.port)
    return same and (url.scheme == "https" or _is_loopback(host))


def _domain(api: URL) -> re.Pattern[str]:
    """Source: https://docs.slack.dev/govslack."""
    return _GOV_SLACK if _GOV_SLACK.fullmatch(api.raw_host or "") else _SLACK


def answers_to_slack(body: Mapping[str, Any], api: URL) -> bool:
    """Return whether all response URLs of a payload are Slack's, also if it has none."""
    urls = [body["response_url"]] if "response_url" in body else []
    more = body.get("response_urls")
    urls += [entry.get("response_url") for entry in more if isinstance(entry, Mapping)] if more else []
    try:
        return all(isinstance(url, str) and is_slack(URL(url, encoded=True), api) for url in urls)
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Return whether an IP address is that of one host on the public internet, without another inside it."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    unicast = ip.is_global and not ip.is_multicast and not ip.is_reserved
    return unicast and not any(ip in net for net in _NOT_ONE_HOST)


@dataclass(frozen=True, eq=False, repr=False)
class PublicResolver(AbstractResolver):
    """Resolves names with ``resolver``, and rejects those with an address that is not public.

    ``trusted`` are names that may resolve to any address: the API's host or a proxy, as configured.
    """

    resolver: AbstractResolver
    _: KW_ONLY
    trusted: Collection[str] = ()
    public: Callable[[str], bool] = is_public

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        """Resolve a name; raises ``NotPublicError`` if one of its addresses is not public."""
        addresses = await self.resolver.resolve(host, port, family)
        if host not in self.trusted and not all(self.public(each["host"]) for each in addresses):
            raise NotPublicError("the name resolves to an address that is not public")
        return addresses

    async def close(self) -> None:
        """Close the resolver."""
        await self.resolver.close()


def configured_hosts(api: URL) -> frozenset[str]:
    """Return the hosts from the configuration: the API's unless it is one of Slack's own, and proxies.

    A proxy resolves names itself: then only the name is checked here.
    """
    hosts = {URL(address).raw_host for address in getproxies().values() if "://" in address}
    if not _domain(api).fullmatch(api.raw_host or ""):
        hosts.add(api.raw_host)
    return frozenset(host for host in hosts if host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
