from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.scan import OPEN, Platform, State
from bot.errors import UsageError
from bot.features.history import filters
from bot.features.history.models import HistoryQuery
from bot.features.results.models import ResultState

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=BERLIN).timestamp()


def parse(text: str) -> HistoryQuery:
    return filters.parse(text, now=NOW, tz=BERLIN, me="U0ME", here="C0HERE")


def at(*when: int) -> float:
    return datetime(*when, tzinfo=BERLIN).timestamp()  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("shop 4.2.0", ("shop", "4.2.0")),
        ('"my shop" pro', ("my shop", "pro")),
        ("“my shop” pro", ("my shop", "pro")),
        ('"status: quo"', ("status: quo",)),
        ('"Shop, Pro"', ("Shop, Pro",)),
        ("shop, pro", ("shop", "pro")),
        ('"never closed', ("never closed",)),
        ("!!! … 🎉", ()),
        ("salt &amp; pepper", ("salt", "pepper")),
        ("my\u200bshop\u00a0pro\x00", ("myshop", "pro")),
        ("<http://com.example.app|com.example.app>", ("com.example.app",)),
        ("https://x.example/y", ("https://x.example/y",)),
        ("7f1c9a52–0f7e—4f0e", ("7f1c9a52-0f7e-4f0e",)),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert parse(text) == HistoryQuery(words=words)


@pytest.mark.parametrize(
    "text", ["platform:ios", "PLATFORM: iOS", "platform : iphone", "os:ipa", "platform：ios"]
)
def test_platform(text: str) -> None:
    assert parse(text) == HistoryQuery(platform=Platform.IOS)


@pytest.mark.parametrize(
    ("text", "app"),
    [
        ("app:com.example.shop", "com.example.shop"),
        ("app:<http://com.example.app|com.example.app>", "com.example.app"),
        ("app: `0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d`", "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"),
    ],
)
def test_app(text: str, app: str) -> None:
    assert parse(text) == HistoryQuery(app=app)


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("status:failed", {State.FAILED}),
        ("status:Failed,rejected", {State.FAILED, State.REJECTED}),
        ("status: failed, rejected , cancelled", {State.FAILED, State.REJECTED, State.CANCELLED}),
        ("status:failed status:ok", {State.FAILED, State.SUBMITTED}),
        ("state:done", {State.SUBMITTED}),
        ("status:success,", {State.SUBMITTED}),
        ("status:open", OPEN | {State.WAITING, State.ASKING}),
        ("status:pending", OPEN | {State.WAITING, State.ASKING}),
    ],
)
def test_status(text: str, states: set[State]) -> None:
    assert parse(text) == HistoryQuery(states=frozenset(states))


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_looked_for(state: State) -> None:
    assert parse(f"status:{state.value}").states == {state}


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("by:<@U0ANA>", "U0ANA"),
        ("by: <@W0ANA|ana maria>", "W0ANA"),
        ("by:U0ANABANANA", "U0ANABANANA"),
        ("by:me", "U0ME"),
        ("by:@me", "U0ME"),
        ("<@U0ANA>", "U0ANA"),
    ],
)
def test_by(text: str, by: str) -> None:
    assert parse(text) == HistoryQuery(by=by)


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("in:<#C0CHANNEL|builds>", "C0CHANNEL"),
        ("in:<#C0CHANNEL>", "C0CHANNEL"),
        ("in:G0PRIVATEONE", "G0PRIVATEONE"),
        ("in:here", "C0HERE"),
        ("<#C0CHANNEL|builds>", "C0CHANNEL"),
    ],
)
def test_in(text: str, channel: str) -> None:
    assert parse(text) == HistoryQuery(channel=channel)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("since:7d", NOW - 7 * 86400),
        ("since:24h", NOW - 86400),
        ("since: 2 weeks", NOW - 14 * 86400),
        ("since:99999w", 0.0),
        ("since:today", at(2026, 11, 22)),
        ("since:Yesterday", at(2026, 11, 21)),
        ("since:2026-11-01", at(2026, 11, 1)),
        ("since:2026/11/1", at(2026, 11, 1)),
        ("since:2026–11–01", at(2026, 11, 1)),
    ],
)
def test_since(text: str, since: float) -> None:
    assert parse(text) == HistoryQuery(since=since)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("until:2026-11-01", at(2026, 11, 2)),
        ("until:2026-10-31", at(2026, 11, 1)),
        ("until:2026-12-31", at(2027, 1, 1)),
        ("until:today", at(2026, 11, 23)),
        ("until:yesterday", at(2026, 11, 22)),
        ("until:24h", NOW - 86400),
    ],
)
def test_until(text: str, until: float) -> None:
    assert parse(text) == HistoryQuery(until=until)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-01", 24)])
def test_a_day_is_as_long_as_the_askers_clocks_make_it(day: str, hours: int) -> None:
    found = parse(f"since:{day} until:{day}")
    assert found.since is not None
    assert found.until is not None
    assert found.until - found.since == hours * 3600


def test_days_are_the_askers() -> None:
    far_east = timezone(timedelta(hours=14))
    found = filters.parse("since:today", now=datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp(), tz=far_east)
    assert found.since == datetime(2026, 11, 22, tzinfo=far_east).timestamp()


def test_filters_combine() -> None:
    assert parse("shop platform:ios status:failed by:<@U0ANA> in:<#C0CHANNEL> since:7d pro") == HistoryQuery(
        words=("shop", "pro"),
        platform=Platform.IOS,
        states=frozenset({State.FAILED}),
        by="U0ANA",
        channel="C0CHANNEL",
        since=NOW - 7 * 86400,
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plattform:ios", "Did you mean `platform:`?"),
        ("sttus:failed", "Did you mean `status:`?"),
        ("colour:red", "There are `app:`, `platform:`"),
        ("status:faild", "Did you mean `failed`?"),
        ("status:zzz", "`rejected`"),
        ("status:,", "`status:` needs something after it."),
        ("platform:windows", "`ios` or `android`"),
        ("platform:", "`platform:` needs something after it."),
        ("platform: status:failed", "`platform:` needs something after it."),
        ('app:""', "`app:` needs something after it."),
        ("app:a/b", "an app ID or a bundle identifier"),
        ("by:ana", "type @ and pick from the list"),
        ("in:#builds", "type # and pick from the list"),
        ("since:soon", "`2026-11-01`"),
        ("since:7m", "`7d`"),
        ("until:2026-02-30", "an invalid date"),
        ("until:0000-01-01", "an invalid date"),
        ("until:9999-12-31", "an invalid date"),
        ("since:2026-11-02 until:2026-11-01", "nothing can match"),
        ("platform:ios platform:android", "`platform:` is there twice"),
        ("by:me <@U0ANA>", "`by:` is there twice"),
        ("x" * 301, "too long"),
    ],
)
def test_what_can_not_be_followed_is_told_with_an_example(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text)
    assert said in refused.value.user_message
    assert parse(refused.value.example.removeprefix("/appscan history ")) != HistoryQuery()


def test_me_and_here_need_somebody_and_somewhere() -> None:
    for text in ("by:me", "in:here"):
        with pytest.raises(UsageError):
            filters.parse(text, now=NOW, tz=BERLIN)


PIECES = [
    "app",
    "by",
    "since",
    "until",
    "status",
    "platform",
    "in",
    ":",
    " ",
    ",",
    '"',
    "<@U1>",
    "<@",
    "<#C1|x>",
]
PIECES += [
    ">",
    "<http://x|",
    "2026-11-01",
    "9999-99-99",
    "7",
    "d",
    "99999w",
    "today",
    "ok",
    "é",
    "٣",
    "ſ",
    "-",
]
PIECES += ["\x00", "&lt;"]


@given(st.text(max_size=320) | st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@example("since:٣d")
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        query = parse(text)
    except UsageError as refused:
        assert refused.example  # noqa: PT017
    else:
        assert all(any(sign.isalnum() for sign in word) for word in query.words)
        assert all('"' not in word and word.isprintable() for word in query.words)


@pytest.mark.parametrize(
    ("text", "sdk"),
    [
        ("sdk:firebase", "firebase"),
        ('SDK: "Firebase Analytics"', "Firebase Analytics"),
        ("sdk:<http://com.google.firebase|com.google.firebase>", "com.google.firebase"),
        ("sdk:100%", "100%"),
    ],
)
def test_sdk(text: str, sdk: str) -> None:
    assert parse(text) == HistoryQuery(sdk=sdk)


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ("breach:open", "open"),
        ("breach: ANY", "any"),
        ('breach:"No Targeting"', "No Targeting"),
        ("violation:tracking", "tracking"),
        ("violation: open", "open"),
    ],
)
def test_violation_filter_has_two_spellings(text: str, violation: str) -> None:
    assert parse(text) == HistoryQuery(violation=violation)


def test_result() -> None:
    assert parse("result: Failed") == HistoryQuery(result=ResultState.FAILED)
    for wrong in ("result:", "result:finding"):
        with pytest.raises(UsageError, match="`completed`, `failed`, `interrupted`, `lost`"):
            parse(wrong)


def test_empty_violation_filter_lists_its_values() -> None:
    with pytest.raises(UsageError, match="`open`, `any` or a part of a rule's name"):
        parse("breach:")


def test_sdk_and_violation_filters_combine_with_the_rest() -> None:
    assert parse("shop sdk:firebase breach:open platform:ios") == HistoryQuery(
        words=("shop",), sdk="firebase", violation="open", platform=Platform.IOS
    )


@pytest.mark.parametrize(
    "text", ["sdk:", "sdk:…", 'sdk:"%"', "breach:", "sdk:a sdk:b", "breach:open breach:any"]
)
def test_an_sdk_or_a_breach_has_to_be_named_once(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shop 4.1", ["shop", "4.1"]),
        ("“My Shop” 4.1", ["My Shop", "4.1"]),
        ('  "never closed', ["never closed"]),
        ("<http://com.example.app|com.example.app> #12", ["com.example.app", "#12"]),
        ('""', []),
        ("", []),
    ],
)
def test_typed_words(text: str, words: list[str]) -> None:
    assert filters.words(text) == words
