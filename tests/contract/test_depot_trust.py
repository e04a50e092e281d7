"""Whom a depot is taken for: certificates, host keys, and TLS where it was asked for."""

import asyncio
from dataclasses import replace

import asyncssh
import pytest

from bot.config.ftp import server_address
from bot.errors import Refused
from bot.scanners.onetrust.file_server import FileServerTimeouts, open_file_server, sentences
from bot.scanners.onetrust.file_server_address import FileServerAddress
from sandbox.ftp import FtpSandbox
from tests import proftpd
from tests.certificates import Authority
from tests.depots import NAMES, Grounds
from tests.proftpd import needs_proftpd


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path)


async def no_note(sentence: str) -> None:
    raise AssertionError(sentence)


async def refusal(address: FileServerAddress) -> str:
    with pytest.raises(Refused) as caught:
        await open_file_server(address).check()
    for secret in address.secrets():
        assert secret not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"
    return caught.value.user_message


def address_of(server: FtpSandbox, **changes: object) -> FileServerAddress:
    address = FileServerAddress(
        scheme=server.kind,
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        host_key=server.host_key or None,
    )
    return replace(address, **changes)


@pytest.mark.parametrize(
    "certificate",
    [{"signed": False}, {"names": "DNS:ftp.example.com"}, {"days": -1}, {"names": "IP:127.0.0.3"}],
)
async def test_a_certificate_that_does_not_check_out_is_refused(authority, certificate):
    cert, key = authority.files(**certificate)
    async with FtpSandbox("ftps", certificate=cert, key=key) as server:
        assert await refusal(address_of(server, ca_file=authority.certificate)) == sentences.CERTIFICATE


async def test_a_private_authority_is_trusted_only_where_it_is_set(authority, tmp_path):
    cert, key = authority.files(names=NAMES)
    async with FtpSandbox("ftps", certificate=cert, key=key) as server:
        await open_file_server(address_of(server, ca_file=authority.certificate)).check()
        assert await refusal(address_of(server)) == sentences.CERTIFICATE
        assert await refusal(address_of(server, ca_file=tmp_path / "none.pem")) == sentences.CA_FILE


async def test_neither_side_gives_up_encryption(authority):
    cert, key = authority.files(names=NAMES)
    async with FtpSandbox("ftps", certificate=cert, key=key) as server:
        assert await refusal(address_of(server, scheme="ftp")) == sentences.PLAINTEXT
    async with FtpSandbox("ftp") as server:
        assert await refusal(address_of(server, scheme="ftps")) == sentences.NO_TLS
        assert await refusal(address_of(server, scheme="ftps", implicit_tls=True)) == sentences.NO_TLS


@needs_proftpd
async def test_tls_can_begin_with_the_first_byte(authority, tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    files = authority.files(names=NAMES)
    server = await asyncio.to_thread(
        lambda: proftpd.start(folder, resumes=False, files=files, more="TLSOptions UseImplicitSSL\n")
    )
    build = tmp_path / "shop.apk"
    build.write_bytes(b"build" * 1000)

    try:
        address = FileServerAddress(
            scheme="ftps",
            host="127.0.0.1",
            port=server.port,
            user=proftpd.USER,
            password=proftpd.PASSWORD,
            implicit_tls=True,
            ca_file=authority.certificate,
        )
        await open_file_server(address).upload(
            build, "shop.apk", size_bytes=5000, progress=lambda *_: None, note=no_note
        )
    finally:
        await asyncio.to_thread(proftpd.stop, server)

    assert (server.root / "shop.apk").read_bytes() == build.read_bytes()


async def test_a_host_key_is_known_by_itself_its_fingerprint_or_a_file(tmp_path):
    async with FtpSandbox() as server:
        key = asyncssh.import_public_key(server.host_key)
        hosts = tmp_path / "known_hosts"
        hosts.write_text(f"[{server.host}]:{server.port} {server.host_key}\n")

        for known in (
            {"host_key": server.host_key},
            {"host_key": f"{server.host_key} root@depot"},
            {"host_key": key.get_fingerprint("sha256")},
            {"host_key": None, "known_hosts": hosts},
        ):
            await open_file_server(address_of(server, **known)).check()


@needs_proftpd
async def test_a_fingerprint_may_be_that_of_any_key_of_the_server(tmp_path_factory):
    grounds = Grounds(lambda: tmp_path_factory.mktemp("depot"))
    try:
        async with grounds.open("proftpd-sftp") as ground:  # which has an RSA key
            key = asyncssh.import_public_key(ground.address.host_key)
            await ground.depot(host_key=key.get_fingerprint("sha256")).check()
    finally:
        grounds.close()


async def test_the_stand_in_is_reached_by_its_url(tmp_path):
    build = tmp_path / "shop.apk"
    build.write_bytes(b"build")
    async with FtpSandbox(password="p@ss/w:rd#1 %") as server:
        depot = open_file_server(replace(server_address(f"{server.url}/builds"), host_key=server.host_key))
        (server.root / "builds").mkdir()
        await depot.upload(build, "shop.apk", size_bytes=5, progress=lambda *_: None, note=no_note)

        assert server.stored() == {"builds/shop.apk": 5}


async def test_another_host_key_or_none_is_refused(tmp_path):
    other = asyncssh.generate_private_key("ssh-ed25519")
    rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    hosts = tmp_path / "known_hosts"
    hosts.write_text(f"ftp.example.com {other.export_public_key().decode()}")
    async with FtpSandbox() as server:
        for known, sentence in (
            ({"host_key": other.export_public_key().decode()}, sentences.HOST_KEY),
            ({"host_key": other.get_fingerprint("sha256")}, sentences.HOST_KEY),
            ({"host_key": rsa.export_public_key().decode()}, sentences.HOST_KEY),
            ({"host_key": "ssh-ed25519 AAAA"}, sentences.HOST_KEY),
            ({"host_key": None, "known_hosts": hosts}, sentences.HOST_KEY),
            ({"host_key": None, "known_hosts": tmp_path / "none"}, sentences.HOST_KEY),
            ({"host_key": None}, sentences.HOST_KEY),
        ):
            assert await refusal(address_of(server, **known)) == sentence


async def test_a_key_file_logs_in_in_place_of_a_password(tmp_path):
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key", "pkcs8-pem", passphrase="open sesame")
    async with FtpSandbox() as server:
        server.authorized_key = key.export_public_key().decode()
        login = {"password": None, "key_file": tmp_path / "key"}

        await open_file_server(address_of(server, **login, key_passphrase="open sesame")).check()
        assert await refusal(address_of(server, **login, key_passphrase="not this")) == sentences.KEY_FILE
        assert await refusal(address_of(server, **login)) == sentences.KEY_FILE
        (tmp_path / "key").write_text("no key")
        assert await refusal(address_of(server, **login)) == sentences.KEY_FILE
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "key")
        assert await refusal(address_of(server, **login)) == sentences.LOGIN


async def test_an_ssh_server_without_sftp_is_refused():
    class Open(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return False

    key = asyncssh.generate_private_key("ssh-ed25519")
    async with asyncssh.listen("127.0.0.1", 0, server_factory=Open, server_host_keys=[key]) as server:
        address = FileServerAddress(
            scheme="sftp",
            host="127.0.0.1",
            port=server.get_port(),
            user="appscan",
            password="builds for OneTrust",
            host_key=key.export_public_key().decode(),
        )
        assert await refusal(address) == sentences.NO_SFTP


def test_no_password_is_shown():
    address = FileServerAddress(
        scheme="sftp", host="h", port=22, user="u", password="hunter22", key_passphrase="sesame99"
    )

    assert "hunter22" not in repr(address)
    assert "sesame99" not in repr(address)
    assert address.secrets() == ("hunter22", "sesame99")
    assert FileServerTimeouts().total_s(500_000_000) < 24 * 3600
