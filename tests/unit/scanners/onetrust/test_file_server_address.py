from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.env import Invalid
from bot.config.ftp import server_address
from bot.config.settings import Settings
from bot.errors import SettingsError
from bot.scanners.onetrust.file_server_address import FileServerAddress
from tests.unit.config.test_settings import FULL, ONETRUST

KEY = {"ONETRUST_FTP_HOST_KEY": "SHA256:" + "a" * 43}
WEBHOOK = {"ONETRUST_FTP_WEBHOOK_URL": f"{ONETRUST}/integrationmanager/api/v1/webhook/ftp"}


def read(url: str, **variables: str) -> FileServerAddress:
    ftp = Settings.read(FULL | WEBHOOK | {"ONETRUST_FTP_URL": url} | variables).ftp
    assert ftp is not None
    return ftp.address


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "implicit"),
    [
        ("ftp://u:p@files.example.com", "ftp", "files.example.com", 21, False),
        ("ftps://u:p@files.example.com/", "ftps", "files.example.com", 21, False),
        ("ftps://u:p@files.example.com:990", "ftps", "files.example.com", 990, True),
        ("ftps://u:p@192.0.2.7:2121", "ftps", "192.0.2.7", 2121, False),
        ("SFTP://u:p@Files.Example.COM", "sftp", "files.example.com", 22, False),
        ("sftp://u:p@[2001:db8::1]:2222", "sftp", "2001:db8::1", 2222, False),
    ],
)
def test_a_server_is_named(url, scheme, host, port, implicit):
    address = server_address(url)

    assert (address.scheme, address.host, address.port) == (scheme, host, port)
    assert address.implicit_tls == implicit
    assert (address.user, address.password) == ("u", "p")


def test_implicit_tls_can_be_set_for_any_port_of_ftps():
    implicit = {"ONETRUST_FTP_IMPLICIT_TLS": "1", "ONETRUST_FTP_PLAINTEXT": "1"}

    assert read("ftps://u:hunter22@h:2121", **implicit).implicit_tls
    assert not read("ftp://u:hunter22@h", **implicit).implicit_tls


@pytest.mark.parametrize(
    ("path", "folder", "name"),
    [
        ("", "", "b.apk"),
        ("/", "", "b.apk"),
        ("/builds", "builds", "builds/b.apk"),
        ("/builds/ios/", "builds/ios", "builds/ios/b.apk"),
        ("//srv/builds", "/srv/builds", "/srv/builds/b.apk"),
        ("/%2Fsrv", "/srv", "/srv/b.apk"),
        ("//", "/", "/b.apk"),
        ("/my%20builds", "my builds", "my builds/b.apk"),
        ("/b%C3%BCro", "büro", "büro/b.apk"),
    ],
)
def test_a_folder_is_named_from_the_login_or_from_the_root(path, folder, name):
    address = server_address(f"ftps://u:p@h{path}")

    assert (address.folder, address.path_of("b.apk")) == (folder, name)


def test_a_password_may_hold_any_sign():
    for password in ("p@ss:w/o?r#d", "100%", "pässwort", " blank "):
        assert server_address(f"sftp://u:{quote(password, safe='')}@h").password == password
    assert server_address("sftp://u:p@ss@h").password == "p@ss"


def test_password_key_and_the_rest_are_set_beside_it(tmp_path):
    for name in ("id", "known_hosts", "ca.pem"):
        (tmp_path / name).touch()
    key = {"ONETRUST_FTP_KEY_FILE": str(tmp_path / "id"), "ONETRUST_FTP_KEY_PASSPHRASE": "sesame99"}
    address = read("sftp://u@h", **key, ONETRUST_FTP_KNOWN_HOSTS=str(tmp_path / "known_hosts"))
    ftps = read("ftps://u@h", ONETRUST_FTP_PASSWORD="hunter22", ONETRUST_FTP_CA=str(tmp_path / "ca.pem"))

    assert (address.password, address.key_file, address.secrets()) == (None, tmp_path / "id", ("sesame99",))
    assert (ftps.password, ftps.ca_file) == ("hunter22", tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sftp://u:p @h", "holds blanks"),
        ("sftp://u:p\r\n@h", "holds blanks"),
        ("https://u:p@h", "must look like sftp://"),
        ("u:p@h", "must look like sftp://"),
        ("sftp://u:p@", "must look like sftp://"),
        ("sftp://u:p/w@h", "must look like sftp://"),
        ("sftp://u:p@h:0", "must look like sftp://"),
        ("sftp://u:p@h:99999", "must look like sftp://"),
        ("sftp://u:p@[::1", "must look like sftp://"),
        ("sftp://u:p@-h", "must look like sftp://"),
        ("sftp://u:p@h/f?x=1", "must hold no ?"),
        ("sftp://u:p@h/f#x", "must hold no ?"),
        ("sftp://u:100%@h", "holds a plain %"),
        ("sftp://u:%zz@h", "holds a plain %"),
        ("sftp://u:p%0d%0aDELE@h", "holds characters"),
        ("sftp://u%00:p@h", "holds characters"),
        ("sftp://u:p@h/%0Afolder", "holds characters"),
        ("sftp://u:%ff@h", "holds characters"),
        ("sftp://u:p@h/" + "f" * 501, "holds characters"),
        ("sftp://u:p@h/../etc", "must name its folder"),
        ("sftp://u:p@h/a/%2E%2E/b", "must name its folder"),
        ("sftp://h", "must name the user"),
        ("sftp://:p@h", "must name the user"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_repeating_it(url, words):
    with pytest.raises(Invalid) as caught:
        server_address(url)

    assert str(caught.value).startswith(words)
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "changes", "variable"),
    [
        ("sftp://u:hunter22@h", {"PASSWORD": "hunter33"}, "PASSWORD"),
        ("sftp://u@h", {}, "PASSWORD"),
        ("ftps://u@h", {}, "PASSWORD"),
        ("ftps://u@h", {"PASSWORD": "hunter\n22"}, "PASSWORD"),
        ("ftps://u:hunter22@h", {"KEY_FILE": __file__}, "KEY_FILE"),
        ("sftp://u@h", {"KEY_FILE": __file__, "KEY_PASSPHRASE": "a\0b"}, "KEY_PASSPHRASE"),
        ("sftp://u:hunter22@h", {"HOST_KEY": ""}, "HOST_KEY"),
        ("sftp://u:hunter22@h", {"HOST_KEY": "MD5:00:11"}, "HOST_KEY"),
        ("sftp://u:hunter22@h", {"HOST_KEY": "h i ssh-ed25519 AAAA"}, "HOST_KEY"),
        ("sftp://u:hunter22@h", {"HOST_KEY": "ssh-ed25519 AAAA\nssh-rsa AAAA"}, "HOST_KEY"),
    ],
)
def test_what_is_wrong_beside_it_names_its_own_setting(url, changes, variable):
    with pytest.raises(SettingsError) as caught:
        read(url, **(KEY | {f"ONETRUST_FTP_{name}": value for name, value in changes.items()}))

    (problem,) = caught.value.problems
    assert problem.split()[0] == f"ONETRUST_FTP_{variable}"


@given(st.text(max_size=60), st.booleans())
def test_no_address_makes_more_than_one_line_or_leaves_what_it_names(rest, sftp):
    url = ("sftp://" if sftp else "ftps://user:pass@") + rest
    address = said = None
    try:
        address = server_address(url)
    except Invalid as exc:
        said = str(exc)
    if address is None:
        assert said
        assert len(rest) < 8 or rest not in said
        return
    texts = (address.user, address.password or "", address.folder, address.host)
    assert all(text.isprintable() for text in texts)
    assert ".." not in address.folder.split("/")
    assert 0 < address.port < 65536
