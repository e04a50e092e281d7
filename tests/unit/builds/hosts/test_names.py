"""What is a host, read from what follows ``://``, and what is none."""

import pytest

from bot.builds.hosts.filters import is_bare_host, is_ignored, is_reference
from bot.builds.hosts.names import MAX_LENGTH, host_in, is_host


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("api.shop.com", "api.shop.com"),
        ("API.Shop.COM", "api.shop.com"),
        ("api.shop.com:443", "api.shop.com"),
        ("api.shop.com:80", "api.shop.com"),
        ("api.shop.com:8443", "api.shop.com:8443"),
        ("api.shop.com:08443", "api.shop.com:8443"),
        ("api.shop.com:", "api.shop.com"),
        ("my_bucket.s3.amazonaws.com", "my_bucket.s3.amazonaws.com"),
        ("9.9.9.9", "9.9.9.9"),
        ("9.9.9.9:8080", "9.9.9.9:8080"),
        ("[2620:FE::fe]:8443", "[2620:fe::fe]:8443"),
        # Who logs in is never kept.
        ("jane:secret@shop.com", "shop.com"),
        ("jane.doe:p@ss@shop.com:8443", "shop.com:8443"),
        ("jane.doe:secret", None),
        # What follows a name without a blank.
        ("shop.com.", "shop.com"),
        ("shop.com)", "shop.com"),
        ("shop.com','", "shop.com"),
        ("shop.com,https:", "shop.com"),
        ("shop.com%s", "shop.com"),
        ("shop.com${path}", "shop.com"),
        ("shop.com:%d", "shop.com"),
        ("shop.com:${port}", "shop.com"),
        ("shop.comをご覧ください", "shop.com"),
        # Strings that have nothing between them.
        ("shop.comhttp2", "shop.com"),
        ("api.shop.ioTypeError", "api.shop.io"),
        ("shop.organic", "shop.organic"),
        ("shop.network", "shop.network"),
        ("Shop.Com", "shop.com"),
        # Other alphabets.
        ("bücher.de", "xn--bcher-kva.de"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("xn--bcher-kva.de", "xn--bcher-kva.de"),
        # Names that are still to be made.
        ("%s.shop.com", None),
        ("{host}", None),
        ("${region}.shop.com", None),
        ("api.${region}.shop.com", None),
        ("api.shop%d.com", None),
        ("api-", None),
        ("api.shop.", None),
        ("www.%s.com", None),
        # Names that are nobody's, and addresses that nobody outside has.
        ("", None),
        ("localhost:8080", None),
        ("intranet", None),
        ("nas.local", None),
        ("api.shop.test", None),
        ("db.internal", None),
        ("www.example.com", None),
        ("10.0.2.2:3000", None),
        ("127.0.0.1", None),
        ("192.168.1.1", None),
        ("169.254.169.254", None),
        ("224.0.0.1", None),
        ("[::1]", None),
        ("[fe80::1]", None),
        ("[:::::]", None),
        ("999.1.1.1", None),
        ("1.2", None),
        ("shop..com", None),
        ("-shop.com", None),
        ("shop.com:99999", None),
        ("shop.com:port", None),
        (".".join(["a" * 63] * 4) + ".com", None),
        ("a" * 64 + ".com", None),
        ("\ud800.com", None),
    ],
)
def test_a_host_is_read_from_what_follows_the_scheme(authority: str, host: str | None):
    assert host_in(authority) == host
    assert host is None or (is_host(host) and host_in(host) == host)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "shop",
            "Shop.com",
            "shop.com:443",
            "shop.com:0",
            "shop.com:65536",
            "shop.com:080",
            "shop.com/",
            "bücher.de",
        ),
        *("jane@shop.com", "10.0.0.1", "shop.com\n", "<!channel>", "[2620:fe::fe", "a." * 150 + "com"),
        *(None, 7, ["shop.com"]),
    ],
)
def test_only_the_one_form_is_a_host(text: object):
    assert not is_host(text)


def test_the_longest_host():
    longest = ".".join(["a" * 63] * 3 + ["b" * 57, "com"]) + ":65535"
    assert len(longest) == MAX_LENGTH
    assert is_host(longest)


@pytest.mark.parametrize(
    "word",
    [
        *("shop.com", "api.shop.com", "api.shop.com:8443", "cdn.shop.net", "www.bbc.co.uk", "api.shop.de"),
        *("eu.api.shop.com", "api.shop.dev", "app.shop.com", "de.shop.com"),
    ],
)
def test_words_that_are_hosts(word: str):
    assert is_bare_host(word)


@pytest.mark.parametrize(
    "word",
    [
        *("com.shop.app", "io.shop.net", "org.shop.com", "de.shop.app", "me.shop.app"),  # packages
        *("android.net", "kotlin.io", "java.net", "java.io.tmpdir", "javax.xml.me", "androidx.core.app"),
        *(
            "user.id",
            "ad.id",
            "device.info",
            "file.io",
            "time.ms",
            "screen.width.in",
            "shop.app",
        ),  # properties
        *("libfoo.so", "main.py", "index.js", "readme.md", "run.sh", "a.b.com", "x.com.8", "1.2.3"),
        *("localhost.com:99999", "shop", "", "api.example.com", "printer.local"),
    ],
)
def test_words_that_are_none(word: str):
    assert not is_bare_host(word)


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("schemas.android.com", "/apk/res/android", True),
        ("www.w3.org", "/2000/svg", True),
        ("www.apple.com", "/DTDs/PropertyList-1.0.dtd", True),
        ("www.apple.com", "/privacy", False),
        ("www.apache.org", "/licenses/LICENSE-2.0", True),
        ("www.apache.org", "/dist/", False),
        ("www.googleapis.com", "/auth/drive", True),
        ("www.googleapis.com", "/drive/v3", False),
        ("github.com", "/google/gson/blob/main/Troubleshooting.md", True),
        ("github.com", "/shop/app/releases/download/1/a.zip", False),
        ("javax.xml.transform.dom.domsource", "/feature", True),
        ("api.shop.com", "/v1", False),
    ],
)
def test_names_and_licences_are_noise(host: str, path: str, *, expected: bool):
    assert is_ignored(host, path) is expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (b"Leak found. See ", True),
        (b"no key (see ", True),
        (b"For more information visit: ", True),
        (b"report it at <", True),
        (b"oversee", False),
        (b"curl ", False),
        (b'return "', False),
        (b"", False),
    ],
)
def test_what_a_message_says_to_read_is_reference(before: bytes, *, expected: bool):
    assert is_reference(before) is expected
