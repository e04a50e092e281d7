import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import identifiers
from bot.core.identifiers import FileLink, MessageLink
from bot.core.scan import Platform
from bot.errors import UsageError

UUID = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"
TS = "1790000000.123456"
LOOPBACK_LINK = "http://127.0.0.1:8080/archives/C0CHANNEL/p1790000000123456"
LINK = "https://acme.slack.com/archives/C0CHANNEL/p1790000000123456"


@pytest.mark.parametrize("typed", [UUID, f"`{UUID}`", f" “{UUID}” ", f"'{UUID}'", f"\u00a0{UUID}\n"])
def test_an_app_id_however_it_was_pasted(typed: str) -> None:
    assert identifiers.app_id(typed) == UUID


@pytest.mark.parametrize("typed", [f"{UUID}-test", UUID.upper(), "12345678", "a" * 127 + "1"])
def test_app_ids_of_other_shapes(typed: str) -> None:
    assert identifiers.app_id(typed) == typed


NO_APP_IDS = [
    "",
    "short",
    "nonsense",
    "1" * 129,
    "com.example.shop",
    "two words here",
    "-12345678",
    "12345678-",
]
NO_APP_IDS += ["１２３４５６７８", f"{UUID}/x", f"{UUID}\n{UUID}", "<@U0ANA123>"]


@pytest.mark.parametrize("typed", NO_APP_IDS)
def test_what_can_not_be_an_app_id(typed: str) -> None:
    with pytest.raises(UsageError, match="Instructions tab") as refused:
        identifiers.app_id(typed)
    assert refused.value.example


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("com.example.shop", "com.example.shop"),
        ("`com.example.my_shop-2`", "com.example.my_shop-2"),
        ("<http://com.example.app|com.example.app>", "com.example.app"),
        ("<http://com.example.app>", "com.example.app"),
        ("android", "android"),
    ],
)
def test_bundle_identifiers(typed: str, found: str) -> None:
    assert identifiers.bundle_id(typed) == found


@pytest.mark.parametrize("typed", ["", "com example", "com.example/shop", ".com", "a" * 256, "<!channel>"])
def test_what_can_not_be_a_bundle_identifier(typed: str) -> None:
    with pytest.raises(UsageError):
        identifiers.bundle_id(typed)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ios", Platform.IOS),
        ("iPhone", Platform.IOS),
        ("`IPA`", Platform.IOS),
        ("Android", Platform.ANDROID),
        ("apk", Platform.ANDROID),
    ],
)
def test_platforms(typed: str, found: Platform) -> None:
    assert identifiers.platform(typed) is found


@pytest.mark.parametrize("typed", ["", "windows", "ios android"])
def test_what_is_no_platform(typed: str) -> None:
    with pytest.raises(UsageError, match="`ios` or `android`"):
        identifiers.platform(typed)


def test_request_ids() -> None:
    assert identifiers.request_id(f" `{UUID}` ") == UUID
    assert identifiers.request_id("req_2026:11.01") == "req_2026:11.01"


@pytest.mark.parametrize("typed", ["", "abc", "two words", "a" * 129, "<!channel>", "x\ny-and-more"])
def test_what_can_not_be_a_request_id(typed: str) -> None:
    with pytest.raises(UsageError):
        identifiers.request_id(typed)


@pytest.mark.parametrize(
    ("comment", "app_id"),
    [
        (f"rescan {UUID}", UUID),
        (f"New build. Please Rescan: {UUID}, thanks", UUID),
        (f"rescan `{UUID}`.", UUID),
        (f"re-scan of “{UUID}-test”", f"{UUID}-test"),
        (f"(rescan {UUID})", UUID),
        (f"build 7\nRESCAN {UUID}\nname: x", UUID),
        ("rescan `prod-shop-ios`", "prod-shop-ios"),
        (f"rescan everything, that is rescan {UUID}", UUID),
        ("please rescan this", None),
        ("rescan everything please", None),
        ("we should rescan", None),
        ("rescan myshopapp-4.2.0.apk", None),
        ("prescan 12345678", None),
        ("rescan-12345678", None),
        ("rescan 1234567", None),
        ("rescan " + "1" * 129, None),
        ("rescan 1234567\u212a", None),
        ("", None),
    ],
)
def test_rescan_in_a_comment(comment: str, app_id: str | None) -> None:
    assert identifiers.comment(comment)[0] == app_id


@pytest.mark.parametrize(
    ("comment", "name"),
    [
        ("name: Shop", "Shop"),
        ("New build\nName : Shop (staging) \nthanks", "Shop (staging)"),
        ("name: Salt &amp; Pepper &lt;3", "Salt & Pepper <3"),
        ("name: “Shop”", "Shop"),
        ("name: *Shop*", "Shop"),
        ("name: <http://shop.example|shop.example> pro", "shop.example pro"),
        (f"name: Shop rescan {UUID}", "Shop"),
        (f"rescan {UUID} name: Shop", "Shop"),
        ("name: a\u202eb\u200bc", "abc"),
        ("name: " + "x" * 500, "x" * 100),
        ("name:", None),
        ("name: \u200b", None),
        ("filename: x", None),
        ("my name is Ana", None),
        (":name: tada", None),
    ],
)
def test_name_in_a_comment(comment: str, name: str | None) -> None:
    assert identifiers.comment(comment)[1] == name


@given(
    st.text()
    | st.lists(st.sampled_from(["rescan ", "name: ", UUID, "`", "<", "|", ">", "\n", "x "])).map("".join)
)
def test_any_comment_is_read(comment: str) -> None:
    app_id, name = identifiers.comment(comment)
    assert app_id is None or identifiers.app_id(app_id) == app_id
    assert name is None or (0 < len(name) <= identifiers.NAME_LIMIT and name.isprintable())


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (LINK, MessageLink(channel="C0CHANNEL", message_ts=TS)),
        (f"<{LINK}>", MessageLink(channel="C0CHANNEL", message_ts=TS)),
        (f" <{LINK}|the build> ", MessageLink(channel="C0CHANNEL", message_ts=TS)),
        (
            f"<{LINK}?thread_ts=1780000000.000100&amp;cid=C0CHANNEL>",
            MessageLink(channel="C0CHANNEL", message_ts=TS, thread_ts="1780000000.000100"),
        ),
        (f"{LINK}?thread_ts={TS}", MessageLink(channel="C0CHANNEL", message_ts=TS)),
        (f"{LINK}?thread_ts=../x", MessageLink(channel="C0CHANNEL", message_ts=TS)),
        (LINK.replace("acme", "acme.enterprise"), MessageLink(channel="C0CHANNEL", message_ts=TS)),
        (LOOPBACK_LINK, MessageLink(channel="C0CHANNEL", message_ts=TS)),
        ("https://acme.slack.com/files/U0ANA/F0FILE/shop.apk", FileLink(file_id="F0FILE")),
        ("<https://acme.slack.com/files/U0ANA/F0FILE>", FileLink(file_id="F0FILE")),
        ("https://files.slack.com/files-pri/T0TEAM-F0FILE/download/shop.apk", FileLink(file_id="F0FILE")),
    ],
)  # fmt: skip
def test_links_to_slack(typed: str, found: MessageLink | FileLink) -> None:
    assert identifiers.slack_link(typed) == found


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "shop.apk",
        LINK.replace("slack.com", "slack.com.evil.example"),
        LINK.replace("acme.slack.com", "evilslack.com"),
        LINK.replace("acme.slack.com", "acme.slack.com@evil.example"),
        LINK.replace("https", "http"),
        LINK.replace("https", "ftp"),
        LINK.removesuffix("6"),
        "https://acme.slack.com/archives/C0CHANNEL",
        "https://acme.slack.com/files/U0ANA",
        "https://[::1/archives/C0CHANNEL/p1790000000123456",
        f"{LINK} {LINK}",
    ],
)
def test_what_is_no_link_to_slack(typed: str) -> None:
    assert identifiers.slack_link(typed) is None


@given(
    st.text()
    | st.lists(
        st.sampled_from(["https://", "a.slack.com", "[", "]", "/archives/", "C1", "/p", "?", "&", "<", "|"])
    ).map("".join)
)
def test_any_text_may_be_a_link(typed: str) -> None:
    found = identifiers.slack_link(typed)
    assert found is None or re.fullmatch(
        r"\w+", found.file_id if isinstance(found, FileLink) else found.channel
    )


READERS = [identifiers.app_id, identifiers.bundle_id, identifiers.request_id, identifiers.platform]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(typed=st.text())
def test_any_text_is_read_or_refused(read: object, typed: str) -> None:
    try:
        found = str(read(typed))  # type: ignore[operator]
    except UsageError as refused:
        found = refused.example
    assert found
    assert found.isascii()
    assert found.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "rescan 123",
        "Rescan: v4.2.0",
        "rescan com.example.shop",
        "please rescan 0b51dc1e_7a35 today",
        "rescan of `12`",
    ],
)
def test_a_comment_that_names_what_can_not_be_an_app_id_is_known(text):
    assert identifiers.comment(text)[0] is None
    assert identifiers.misread(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "please rescan this",
        "rescan",
        "rescan it.",
        "rescan everything!",
        f"rescan {UUID}",
        "version 4.2.0",
    ],
)
def test_prose_and_app_ids_are_not_taken_for_it(text):
    assert not identifiers.misread(text)


@given(st.text())
def test_any_comment_can_be_looked_at(text):
    assert identifiers.misread(text) in {True, False}
