from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.blocks import text


@pytest.mark.parametrize(
    ("outside", "shown"),
    [
        ("Shop", "Shop"),
        ("  Shop\r\n  Pro\t2 ", "Shop Pro 2"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("a\u200bb\ufeffc\x00d\x1b[0m", "abcd[0m"),
        ("\u3164\u2800", ""),
        ("\ud800x", "x"),
        ("e" + "\u0301" * 20, "e" + "\u0301" * 3),
        ("日本語 Käse 😀", "日本語 Käse 😀"),
        ("x" * 20, "xxxxxxxxx…"),
        ("exactly 10", "exactly 10"),
    ],
)
def test_plain(outside: str, shown: str) -> None:
    assert text.plain(outside, 10 if outside != "日本語 Käse 😀" and "Pro" not in outside else 20) == shown


@given(st.text(), st.integers(2, 40))
def test_plain_keeps_to_its_limit(outside: str, limit: int) -> None:
    shown = text.plain(outside, limit)
    assert len(shown) <= limit
    assert text.plain(shown, limit) == shown


@pytest.mark.parametrize(
    ("outside", "shown"),
    [
        ("Salt & Pepper", "Salt &amp; Pepper"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U123>", "&lt;@U123&gt;"),
        ("*bold* _it_ ~no~ `code`", "∗bold∗ ˍitˍ ∼no∼ 'code'"),
        ("see https://evil.example", "see https∶//evil.example"),
        ("yes :tada: 12:30, then", "yes ∶tada: 12:30, then"),
        (":tada", "∶tada"),  # ": " may follow
        ("> quote", "› quote"),
        ("a > b", "a &gt; b"),
        ("&amp;", "&amp;amp;"),
        ("", "–"),
        ("\u200b", "–"),
    ],
)
def test_escape(outside: str, shown: str) -> None:
    assert text.escape(outside) == shown


@pytest.mark.parametrize(
    ("outside", "shown"),
    [
        ("com.example.my_app", "`com.example.my_app`"),
        ("a`b``c", "`a'b''c`"),
        ("<!here>", "`&lt;!here&gt;`"),
        ("", "`–`"),
    ],
)
def test_code(outside: str, shown: str) -> None:
    assert text.code(outside) == shown


def test_a_sentence_keeps_its_code_style() -> None:
    assert (
        text.sentence("Use `/appscan rescan <appId>` & wait")
        == "Use `/appscan rescan &lt;appId&gt;` &amp; wait"
    )
    assert text.sentence("an odd ` sign") == "an odd ' sign"


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (41_300_000, "41.3 MB"),
        (64_000_000, "64 MB"),
        (999_960, "1 MB"),
        (2**50, "1125899.9 GB"),
    ],
)
def test_size(size_bytes: int, said: str) -> None:
    assert text.size(size_bytes) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "under 1 s"),
        (0.2, "under 1 s"),
        (8.4, "8 s"),
        (59.7, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_duration(seconds: float, said: str) -> None:
    assert text.duration(seconds) == said


def test_when_has_a_fallback_in_utc() -> None:
    at = datetime(2026, 11, 1, 9, 30, tzinfo=UTC).timestamp()
    assert text.when(at) == f"<!date^{int(at)}^{{date_short_pretty}} at {{time}}|2026-11-01 09:30 UTC>"


@pytest.mark.parametrize("at", [-1.0, 1e18])
def test_when_takes_any_number(at: float) -> None:
    assert text.when(at).startswith("<!date^")


@pytest.mark.parametrize(
    ("user_id", "said"),
    [
        ("U0ANA", "<@U0ANA>"),
        ("W0ANA", "<@W0ANA>"),
        ("B0BOT", "an app"),
        (None, "the command line"),
        ("U0ANA> <!channel", "someone"),
        ("", "someone"),
    ],
)
def test_person(user_id: str | None, said: str) -> None:
    assert text.person(user_id) == said


@pytest.mark.parametrize(
    ("channel_id", "said"),
    [
        ("C0CHANNEL", "<#C0CHANNEL>"),
        ("G0GROUP", "<#G0GROUP>"),
        ("D0DIRECT", "a direct message"),
        (None, "the command line"),
        ("C|x> <!here", "a channel"),
    ],
)
def test_channel(channel_id: str | None, said: str) -> None:
    assert text.channel(channel_id) == said


def test_a_link_can_not_be_broken_out_of() -> None:
    assert (
        text.link("https://x.example/?a=1&b=<|>\n", "here") == "<https://x.example/?a=1&amp;b=%3C%7C%3E|here>"
    )
