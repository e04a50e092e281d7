import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import TryLater
from bot.features.hosts.models import UrlCategories
from bot.scanners.zscaler.categories import MOST_CATEGORIES, UrlCategoriesApi, read_categories


def entry(url, *categories, alerts=()):
    return {
        "url": url,
        "urlClassifications": list(categories),
        "urlClassificationsWithSecurityAlert": list(alerts),
    }


def test_entries_are_told_by_their_url_whatever_their_order():
    told = read_categories(
        [entry("b.example", "NEWS"), entry("a.example", "ADS", alerts=["PHISHING"])],
        ["a.example", "b.example"],
    )

    assert told == {
        "a.example": UrlCategories(url="a.example", categories=("ADS",), alerts=("PHISHING",)),
        "b.example": UrlCategories(url="b.example", categories=("NEWS",)),
    }


@pytest.mark.parametrize("as_told", ["a.example/x", "HTTPS://a.example/x/", "http://A.example/x"])
def test_a_scheme_or_slash_that_was_dropped_or_added_is_no_other_url(as_told):
    told = read_categories([entry("c.example"), entry(as_told, "ADS")], ["https://a.example/x", "b.example"])

    assert told["https://a.example/x"].categories == ("ADS",)


def test_one_that_was_left_out_has_no_categories():
    told = read_categories([entry("b.example", "NEWS")], ["a.example", "b.example"])

    assert told["a.example"] == UrlCategories(url="a.example")
    assert told["a.example"].is_unknown


def test_one_that_was_left_out_is_not_given_what_is_said_of_another():
    told = read_categories(
        [entry("b.example", "NEWS"), entry("c.example", "ADS")], ["a.example", "b.example"]
    )

    assert told["a.example"].categories == ()


def test_one_that_is_spelled_otherwise_is_told_by_its_place():
    told = read_categories(
        [entry("xn--mnchen-3ya.example", "NEWS"), entry("b.example")], ["münchen.example", "b.example"]
    )

    assert told["münchen.example"].categories == ("NEWS",)


@pytest.mark.parametrize("told", [None, {}, "x", [], [entry("x.example"), entry("y.example")]])
def test_an_answer_about_none_of_them_makes_no_sense(told):
    with pytest.raises(TryLater):
        read_categories(told, ["a.example"])


def test_everything_is_bounded():
    told = read_categories(
        [
            entry("a.example", *(f"C{n}" * 99 for n in range(99)), 7, None)
            | {"urlClassificationsWithSecurityAlert": "PHISHING"}
        ],
        ["a.example"],
    )["a.example"]

    assert len(told.categories) == MOST_CATEGORIES
    assert all(len(category) <= 100 for category in told.categories)
    assert told.alerts == ("PHISHING",)


@settings(max_examples=30)
@given(
    st.lists(
        st.none()
        | st.dictionaries(
            st.sampled_from(["url", "urlClassifications", "urlClassificationsWithSecurityAlert"]),
            st.none() | st.text() | st.integers() | st.lists(st.none() | st.text()),
        )
    )
)
def test_no_answer_breaks_the_reader(told):
    asked = ["a.example", "b.example"]
    try:
        read = read_categories(told, asked)
    except TryLater:
        return
    assert list(read) == asked


@pytest.mark.parametrize("url", ["", "a" * 1025])
async def test_what_is_no_url_of_a_look_up_is_not_asked(url):
    with pytest.raises(ValueError, match="1024"):
        await UrlCategoriesApi(None).look_up(["a.example", url])


async def test_nothing_is_asked_of_nothing():
    assert await UrlCategoriesApi(None).look_up([]) == []
