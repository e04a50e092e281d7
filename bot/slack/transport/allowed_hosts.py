"""Which addresses are Slack's: where the token may go, where answers may be posted, what a name may lead to.

Slack's hosts are those under ``slack.com`` (``slack-gov.com`` where the API is there) and the very host and
port of ``SLACK_API_URL``. A name of Slack's has to lead to public addresses, so that nobody who can answer
for a name gets the bot to knock inside the network it runs in. An address is looked at by the resolver that
the connection itself uses: what was checked is what is connected to, whatever the name says a moment later.
"""

import re
from collections.abc import Callable, Collection, Mapping
from ipaddress import ip_address, ip_network
from socket import AddressFamily
from typing import Any
from urllib.request import getproxies

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

_SLACK = re.compile(r"([a-z0-9-]+\.)*slack\.com")
_GOV_SLACK = re.compile(r"([a-z0-9-]+\.)*slack-gov\.com")

_NOT_A_HOST = tuple(
    ip_network(net)
    for net in (
        *("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"),
        *("192.0.0.0/24", "192.88.99.0/24", "fec0::/10"),
    )
)
"""What ``is_global`` lets through, by Python's version: IPv6 that carries an IPv4 address in it (mapped,
NAT64, 6to4, Teredo), and ranges of protocols and sites."""


class NotPublicError(OSError):
    """A name leads to an address that is not on the public internet."""


def is_slack(url: URL, api: URL) -> bool:
    """Tell whether ``url`` is https at a host of Slack's, or where the API ``api`` is."""
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
    """Tell whether each response URL of a payload is Slack's; so where it names none."""
    named = [body["response_url"]] if "response_url" in body else []
    more = body.get("response_urls")
    named += [entry.get("response_url") for entry in more if isinstance(entry, Mapping)] if more else []
    try:
        return all(isinstance(each, str) and is_slack(URL(each, encoded=True), api) for each in named)
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Tell whether an IP address is one host's on the public internet, as itself and not inside another."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    plain = ip.is_global and not ip.is_multicast and not ip.is_reserved
    return plain and not any(ip in net for net in _NOT_A_HOST)


class PublicResolver(AbstractResolver):
    """Resolves names by ``names``, and refuses those of which any address is not public.

    ``trusted`` are names that may lead anywhere: the admin's own choice of an API's host or a proxy.
    """

    def __init__(
        self,
        names: AbstractResolver,
        *,
        trusted: Collection[str] = (),
        public: Callable[[str], bool] = is_public,
    ) -> None:
        self._names = names
        self._trusted = frozenset(trusted)
        self._public = public

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        """Resolve a name.

        Raises:
            NotPublicError: it leads, or could lead, into a network of its own.
            OSError: it does not resolve.
        """
        found = await self._names.resolve(host, port, family)
        if host not in self._trusted and not all(self._public(each["host"]) for each in found):
            raise NotPublicError("the name leads to an address that is not public")
        return found

    async def close(self) -> None:
        """Close what resolves."""
        await self._names.close()


def chosen_hosts(api: URL) -> frozenset[str]:
    """Return the hosts that whoever runs the bot chose: the API's where it is not Slack's own, and proxies.

    Behind a proxy the proxy resolves names: then a name of Slack's is all that is checked here.
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
