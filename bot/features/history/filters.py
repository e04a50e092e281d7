"""Parser for the filters of ``/appscan history``.

``app:`` ``platform:`` ``status:`` ``by:`` ``in:`` ``since:`` ``until:`` ``sdk:``
``violation:`` ``result:`` and free words, in any order; quotes keep words together. Accepts keys in any
case, a space after the colon, and the typographic quotes and dashes of phones.
"""

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from bot.core import identifiers
from bot.core.scan import OPEN, State
from bot.errors import UsageError
from bot.features.history.models import ANY_VIOLATION, OPEN_VIOLATION, HistoryQuery
from bot.features.results.models import POLLED, ResultState

TEXT_LIMIT: Final = 300
"""Maximum length of the filters; longer ones are rejected."""

SDK_LIMIT: Final = 100
"""Maximum length of an SDK's name; the rest is ignored."""

EXAMPLE: Final = "/appscan history platform:ios status:failed since:7d"

_ALIASES: Final = {"os": "platform", "state": "status", "from": "by", "channel": "in", "breach": "violation"}
_STATES: Final[dict[str, frozenset[State]]] = {state.value: frozenset({state}) for state in State} | {
    **dict.fromkeys(("ok", "done", "success", "succeeded", "successful"), frozenset({State.SUBMITTED})),
    **dict.fromkeys(("fail", "error"), frozenset({State.FAILED})),
    **dict.fromkeys(("canceled", "dismissed"), frozenset({State.CANCELLED})),
    **dict.fromkeys(("unsure", "unknown"), frozenset({State.UNCERTAIN})),
    **dict.fromkeys(("open", "running", "pending"), OPEN | {State.WAITING, State.ASKING}),
}
_RESULTS: Final = {state.value: state for state in ResultState if state not in POLLED}
_UNITS: Final = {
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}

_TYPED: Final = str.maketrans(
    dict.fromkeys("“”„‟«»＂", '"') | dict.fromkeys("‐‑‒–—―−", "-") | {"：": ":", "，": ","}
)
_KEYS: Final = ("app", "platform", "status", "by", "in", "since", "until", "sdk", "violation", "result")
_NEEDS: Final = {
    "violation": "`open`, `any` or a part of a rule's name",
    "result": ", ".join(f"`{each}`" for each in _RESULTS),
}
_YEARS: Final = (1971, 2999)
_TOKEN: Final = re.compile(
    r"(?:(?P<key>[^\W\d_]+)\s*:(?!//)\s*)?"
    r'(?:"(?P<quoted>[^"]*)"?|(?P<tag><[@#][^<>]*>)'
    rf'|(?!(?:{"|".join((*_KEYS, *_ALIASES))})\s*:)(?P<bare>[^\s"]+))?',
    re.IGNORECASE,
)
_PERSON: Final = re.compile(r"<@([UWB][A-Z0-9]{1,30})(?:\|[^<>]*)?>|@?([UWB][A-Z0-9]{6,30})")
_CHANNEL: Final = re.compile(r"<#([CDG][A-Z0-9]{1,30})(?:\|[^<>]*)?>|#?([CDG][A-Z0-9]{6,30})")
_WORD: Final = re.compile(r'"([^"]*)"?|([^\s"]+)')
_AGO: Final = re.compile(r"([0-9]{1,5})\s*([a-z]+)")
_DATE: Final = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")


@dataclass(frozen=True, kw_only=True)
class _Asker:
    """Who asks, where and when: filters can depend on it."""

    now: float
    tz: tzinfo
    me: str | None
    here: str | None


def parse(
    text: str, *, now: float, tz: tzinfo, me: str | None = None, here: str | None = None
) -> HistoryQuery:
    """Parse filters; ``me`` is the user meant by ``by:me``, ``here`` the channel meant by ``in:here``.

    Raises:
        UsageError: a filter is unknown, repeated or invalid; carries an example.
    """
    if len(text) > TEXT_LIMIT:
        raise UsageError(f"That is too long: filters have at most {TEXT_LIMIT} characters.", example=EXAMPLE)
    asker = _Asker(now=now, tz=tz, me=me, here=here)
    query, seen = HistoryQuery(), set[str]()
    for key, value in _filters(text):
        if key in seen and key not in {"", "status"}:
            raise UsageError(f"`{key}:` is there twice; use it once.", example=EXAMPLE)
        seen.add(key)
        query = _READERS[key](query, value, asker)
    if query.since is not None and query.until is not None and query.since >= query.until:
        raise UsageError(
            "`since:` is after `until:`, so nothing can match.",
            example="/appscan history since:2026-11-01 until:2026-11-30",
        )
    return query


def words(text: str) -> list[str]:
    """Split text into words; quotes keep words together."""
    return [match[1] or match[2] for match in _WORD.finditer(_shown(text)) if match[1] or match[2]]


def sdk_name(text: str) -> str:
    """Parse a part of an SDK's name, vendor or package ID.

    Raises:
        UsageError: it has no letters or digits.
    """
    name = " ".join(words(text))[:SDK_LIMIT].strip()
    if not any(character.isalnum() for character in name):
        raise UsageError(
            "Name an SDK: a part of its name, its vendor or its package ID.",
            example="/appscan sdk firebase",
        )
    return name


def _filters(text: str) -> Iterator[tuple[str, str]]:
    """Yield each filter's canonical key and its value; free words have an empty key."""
    matches = [match for match in _TOKEN.finditer(_shown(text)) if match[0].strip()]
    while matches:
        match = matches.pop(0)
        value = match["quoted"] or match["tag"] or match["bare"] or ""
        if match["key"] is None:
            key = {"<@": "by", "<#": "in"}.get((match["tag"] or "")[:2], "")
            yield from ((key, each) for each in ([value] if match["quoted"] else value.split(",")))
            continue
        key = _key(match["key"])
        while matches and matches[0]["key"] is None and _continues(key, value, matches[0]["bare"] or ""):
            value += matches.pop(0)["bare"]
        if not value.strip():
            raise UsageError(f"`{key}:` needs {_NEEDS.get(key, 'something')} after it.", example=EXAMPLE)
        yield key, value.strip()


def _shown(text: str) -> str:
    """Undo Slack's escapes and typographic characters; drop invisible characters."""
    characters = identifiers.unwrapped(text).translate(_TYPED)
    return "".join(
        " " if each.isspace() else each for each in characters if each.isspace() or each.isprintable()
    )


def _continues(key: str, value: str, following: str) -> bool:
    """Return whether a value continues after a space: ``status:failed, rejected``, ``since: 7 days``."""
    if key == "status":
        return value.endswith(",") or following.startswith(",")
    return key in {"since", "until"} and value.isdecimal() and following.lower() in _UNITS


def _key(typed: str) -> str:
    key = typed.lower()
    key = _ALIASES.get(key, key)
    if key in _KEYS:
        return key
    near = difflib.get_close_matches(key, [*_KEYS, *_ALIASES], n=1)
    raise UsageError(
        f"There is no such filter. Did you mean `{near[0]}:`?"
        if near
        else "There is no such filter. There are "
        + ", ".join(f"`{each}:`" for each in _KEYS)
        + "; put a colon that belongs to a name in quotes.",
        example=EXAMPLE,
    )


def _word(query: HistoryQuery, value: str, _asker: _Asker) -> HistoryQuery:
    if not any(character.isalnum() for character in value):
        return query
    return replace(query, words=(*query.words, value.strip()))


def _app(query: HistoryQuery, value: str, _asker: _Asker) -> HistoryQuery:
    try:
        return replace(query, app=identifiers.bundle_id(value))  # app IDs are valid bundle IDs too
    except UsageError:
        raise UsageError(
            "`app:` takes an app ID or a bundle identifier.", example="/appscan history app:com.example.shop"
        ) from None


def _platform(query: HistoryQuery, value: str, _asker: _Asker) -> HistoryQuery:
    try:
        return replace(query, platform=identifiers.platform(value))
    except UsageError:
        raise UsageError(
            "`platform:` is `ios` or `android`.", example="/appscan history platform:ios"
        ) from None


def _status(query: HistoryQuery, value: str, _asker: _Asker) -> HistoryQuery:
    states = query.states
    for each in value.lower().split(","):
        word = each.strip()
        if not word:
            continue
        if word not in _STATES:
            near = difflib.get_close_matches(word, _STATES, n=1)
            raise UsageError(
                f"There is no such status. Did you mean `{near[0]}`?"
                if near
                else "There is no such status. There are "
                + ", ".join(f"`{each}`" for each in ("open", *State))
                + ".",
                example="/appscan history status:failed",
            )
        states |= _STATES[word]
    if not states:
        raise UsageError("`status:` needs something after it.", example="/appscan history status:failed")
    return replace(query, states=states)


def _by(query: HistoryQuery, value: str, asker: _Asker) -> HistoryQuery:
    if value.lower() in {"me", "@me"} and asker.me is not None:
        return replace(query, by=asker.me)
    found = _PERSON.fullmatch(value)
    if not found:
        raise UsageError(
            "`by:` takes a person: type @ and pick them from the list, or type `by:me`.",
            example="/appscan history by:me since:7d",
        )
    return replace(query, by=found[1] or found[2])


def _in(query: HistoryQuery, value: str, asker: _Asker) -> HistoryQuery:
    if value.lower() in {"here", "#here"} and asker.here is not None:
        return replace(query, channel=asker.here)
    found = _CHANNEL.fullmatch(value)
    if not found:
        raise UsageError(
            "`in:` takes a channel: type # and pick it from the list, or type `in:here`.",
            example="/appscan history in:here since:7d",
        )
    return replace(query, channel=found[1] or found[2])


def _sdk(query: HistoryQuery, value: str, _asker: _Asker) -> HistoryQuery:
    return replace(query, sdk=sdk_name(value))


def _violation(query: HistoryQuery, value: str, _asker: _Asker) -> HistoryQuery:
    keyword = value.lower()
    return replace(query, violation=keyword if keyword in {OPEN_VIOLATION, ANY_VIOLATION} else value)


def _result(query: HistoryQuery, value: str, _asker: _Asker) -> HistoryQuery:
    if value.lower() not in _RESULTS:
        raise UsageError(
            f"There is no such result. There are {_NEEDS['result']}.",
            example="/appscan history result:failed",
        )
    return replace(query, result=_RESULTS[value.lower()])


def _since(query: HistoryQuery, value: str, asker: _Asker) -> HistoryQuery:
    found = _moment(value, "since", asker)
    return replace(query, since=_midnight(found, asker) if isinstance(found, date) else found)


def _until(query: HistoryQuery, value: str, asker: _Asker) -> HistoryQuery:
    found = _moment(value, "until", asker)
    return replace(
        query, until=_midnight(found + timedelta(days=1), asker) if isinstance(found, date) else found
    )


def _moment(value: str, key: str, asker: _Asker) -> date | float:
    """Parse a day or an age: ``2026-11-01``, ``today``, ``yesterday``, ``24h``, ``7d``, ``2w``."""
    typed = value.lower()
    today = datetime.fromtimestamp(asker.now, asker.tz).date()
    if typed in {"today", "yesterday"}:
        return today - timedelta(days=typed == "yesterday")
    ago = _AGO.fullmatch(typed)
    if ago and ago[2] in _UNITS:
        return max(0.0, asker.now - int(ago[1]) * _UNITS[ago[2]].total_seconds())
    day = _DATE.fullmatch(typed)
    example = f"/appscan history {key}:{today.isoformat()}"
    if not day:
        raise UsageError(
            f"`{key}:` takes a day (`2026-11-01`, `today`, `yesterday`) or an age (`24h`, `7d`, `2w`).",
            example=example,
        )
    try:
        found = date(int(day[1]), int(day[2]), int(day[3]))
    except ValueError:
        found = date.min
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        raise UsageError(f"`{key}:` has an invalid date.", example=example)
    return found


def _midnight(day: date, asker: _Asker) -> float:
    """Return the start of a day in the asker's time zone, including its changes of clocks."""
    return datetime(day.year, day.month, day.day, tzinfo=asker.tz).timestamp()


_READERS: Final[dict[str, Callable[[HistoryQuery, str, _Asker], HistoryQuery]]] = {
    "": _word,
    "app": _app,
    "platform": _platform,
    "status": _status,
    "by": _by,
    "in": _in,
    "since": _since,
    "until": _until,
    "sdk": _sdk,
    "violation": _violation,
    "result": _result,
}
