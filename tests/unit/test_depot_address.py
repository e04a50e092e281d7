from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.depot_address import AddressProblem, parse_address

KEY = {"host_key": "SHA256:" + "a" * 43}


def problem(url: str, **more) -> AddressProblem:
    with pytest.raises(AddressProblem) as caught:
        parse_address(url, **(KEY | more))
    return caught.value


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
    address = parse_address(url, **KEY)

    assert (address.scheme, address.host, address.port) == (scheme, host, port)
    assert address.implicit_tls == implicit
    assert (address.user, address.password) == ("u", "p")


def test_implicit_tls_can_be_set_for_any_port_of_ftps():
    assert parse_address("ftps://u:p@h:2121", implicit_tls=True).implicit_tls
    assert not parse_address("ftp://u:p@h", implicit_tls=True).implicit_tls


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
    address = parse_address(f"ftps://u:p@h{path}")

    assert (address.folder, address.path_of("b.apk")) == (folder, name)


def test_a_password_may_hold_any_sign():
    for password in ("p@ss:w/o?r#d", "100%", "pässwort", " blank "):
        assert parse_address(f"sftp://u:{quote(password, safe='')}@h", **KEY).password == password
    assert parse_address("sftp://u:p@ss@h", **KEY).password == "p@ss"


def test_password_key_and_the_rest_are_set_beside_it():
    address = parse_address(
        "sftp://u@h",
        key_file=Path("id"),
        key_passphrase="sesame99",
        known_hosts=Path("known_hosts"),
    )

    assert (address.password, address.key_file, address.secrets()) == (None, Path("id"), ("sesame99",))
    assert parse_address("ftps://u@h", password="hunter22", ca_file=Path("ca.pem")).password == "hunter22"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "holds blanks"),
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
        ("sftp://u:100%@h", "holds a %"),
        ("sftp://u:%zz@h", "holds a %"),
        ("sftp://u:p%0d%0aDELE@h", "holds signs"),
        ("sftp://u%00:p@h", "holds signs"),
        ("sftp://u:p@h/%0Afolder", "holds signs"),
        ("sftp://u:%ff@h", "holds signs"),
        ("sftp://u:p@h/" + "f" * 501, "holds signs"),
        ("sftp://u:p@h/../etc", "must name its folder"),
        ("sftp://u:p@h/a/%2E%2E/b", "must name its folder"),
        ("sftp://h", "must name the user"),
        ("sftp://:p@h", "must name the user"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_repeating_it(url, words):
    found = problem(url)

    assert found.variable == "ONETRUST_FTP_URL"
    assert found.words.startswith(words)


@pytest.mark.parametrize(
    ("url", "more", "variable"),
    [
        ("sftp://u:p@h", {"password": "q"}, "ONETRUST_FTP_PASSWORD"),
        ("sftp://u@h", {}, "ONETRUST_FTP_PASSWORD"),
        ("ftps://u@h", {}, "ONETRUST_FTP_PASSWORD"),
        ("ftps://u@h", {"password": "p\nq"}, "ONETRUST_FTP_PASSWORD"),
        ("ftps://u:p@h", {"key_file": Path("id")}, "ONETRUST_FTP_KEY_FILE"),
        ("sftp://u@h", {"key_file": Path("id"), "key_passphrase": "a\0b"}, "ONETRUST_FTP_KEY_PASSPHRASE"),
        ("sftp://u:p@h", {"host_key": None}, "ONETRUST_FTP_HOST_KEY"),
        ("sftp://u:p@h", {"host_key": "MD5:00:11"}, "ONETRUST_FTP_HOST_KEY"),
        ("sftp://u:p@h", {"host_key": "h i ssh-ed25519 AAAA"}, "ONETRUST_FTP_HOST_KEY"),
        ("sftp://u:p@h", {"host_key": "ssh-ed25519 AAAA\nssh-rsa AAAA"}, "ONETRUST_FTP_HOST_KEY"),
    ],
)
def test_what_is_wrong_beside_it_names_its_own_setting(url, more, variable):
    assert problem(url, **more).variable == variable


@given(st.text(max_size=60), st.booleans())
def test_no_address_makes_more_than_one_line_or_leaves_what_it_names(rest, sftp):
    url = ("sftp://" if sftp else "ftps://user:pass@") + rest
    address = said = None
    try:
        address = parse_address(url, **KEY)
    except AddressProblem as exc:
        said = str(exc)
    if address is None:
        assert said
        assert len(rest) < 8 or rest not in said
        return
    texts = (address.user, address.password or "", address.folder, address.host)
    assert all(text.isprintable() for text in texts)
    assert ".." not in address.folder.split("/")
    assert 0 < address.port < 65536
