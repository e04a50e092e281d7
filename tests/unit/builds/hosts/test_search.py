"""Hosts are found in every form of text, wherever the pieces of a file end."""

import plistlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.builds.hosts.names import host_in
from bot.builds.hosts.search import Form, Search
from sandbox.builds import make_dex

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
hosts = (
    st.tuples(st.lists(labels, min_size=2, max_size=4), st.sampled_from(["com", "net", "de", "io"]))
    .map(lambda parts: ".".join([*parts[0], parts[1]]))
    .filter(lambda host: host_in(host) == host)
)


def found(data: bytes, form: Form = Form.OTHER, piece_bytes: int = 256 * 1024) -> set[str]:
    search = Search()
    search.read((data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)), form)
    assert not search.cut_short
    return search.hosts


def test_schemes_in_every_form_of_text():
    texts = "http://a1.shop.com wss://b1.shop.com:444/x 'HTTPS://C1.shop.com' news://no.shop.com ftp://no.shop.com"
    expected = {"a1.shop.com", "b1.shop.com:444", "c1.shop.com"}
    assert found(texts.encode()) == expected
    assert found(b"\x00" + texts.encode("utf-16-le")) == expected
    assert found(b"\xfe\xff" + texts.encode("utf-16-be")) == expected
    assert found(texts.replace("/", "\\/").encode()) == expected


def test_names_in_other_alphabets_in_every_form_of_text():
    text = "Mehr: https://bücher.de/ und https://www.пример.рф/x"
    expected = {"xn--bcher-kva.de", "www.xn--e1afmkfd.xn--p1ai"}
    assert found(text.encode()) == expected
    assert found(text.encode("utf-16-le")) == expected
    assert found(b"\xfe\xff" + text.encode("utf-16-be")) == expected
    assert found(plistlib.dumps({"a": text}, fmt=plistlib.FMT_BINARY), Form.BINARY_PLIST) == expected


def test_the_path_tells_whether_a_host_is_ignored():
    dtd = b"http://www.apple.com/DTDs/PropertyList-1.0.dtd https:\\/\\/www.apple.com\\/DTDs\\/x"
    assert found(dtd) == set()
    assert found(dtd + b" https://www.apple.com/privacy") == {"www.apple.com"}


def test_what_messages_say_to_read_is_left_out():
    text = "Leak found. See https://netty.io/wiki, then GET https://api.shop.com"
    assert found(text.encode()) == found(text.encode("utf-16-le")) == {"api.shop.com"}


def test_nothing_of_who_logs_in_is_kept():
    text = b"https://jane:secret@shop.com/ https://jane.doe:p,a@b.shop.com https://jane.doe:p'a@c.shop.com"
    assert found(text) == {"shop.com", "b.shop.com", "c.shop.com"}


def test_whole_strings_of_a_dex_file_and_a_property_list():
    words = [
        "api.shop.com",
        "grpc.shop.com:8443",
        "com.shop.app",
        "not api.shop.net",
        "user.id",
        "x.shop.com/y",
    ]
    expected = {"api.shop.com", "grpc.shop.com:8443"}
    assert found(make_dex(words), Form.DEX) == expected
    values = {"NSExceptionDomains": dict.fromkeys(words, True), "n": 3.5, "more": words}
    for form, fmt in ((Form.BINARY_PLIST, plistlib.FMT_BINARY), (Form.XML_PLIST, plistlib.FMT_XML)):
        assert found(plistlib.dumps(values, fmt=fmt), form) == expected
    assert found(make_dex(words)) == set()  # in what is no code, nothing says that they are


@pytest.mark.parametrize("piece_bytes", [100, 1400, 4099])
def test_hosts_across_the_borders_of_pieces(piece_bytes: int):
    data = b"".join(
        text.encode(codec)
        for number in range(30)
        for codec in ("utf-8", "utf-16-le")
        for text in (f"https://n{number}-{codec}.shop.com/{'x' * 97 * number}",)
    )
    assert len(found(data, piece_bytes=piece_bytes)) == 60
    assert found(data, piece_bytes=piece_bytes) == found(data)


@settings(max_examples=25, deadline=None)
@given(hosts, st.binary(max_size=40), st.sampled_from([97, 1024]))
def test_any_host_is_found_wherever_it_stands(host: str, around: bytes, piece_bytes: int):
    dex = make_dex(["Lcom/shop/A;", f"https://{host}/v1", "z" * 2000])
    assert found(dex, Form.DEX, piece_bytes) == {host}
    plist = plistlib.dumps({"url": f"wss://{host}", "n": [1, 2.5]}, fmt=plistlib.FMT_BINARY)
    assert found(plist, Form.BINARY_PLIST, piece_bytes) == {host}
    wide = f"\n\0http://{host}/\0".encode("utf-16-le")
    assert host in found(bytes(len(around) % 2) + around + wide + around, piece_bytes=piece_bytes)
    assert host in found(around + f"\n\0https://{host}\0".encode() + around, piece_bytes=piece_bytes)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=30),
            st.sampled_from([b"http", b"://", b":\0/\0/\0", b"\0\x08", b"a.com", b"@"]),
        )
    ).map(b"".join),
    st.sampled_from(Form),
)
def test_any_bytes_are_searched(data: bytes, form: Form):
    assert all(host_in(host) == host for host in found(data, form))


def test_a_dex_file_with_lies_in_its_header():
    data = bytearray(make_dex(["api.shop.com", "https://b.shop.com"]))
    data[0x38:0x40] = struct.pack("<2I", 0xFFFFFFFF, 0xFFFFFFF0)  # strings: how many, where
    data[0x70:0x74] = b"\xff" * 4  # where the first is
    assert found(bytes(data), Form.DEX) == {"api.shop.com", "b.shop.com"}


def test_more_places_than_are_looked_at():
    search = Search(max_candidates=10)
    search.read([b"https://" * 9 + b"://" * 1000 + b" http://a.shop.com http://late.shop.com"], Form.OTHER)
    assert search.cut_short
    assert search.hosts == {"a.shop.com"}


def test_more_hosts_than_are_told_apart():
    search = Search(max_hosts=3)
    search.read([b"http://a.shop.com http://b.shop.com http://c.shop.com http://a.shop.com"], Form.OTHER)
    assert not search.cut_short
    search.read([b"http://a.shop.com http://d.shop.com"], Form.OTHER)
    assert (len(search.hosts), search.cut_short) == (3, True)


def test_a_string_of_ten_megabytes():
    long = b"\0\x7f" + b"a." * 5_000_000 + b"com\0"
    assert found(b"https://" + long[2:] + long, Form.DEX) == set()
