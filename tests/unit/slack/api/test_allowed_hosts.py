"""Files are pulled from Slack's hosts alone, whatever redirects, names and name servers say."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.errors import FileUnavailable, PullFailed
from bot.slack.api.file_info import FileInfo
from bot.slack.api.files import OTHER_SITE, PRIVATE_ADDRESS, SlackFiles
from bot.slack.transport.allowed_hosts import (
    PublicResolver,
    answers_to_slack,
    configured_hosts,
    is_public,
    is_slack,
)
from tests.unit.slack.api.stub import BUILD, LIMIT, TOKEN, ignore

SLACK_API = "https://slack.com/api/"

NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",  # where clouds keep their machines' credentials
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "fec0::1",
    "",
    "files.slack.com",
    "0x7f000001",
    "127.1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["3.68.124.168", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2600:9000::1"])
def test_addresses_that_are_public(address):
    assert is_public(address)


class Names(AbstractResolver):
    """A name server that a test writes: each name to its answers, one after the other."""

    def __init__(self, port: int = 0, **answers: list[list[str]]) -> None:
        self._port = port
        self._answers = {name.replace("_", "."): found for name, found in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host, port=0, family=socket.AF_INET) -> list[ResolveResult]:
        self.asked.append(host)
        answers = self._answers[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=self._port or port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "address", [address for address in NOT_PUBLIC if address[:1].isdigit() or ":" in address]
)
async def test_a_name_of_slacks_that_leads_inside_is_not_asked(slack, failure, address):
    slack.info = {"url_private_download": "https://files.slack.com/file"}
    names = Names(files_slack_com=[[address]])

    error = await failure(api=SLACK_API, resolver=lambda: PublicResolver(names))

    assert names.asked == ["files.slack.com"]
    assert type(error) is FileUnavailable
    assert error.user_message == PRIVATE_ADDRESS
    assert slack.asked == []


async def test_one_bad_address_among_good_ones_is_enough(slack, failure):
    slack.info = {"url_private_download": "https://files.slack.com/file"}
    names = Names(files_slack_com=[["8.8.8.8", "127.0.0.1"]])

    assert (
        await failure(api=SLACK_API, resolver=lambda: PublicResolver(names))
    ).user_message == PRIVATE_ADDRESS


async def test_a_name_that_is_not_known_is_tried_again(slack, failure):
    slack.info = {"url_private_download": "https://files.slack.com/file"}

    class Nothing(Names):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            raise OSError("Name or service not known")

    assert type(await failure(api=SLACK_API, resolver=lambda: PublicResolver(Nothing()))) is PullFailed


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Path:
    """A folder with a key and a certificate for Slack's names, which nobody else trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the Debian package openssl, to make a certificate")
    folder = tmp_path_factory.mktemp("slack")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
            *("-subj", "/CN=slack.com", "-addext", "subjectAltName=DNS:slack.com,DNS:*.slack.com"),
        ],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def tls(authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority / "certificate.pem")


@asynccontextmanager
async def slacks_server(authority: Path, routes):
    """A server with a certificate of Slack's; ``routes`` are paths to redirect, the others are the build."""
    asked = []

    async def serve(request: web.Request) -> web.Response:
        asked.append(f"{request.host}{request.path}")
        location = routes.get(f"{request.host}{request.path}")
        if location is None:
            return web.Response(body=BUILD, content_type="application/octet-stream")
        return web.Response(status=302, headers={"Location": location})

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority / "certificate.pem", authority / "key.pem")
    server = web.Application()
    server.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield runner.addresses[0][1], asked
    finally:
        await runner.cleanup()


def seen_as_public(names: AbstractResolver) -> PublicResolver:
    return PublicResolver(names, public=lambda address: address == "127.0.0.1")


async def test_a_name_is_looked_at_after_each_redirect(slack, failure, pull, authority, tls):
    slack.info = {"url_private_download": "https://files.slack.com/file"}
    routes = {"files.slack.com/file": "https://files-origin.slack.com/there"}
    async with slacks_server(authority, routes) as (port, asked):
        good = Names(port, files_slack_com=[["127.0.0.1"]], **{"files-origin_slack_com": [["127.0.0.1"]]})
        pulled = await pull(api=SLACK_API, tls=tls, resolver=lambda: seen_as_public(good))
        assert pulled.size_bytes == len(BUILD)
        assert asked == ["files.slack.com/file", "files-origin.slack.com/there"]

        bad = Names(port, files_slack_com=[["127.0.0.1"]], **{"files-origin_slack_com": [["127.0.0.2"]]})
        error = await failure(api=SLACK_API, tls=tls, resolver=lambda: seen_as_public(bad))
        assert error.user_message == PRIVATE_ADDRESS
        assert asked[2:] == ["files.slack.com/file"]


async def test_what_was_checked_is_what_is_connected_to(slack, pull, authority, tls):
    """The name server changes its mind after each question; a second look would lead elsewhere."""
    slack.info = {"url_private_download": "https://files.slack.com/file"}
    async with slacks_server(authority, {}) as (port, asked):
        names = Names(port, files_slack_com=[["127.0.0.1"], ["127.0.0.2"]])

        pulled = await pull(api=SLACK_API, tls=tls, resolver=lambda: seen_as_public(names))

        assert pulled.size_bytes == len(BUILD)
        assert names.asked == ["files.slack.com"]
        assert asked == ["files.slack.com/file"]


OTHER_SITES = [
    "https://slack.com.evil.example/file",
    "https://evilslack.com/file",
    "https://slack.com@evil.example/file",
    "https://evil.example#@files.slack.com/file",
    "https://evil.example/https://files.slack.com/file",
    "https://evil.example\\@files.slack.com/file",
    "https://user:secret@files.slack.com/file",
    "https://:@files.slack.com/file",
    "https://files.slack.com./file",
    "https://files.slack.com:8443/file",
    "https://files.slack.com:0/file",
    "https://files.slack.com:99999/file",
    "https://files.slac\u212a.com/file",  # the sign of Kelvin, a k when in lower case
    "https://files.ｓlack.com/file",
    "https://files。slack.com/file",
    "https://xn--files-slack.com/file",
    "https://files_slack.com/file",
    "https://files.slack.com%00.evil.example/file",
    "https://files.slack.com%2eevil.example/file",
    "https://127.0.0.1/file",
    "https://2130706433/file",
    "https://0x7f.1/file",
    "https://[::1]/file",
    "https://[::ffff:127.0.0.1]/file",
    "https://169.254.169.254/latest/meta-data/",
    "http://files.slack.com/file",
    "http://files.slack.com:443/file",
    "ftp://files.slack.com/file",
    "file:///etc/passwd",
    "gopher://files.slack.com/",
    "data:text/plain,PK",
    "javascript:alert(1)",
    "//evil.example/file",
    "https://slack-gov.com/file",
    "https://slack-files.com/file",
]


@pytest.mark.parametrize("location", OTHER_SITES)
async def test_redirects_that_lead_elsewhere_are_not_followed(slack, failure, authority, tls, location):
    slack.info = {"url_private_download": "https://files.slack.com/file"}
    routes = {"files.slack.com/file": "https://files.slack.com/again", "files.slack.com/again": location}
    async with slacks_server(authority, routes) as (port, asked):
        names = Names(port, files_slack_com=[["127.0.0.1"]])

        error = await failure(api=SLACK_API, tls=tls, resolver=lambda: seen_as_public(names))

        assert type(error) is FileUnavailable
        assert set(names.asked) == {"files.slack.com"}
        assert not [path for path in asked if path not in {"files.slack.com/file", "files.slack.com/again"}][
            1:
        ]
        assert len(asked) <= 8


@pytest.mark.parametrize("location", OTHER_SITES)
async def test_an_address_elsewhere_is_not_asked_to_begin_with(slack, failure, location):
    slack.info = {"url_private_download": location}
    names = Names()

    error = await failure(api=SLACK_API, resolver=lambda: PublicResolver(names))

    assert error.user_message == OTHER_SITE
    assert names.asked == []


@pytest.mark.parametrize("location", ["///evil.example/file", "https:evil.example", "/.//evil.example"])
async def test_redirects_that_only_look_as_if_they_lead_elsewhere(slack, pull, authority, tls, location):
    slack.info = {"url_private_download": "https://files.slack.com/file"}
    async with slacks_server(authority, {"files.slack.com/file": location}) as (port, asked):
        names = Names(port, files_slack_com=[["127.0.0.1"]])
        await pull(api=SLACK_API, tls=tls, resolver=lambda: seen_as_public(names))
        assert set(names.asked) == {"files.slack.com"}
        assert all(path.startswith("files.slack.com/") for path in asked)


async def test_a_circle_of_redirects_ends(slack, failure, authority, tls):
    slack.info = {"url_private_download": "https://files.slack.com/a"}
    routes = {
        "files.slack.com/a": "https://slack.com/b",
        "slack.com/b": "https://files.slack.com/a",
    }
    async with slacks_server(authority, routes) as (port, asked):
        names = Names(port, files_slack_com=[["127.0.0.1"]], slack_com=[["127.0.0.1"]])

        assert (
            type(await failure(api=SLACK_API, tls=tls, resolver=lambda: seen_as_public(names)))
            is FileUnavailable
        )

    assert len(asked) == 6


async def test_an_api_of_ones_own_may_be_inside(slack, pull):
    """Its host alone: Slack's names have to be public all the same."""
    api = slack.url.replace("127.0.0.1", "localhost") + "/api/"
    slack.info = {"url_private_download": api.replace("/api/", "/file")}
    names = Names(localhost=[["127.0.0.1"]])

    pulled = await pull(api=api, resolver=lambda: PublicResolver(names, trusted=configured_hosts(URL(api))))

    assert pulled.size_bytes == len(BUILD)
    assert names.asked == ["localhost"]


def test_which_hosts_were_chosen(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert configured_hosts(URL("https://slack.com/api/")) == frozenset()
    assert configured_hosts(URL("https://acme.slack.com/api/")) == frozenset()
    assert configured_hosts(URL("https://slack-gov.com/api/")) == frozenset()
    assert configured_hosts(URL("http://127.0.0.1:1/api/")) == {"127.0.0.1"}
    assert configured_hosts(URL("https://gateway.example/api/")) == {"gateway.example"}
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert configured_hosts(URL("https://slack.com/api/")) == {"proxy.example"}


async def test_behind_a_proxy_names_are_the_proxys_to_resolve(monkeypatch, tmp_path):
    wanted = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wanted.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        writer.write(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://proxy.example:{port}")
    names = Names(proxy_example=[["127.0.0.1"]])
    chosen = configured_hosts(URL(SLACK_API))
    files = SlackFiles(
        AsyncWebClient(),
        api_url=SLACK_API,
        token=TOKEN,
        resolver=lambda: PublicResolver(names, trusted=chosen),
    )

    async def fetch(host: str) -> None:
        info = FileInfo(url=f"https://{host}/file", size_bytes=None)
        await files.download(info, tmp_path / "build", limit_bytes=LIMIT, progress=ignore)

    try:
        with pytest.raises(PullFailed):
            await fetch("files.slack.com")
        with pytest.raises(FileUnavailable):
            await fetch("files.slack.com.evil.example")
    finally:
        server.close()
        await server.wait_closed()

    assert wanted == [b"CONNECT files.slack.com:443 HTTP/1.1"]
    assert names.asked == ["proxy.example"]


@pytest.mark.parametrize(
    ("body", "api", "fine"),
    [
        ({}, SLACK_API, True),
        ({"response_url": "https://hooks.slack.com/commands/1/2"}, SLACK_API, True),
        ({"response_url": "https://hooks.slack.com/commands/1/2"}, "http://127.0.0.1:9/api/", True),
        ({"response_url": "http://127.0.0.1:9/respond"}, "http://127.0.0.1:9/api/", True),
        ({"response_url": "https://hooks.slack-gov.com/commands/1"}, "https://slack-gov.com/api/", True),
        ({"response_urls": []}, SLACK_API, True),
        ({"response_urls": [{"response_url": "https://hooks.slack.com/app/1"}]}, SLACK_API, True),
        ({"response_url": "http://127.0.0.1:9/respond"}, SLACK_API, False),
        ({"response_url": "http://127.0.0.1:8/respond"}, "http://127.0.0.1:9/api/", False),
        ({"response_url": "http://hooks.slack.com/commands/1/2"}, SLACK_API, False),
        ({"response_url": "https://hooks.slack.com.evil.example/"}, SLACK_API, False),
        ({"response_url": "https://hooks.slack.com@evil.example/"}, SLACK_API, False),
        ({"response_url": "https://169.254.169.254/"}, SLACK_API, False),
        ({"response_url": ""}, SLACK_API, False),
        ({"response_url": None}, SLACK_API, False),
        ({"response_url": ["https://hooks.slack.com/"]}, SLACK_API, False),
        ({"response_url": "https://[/"}, SLACK_API, False),
        ({"response_urls": [{"response_url": "https://evil.example/"}]}, SLACK_API, False),
        ({"response_urls": [{"response_url": "https://hooks.slack.com/"}, {}]}, SLACK_API, False),
    ],
)
def test_where_answers_may_be_posted(body, api, fine):
    assert answers_to_slack(body, URL(api)) is fine


@pytest.mark.parametrize(
    ("url", "allowed"),
    [("https://files.slack-gov.com/a", True), ("https://files.slack.com/a", False)],
)
def test_a_government_workspace_has_its_own_hosts(url, allowed):
    assert is_slack(URL(url), URL("https://slack-gov.com/api/")) is allowed
