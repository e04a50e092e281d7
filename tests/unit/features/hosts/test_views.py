"""Where a build talks to, as its reply, the form and ``/appscan urls`` say it."""

import json
from dataclasses import replace

import pytest

from bot.errors import UsageError
from bot.features.hosts import lookup_views
from bot.features.hosts.lookup import UrlAnswer
from bot.features.hosts.models import HostChanges, HostsState, ScanHosts, UrlCategories
from bot.features.hosts.url_parser import NamedUrls
from bot.features.hosts.views import ALL_HOSTS, HOSTS, host_blocks, hosts_modal, spoken
from bot.features.verdicts.models import Verdict, VerdictState
from bot.slack.blocks.message import compose
from tests.unit.features import samples

ADS = UrlCategories(url="ads.example", categories=("WEB_BANNERS", "CORPORATE_MARKETING"))
STORE = UrlCategories(url="store.example", categories=("CLOUD_STORAGE",))
BAD = UrlCategories(url="bad.example", categories=("WEB_BANNERS",), alerts=("MALWARE_SITE",))
ODD = UrlCategories(url="odd.example", categories=("MISCELLANEOUS_OR_UNKNOWN",))
KNOWN = ScanHosts(scan=12, state=HostsState.KNOWN, hosts=(ADS, BAD, ODD, STORE))
OPENED = HOSTS.opened(12, "C0CHANNEL")


def said(hosts, **about):
    return compose(host_blocks(samples.card(hosts=hosts, **about))).text.split("\n")


def rows(modal):
    return [block["text"]["text"] for block in modal["blocks"][2:] if block["type"] == "section"]


def test_without_hosts_nothing_is_said():
    assert host_blocks(samples.card()) == []


def test_the_reply_counts_hosts_and_names_what_to_look_at():
    assert said(KNOWN) == [
        "*Talks to 4 hosts*: 1 Cloud storage, 1 Malware site, 1 Web banners, 1 of unknown category.",
        ":rotating_light: *Security alert*: `bad.example` (Malware site)",
        "Unknown category: `odd.example`",
    ]
    (block,) = host_blocks(samples.card(hosts=KNOWN))
    assert (block["accessory"]["action_id"], block["accessory"]["value"]) == (ALL_HOSTS, "12")
    assert block["text"]["verbatim"] is True


def test_of_many_the_first_few_are_named_and_the_rest_is_counted():
    many = tuple(replace(BAD, url=f"{n}.bad.example") for n in range(9))

    (line,) = said(replace(KNOWN, hosts=many))[1:]

    assert line.endswith("`4.bad.example` (Malware site) and 4 more")
    assert line.count("`") == 10


def test_what_was_left_out_is_said():
    part = replace(KNOWN, hosts=(ADS,), left_out=7, cut_short=True)

    assert said(part) == [
        "*Talks to 8 hosts*: 1 Web banners. 7 of them are not kept. Not all of the build could be searched."
    ]


def test_until_all_is_known_it_is_said_how_it_stands():
    looking = replace(KNOWN, state=HostsState.LOOKING)
    none = ScanHosts(scan=12, state=HostsState.NONE)

    assert said(looking) == ["*Names 4 hosts.* Zscaler is looking them up."]
    assert said(replace(looking, problem="It waits.")) == [
        "*Names 4 hosts.* It waits. They are looked up again automatically."
    ]
    assert said(replace(looking, problem="It continues automatically.")) == [
        "*Names 4 hosts.* It continues automatically."
    ]
    assert said(none) == ["No host is named in this build."]
    assert said(replace(none, state=HostsState.FAILED, problem="It is broken.")) == [
        ":warning: Zscaler's categories of its hosts are missing: It is broken."
    ]
    assert said(replace(KNOWN, state=HostsState.FAILED, problem="Zscaler said no."))[0].startswith("*Names 4")


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (HostsState.LOOKING, "They are looked up again automatically, too."),
        (HostsState.FAILED, ":warning: Zscaler's categories of its hosts are missing, for the same reason."),
    ],
)
def test_what_is_in_the_way_of_both_answers_is_said_once(state, told):
    away = "Zscaler can't be reached right now."
    hosts = replace(KNOWN, state=state, problem=away)
    verdict = Verdict(scanner="zscaler", scan=samples.DONE.number, state=VerdictState.WAITING, problem=away)

    text = samples.reply(samples.card(hosts=hosts, verdicts=samples.by_zscaler(verdict))).text

    assert text.count(away) == 1
    assert text.split("\n")[-2] == f"*Names 4 hosts.* {told}"
    other = replace(verdict, problem="Zscaler is busy.")
    both = samples.reply(samples.card(hosts=hosts, verdicts=samples.by_zscaler(other))).text
    assert away in both
    assert "Zscaler is busy." in both


def test_what_changed_is_told_since_the_version_before():
    changes = HostChanges(
        added=(ADS, BAD), removed=(STORE,), recategorised=((ODD, replace(ODD, alerts=("C2",))),)
    )

    assert said(KNOWN, host_changes=changes, hosts_before=samples.BEFORE)[-1] == (
        "*2 new hosts* since `4.1.0`: `bad.example`, `ads.example`; "
        "1 host in another category: `odd.example` (Miscellaneous or unknown → C2); "
        "1 host gone: `store.example`."
    )
    gone = HostChanges(removed=(STORE,))
    assert said(KNOWN, host_changes=gone, hosts_before=replace(samples.BEFORE, version="4.2.0"))[-1] == (
        "1 host gone since scan #7: `store.example`."
    )
    assert len(said(KNOWN, host_changes=HostChanges(), hosts_before=samples.BEFORE)) == 3


@pytest.mark.parametrize(
    ("category", "told"),
    [
        ("MALWARE_BOTNET", "Malware botnet"),
        ("CDN", "CDN"),
        ("AI_ML_APPS", "AI ML apps"),
        ("P2P_COMMUNICATION", "P2P communication"),
        ("DNS_OVER_HTTPS", "DNS over HTTPS"),
        ("NEWS_AND_MEDIA", "News and media"),
        ("  ", "–"),
    ],
)
def test_a_category_is_spoken_with_its_acronyms_in_capitals(category, told):
    assert spoken(category) == told


def test_of_a_long_host_the_end_is_shown_as_that_tells_whose_it_is():
    hidden = replace(BAD, url=f"login.bank.example.{'x' * 200}.evil.example")

    assert ".evil.example`" in said(replace(KNOWN, hosts=(hidden,)))[1]


def test_the_form_shows_what_calls_for_attention_first():
    assert rows(hosts_modal(samples.DONE, KNOWN, OPENED)) == [
        ":rotating_light: *Security alert* · `bad.example` · Malware site, Web banners",
        "`odd.example` · Miscellaneous or unknown",
        "`ads.example` · Web banners, Corporate marketing",
        "`store.example` · Cloud storage",
    ]
    looking = replace(KNOWN, state=HostsState.LOOKING, hosts=(UrlCategories(url="a.example"),))
    assert rows(hosts_modal(samples.DONE, looking, OPENED)) == ["`a.example` · not looked up yet"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("cloud STORAGE", ["store.example"]),
        ("security alert", ["bad.example"]),
        ("unknown", ["odd.example"]),
        ("example banners", ["bad.example", "ads.example"]),
    ],
)
def test_the_form_is_searched_by_words(search, found):
    shown = rows(hosts_modal(samples.DONE, KNOWN, replace(OPENED, search=search)))

    assert [row.split("`")[1] for row in shown] == found


def test_a_search_without_a_match_says_so():
    assert rows(hosts_modal(samples.DONE, KNOWN, replace(OPENED, search="`x`"))) == [
        "No host matches `'x'`. Clear the search to see all."
    ]


def test_the_form_is_leafed_through_and_another_search_begins_at_its_first_page():
    many = replace(
        KNOWN, hosts=tuple(replace(ADS, url=f"{n:03}.example") for n in range(2 * HOSTS.page_size + 1))
    )
    second = hosts_modal(samples.DONE, many, HOSTS.pressed(OPENED, HOSTS.next_id, "1"))

    assert len(rows(second)) == HOSTS.page_size
    assert second["blocks"][-2]["elements"][0]["text"] == "26 to 50 of 51"
    assert [each["value"] for each in second["blocks"][-1]["elements"]] == ["0", "2"]
    assert len(rows(hosts_modal(samples.DONE, many, HOSTS.pressed(OPENED, HOSTS.next_id, "99")))) == 1
    assert (
        HOSTS.pressed(OPENED, HOSTS.next_id, "-1").page
        == HOSTS.pressed(OPENED, HOSTS.next_id, "9" * 30).page
        == 0
    )

    search = {"hosts_search_block": {"hosts_search": {"value": "ads"}}}
    view = {"private_metadata": second["private_metadata"], "state": {"values": search}}
    assert HOSTS.read(view) == replace(OPENED, search="ads")
    assert HOSTS.read({"private_metadata": second["private_metadata"]}).page == 1
    with pytest.raises(UsageError):
        HOSTS.read({"private_metadata": json.dumps({"scan": "x"})})


def test_urls_are_answered_with_what_was_not_asked():
    told = UrlAnswer(
        named=NamedUrls(
            urls=("ads.example", "bad.example", "later.example"),
            too_long=("long.example/x…",),
            invalid=("hello", "4.1.0"),
            left_out=1,
        ),
        found=(ADS, BAD),
        problem="Zscaler is busy. Ask again in a few minutes.",
    )

    assert lookup_views.urls(told).text.split("\n") == [
        ":rotating_light: *Security alert* · `bad.example` · Malware site, Web banners",
        "`ads.example` · Web banners, Corporate marketing",
        ":warning: 1 URL was not looked up: Zscaler is busy. Ask again in a few minutes.",
        "Over 1,024 characters, so not looked up: `long.example/x…`",
        "Not a URL or host, so not looked up: `hello`, `4.1.0`",
        "1 more URL was not looked up: name at most 100 at once.",
        "From Zscaler, within the last day.",
    ]
    refused = replace(told, found=(), is_refused=True)
    assert lookup_views.urls(refused).text.startswith(":no_entry: 3 URLs were not looked up: ")
