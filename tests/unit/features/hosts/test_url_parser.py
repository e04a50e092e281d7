"""Reading the URLs that people name, and asking for them."""

import asyncio
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Maintenance, Refused, TryLater, UsageError
from bot.features.hosts.lookup import BUSY, MAINTAINED, CategoryCache, UrlLookupService
from bot.features.hosts.models import BATCH, URL_LIMIT
from bot.features.hosts.url_parser import NamedUrls, parse_urls
from tests.unit.features.lookups import FakeLookup

WORDS = st.sampled_from(
    [
        *("example.com", "<http://example.com|example.com>", "<https://a.example/x?y=1&amp;z=2>", "http://"),
        *("https://dana:s3cret@a.example/", "dana:s3cret@a.example", "a.example#s3cret", "x@[#s3cret"),
        *("first.last:12#s3cret@a.example", "//s3cret@x.example", "10.0.0.1", "[::1]:8443", "[fe80::1%eth0]"),
        *("münchen.example", "x" * 1100 + ".example", "a.example/" + "x" * 1100, "hello", "4.1.0", "<|>"),
        *("[", "http://[::1", "a.example:99999", "\ud800.example", "a.example/\ud800", "`", "."),
    ]
)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("example.com", "example.com"),
        ("<http://example.com|example.com>", "example.com"),
        ("<https://Example.COM:443/Path?q=1&amp;r=2#part>", "example.com/Path?q=1&r=2"),
        ("https://dana:s3cret@a.example:8443/x", "a.example:8443/x"),
        ("`https://a.example/`,", "a.example"),
        ("<https://a.example/two%20words|click here>", "a.example/two%20words"),
        ("https://a.example/ü", "a.example/%C3%BC"),
        ("https://münchen.example", "xn--mnchen-3ya.example"),
        ("http://[2001:db8::1]:80/x", "[2001:db8::1]/x"),
        ("10.0.0.1:8080", "10.0.0.1:8080"),
        ("https://a.example/x,y;z", "a.example/x,y;z"),
        ("<mailto:dana@a.example|dana@a.example>", "a.example"),
    ],
)
def test_a_url_is_read_as_it_is_looked_up(typed, asked):
    assert parse_urls(typed) == NamedUrls(urls=(asked,))


@pytest.mark.parametrize(
    "typed",
    ["hello", "4.1.0", "[fe80::1%eth0]", "a..b", "http://", "a.example:99999"],
)
def test_what_is_no_url_is_told(typed):
    assert parse_urls(typed).urls == ()
    assert len(parse_urls(typed).invalid) == 1


def test_bare_hosts_may_have_commas_between_them():
    assert parse_urls("a.example, b.example,c.example;https://d.example/x,y").urls == (
        *("a.example", "b.example", "c.example"),
        "d.example/x,y",
    )


def test_the_rest_is_asked_each_once_and_so_many_at_most():
    typed = " ".join(["a.example", "hello", "A.example#b", "b.example/" + "x" * URL_LIMIT])
    many = " ".join(f"{n}.example" for n in range(BATCH + 3))

    assert parse_urls(typed).urls == ("a.example",)
    assert parse_urls(typed).invalid == ("hello",)
    assert parse_urls(typed).too_long == ("b.example/" + "x" * 50 + "…",)
    assert (len(parse_urls(many).urls), parse_urls(many).left_out) == (BATCH, 3)


@given(st.lists(WORDS | st.text(max_size=30), max_size=8))
def test_whatever_is_typed_no_secret_is_asked_or_told(words):
    found = parse_urls(" ".join(words))

    assert not any("s3cret" in each for part in (found.urls, found.too_long, found.invalid) for each in part)
    for url in found.urls:
        assert 0 < len(url) <= URL_LIMIT
        assert set(url) <= set(string.ascii_letters + string.digits + string.punctuation)
        assert "#" not in url
        assert parse_urls(url).urls == (url,)
    assert all(len(each) <= 61 for each in (*found.too_long, *found.invalid))


@pytest.fixture
def lookup() -> FakeLookup:
    return FakeLookup()


@pytest.fixture
def inquiry(bench, lookup) -> UrlLookupService:
    return UrlLookupService(CategoryCache(rows=bench.store.hosts, lookup=lookup, clock=bench.clock))


async def test_what_was_told_within_a_day_is_told_again(inquiry, lookup):
    await inquiry.ask("b.example")
    told = await inquiry.ask("c.example b.example hello")

    assert lookup.asked == [["b.example"], ["c.example"]]
    assert [each.url for each in told.found] == ["c.example", "b.example"]
    assert told.named.invalid == ("hello",)
    assert told.problem is None


async def test_nothing_typed_is_told_how(inquiry):
    with pytest.raises(UsageError, match="Name the URLs or hosts"):
        await inquiry.ask("  ")


@pytest.mark.parametrize(
    ("trouble", "problem", "is_refused"),
    [
        (Maintenance("As the log has it."), MAINTAINED.format(vendor="Zscaler"), False),
        (TryLater("Zscaler is busy."), "Zscaler is busy. Ask again in a few minutes.", False),
        (TryLater("Enough.", retry_after_s=1201), "Enough. Ask again in 21 minutes.", False),
        (Refused("Zscaler said no."), "Zscaler said no.", True),
    ],
)
async def test_in_trouble_what_is_known_is_told_and_why_not_the_rest(
    inquiry, lookup, trouble, problem, is_refused
):
    await inquiry.ask("a.example")
    lookup.troubles = [trouble]

    told = await inquiry.ask("a.example b.example")

    assert [each.url for each in told.found] == ["a.example"]
    assert (told.problem, told.is_refused) == (problem, is_refused)


async def test_an_answer_that_takes_too_long_is_not_waited_for(bench):
    class Wedged(FakeLookup):
        async def look_up(self, urls):
            await asyncio.Event().wait()

    inquiry = UrlLookupService(
        CategoryCache(rows=bench.store.hosts, lookup=Wedged(), clock=bench.clock), answer_s=0.01
    )

    assert (await inquiry.ask("a.example")).problem == BUSY.format(vendor="Zscaler")
