"""Records of every kind, each text in them an attack; put together by the records' own types."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from bot.core.scan import Event
from bot.features.compliance.rules import Violation
from bot.features.history import views
from bot.features.history.models import HistoryQuery
from bot.features.hosts.models import HostsPart
from bot.features.results.models import Application, ResultsPart
from bot.features.submission.card import Card
from bot.features.verdicts.models import CardVerdict, HashAnswer, NoAnswer
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from bot.slack.blocks.message import Message
from bot.slack.blocks.text import plain
from tests.scenario.second_scanner import ACME
from tests.unit.features.samples import SECTIONS
from tests.unit.features.test_view_limits import queries
from tests.unit.features.topics import TOPICS

ATTACKS = [
    *("<!channel>", "<!here>", "<!everyone>", "<!here|ok>", "<!subteam^S0EVIL>", "<!subteam^S0EVIL|@team>"),
    *("<@U0EVIL>", "<@U0EVIL|Ana>", "<#C0EVIL>", "<#C0EVIL|general>", "<!date^0^{date}^https://evil|x>"),
    *(
        "<https://evil.example|Open the log>",
        "<mailto:a@evil.example|x>",
        "https://evil.example",
        "slack://x",
    ),
    *(
        "&lt;!channel&gt;",
        "&amp;lt;!here&amp;gt;",
        "\uff1c!channel\uff1e",
        "<\u200b!channel>",
        "<!h\u200bere>",
    ),
    *("`<!channel>`", "```<!here>```", "`\n<!channel>", "*x*", "_x_", "~x~", "\n> quote", "\n• [ Again ]"),
    *(
        ":tada:",
        ":tada",
        "> quote",
        ":+1::skin-tone-2:",
        ":white_check_mark:",
        "x:no_entry",
        "no_entry:",
        ":\u200bx:",
        "::",
    ),
    *(":a:b:", "\u202egpj.kpa", "\u2066x\u2069", "\u200b\u200d\ufeff", "\u3164", "e" + "\u0301" * 50),
    *("\x1b[2J", "\x00", "\r\n", "\u2028", "\u0085", "\ud83d", "&", "<", ">", "|", "`", "\\", "^", "{date}"),
    *("x" * 5000, "&" * 3000),
]
outside = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=8), min_size=1, max_size=3).map("".join)
ours = st.sampled_from(["OneTrust had an error (500).", "Write `/appscan help`.", "Say `a` or `b`." * 60])
permalink = st.just("https://ours.slack.com/archives/C1/p1?thread_ts=1.2&cid=C1")
person = outside | st.just("U0ANA")


BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("problem", "why", "sentence", "login", "looked_for", "route_why"), ours),
    "route": st.sampled_from(["webhook", "ftp", "direct"]),
    **dict.fromkeys(("link", "original_link", "previous_link"), permalink),
    "log_url": st.just("https://log.example/?id=<a|b> c&d"),
    **dict.fromkeys(("who", "shared_by", "asked_by", "linked_by", "acknowledged_by"), person),
    "tell": st.lists(st.sampled_from(["U0ANA", "S0TEAM"]), max_size=3).map(tuple),
    "user": st.just("U0ANA"),
    "channel": st.just("C0CHANNEL"),
    "search": outside.map(lambda typed: plain(typed, 100)),
    "page": st.integers(0, 9),
    "scanner": st.just("zscaler"),
    "source": st.sampled_from(["", "zscaler", "acme"]),
    "word": st.sampled_from(["diff", "status"]),
    "sections": st.just(SECTIONS),
    "topics": st.just(TOPICS),
    **dict.fromkeys(("stars", "risk_score", "permission_level"), st.floats(0, 1e12)),
}
"""Fields and parameters, by name, that hold no text from outside, or less than their type allows."""

MANY = {"added", "hosts", "permissions", "risks", "sdks", "sdks_added"}
"""Fields that hold more than fit into a message; the others are bounded where they are read."""


def sample(type_: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Return what draws values of a type, for a field or parameter of that name.

    Raises:
        LookupError: nothing here says what values of the type look like.
    """
    origin, args = get_origin(type_), get_args(type_)
    if origin in {Union, UnionType}:
        return st.one_of(*(sample(each, name) for each in args))
    if is_dataclass(type_) and type_ not in BY_TYPE:
        return record(type_)
    if isinstance(type_, type) and issubclass(type_, Enum):
        return st.sampled_from(type_)
    if name in BY_NAME and type_ is not type(None) and not is_dataclass(type_):
        return BY_NAME[name]
    if type_ in BY_TYPE:
        return BY_TYPE[type_]
    if origin is tuple and args[-1] is not ...:
        return st.tuples(*(sample(each) for each in args))
    if origin in {tuple, list, Sequence}:
        return several(sample(args[0]), many=name in MANY)
    if origin in {frozenset, Collection}:
        return st.frozensets(sample(args[0]), max_size=3)
    if origin is Mapping:
        return st.dictionaries(sample(args[0]), sample(args[1]), max_size=9)
    raise LookupError(f"what does {name} look like, of type {type_}? Add it to BY_TYPE or BY_NAME")


@cache
def record(type_: Any) -> st.SearchStrategy[Any]:
    """Return what draws records of a dataclass."""
    types = get_type_hints(type_)
    of = {field.name: sample(types[field.name], field.name) for field in fields(type_)}
    return st.builds(type_, **of)


def several(each: st.SearchStrategy[Any], *, many: bool = False) -> st.SearchStrategy[Any]:
    """Return what draws a few, or also one of them very often."""
    few = st.lists(each, max_size=3).map(tuple)
    return few | each.map(lambda one: (one,) * 60) if many else few


BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    str: outside,
    int: st.integers(0, 2**40),
    float: st.floats(0, 2e9),
    bool: st.booleans(),
    ScannerProfile: st.sampled_from([ZSCALER, ACME]),
}
"""What values of a type look like, where its parts don't say it; grows below by records built of others."""

BY_NAME["answers"] = st.lists(sample(HashAnswer | NoAnswer), min_size=1, max_size=2)
BY_NAME["verdicts"] = st.lists(sample(CardVerdict), min_size=1, max_size=2).map(
    lambda shown: tuple({each.scanner.name: each for each in shown}.values())  # one of each scanner
)
BY_NAME["parts"] = st.fixed_dictionaries(
    {
        "results": sample(ResultsPart),
        "compliance": several(sample(Violation)),
        "verdicts": BY_NAME["verdicts"],
        "hosts": sample(HostsPart),
    }
)
BY_TYPE[Message] = sample(Card).map(lambda card: views.status(card, []))
BY_TYPE[HistoryQuery] = queries
BY_TYPE[Application] = st.builds(replace, record(Application), id=outside.map(lambda read: read[:150] or "-"))
BY_TYPE[Event] = st.builds(replace, record(Event), before=st.none())
