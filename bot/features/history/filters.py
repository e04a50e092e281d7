"""Parser for the filters of ``/appscan history``.

``app:`` ``platform:`` ``status:`` ``by:`` ``in:`` ``since:`` ``until:`` ``sdk:``
``violation:`` ``result:`` and free words, in any order; quotes keep words together. Accepts keys in any
case, a space after the colon, and the typographic quotes and dashes of phones.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

from bot.core import identifiers
from bot.core.scan import OPEN, Platform, State
from bot.errors import UsageError
from bot.features.history.models import ANY_VIOLATION, OPEN_VIOLATION, HistoryQuery
from bot.features.results.models import POLLED, ResultState

TEXT_LIMIT: Final = 300
"""Maximum length of the filters; longer ones are rejected."""

SDK_LIMIT: Final = 100
"""Maximum length of an SDK's name; the rest is ignored."""

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
_VALUES: Final = {
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
_MENTIONS: Final = {"by": (_PERSON, "person", "@", "me"), "in": (_CHANNEL, "channel", "#", "here")}
_WORD: Final = re.compile(r'"([^"]*)"?|([^\s"]+)')
_AGO: Final = re.compile(r"([0-9]{1,5})\s*([a-z]+)")
_DATE: Final = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")


def parse(
    text: str, *, now: float, tz: tzinfo, me: str | None = None, here: str | None = None
) -> HistoryQuery:
    """Parse filters; ``me`` is the user meant by ``by:me``, ``here`` the channel meant by ``in:here``.

    Raises:
        UsageError: a filter is unknown, repeated or invalid; carries an example.
    """
    if len(text) > TEXT_LIMIT:
        raise _invalid(f"That is too long: filters have at most {TEXT_LIMIT} characters.")
    words: list[str] = []
    typed: dict[str, str] = {}
    for key, value in _filters(text):
        if not key:
            words += [value.strip()] if _has_letters(value) else []
        elif key in typed and key != "status":
            raise _invalid(f"`{key}:` is there twice; use it once.")
        else:
            typed[key] = f"{typed[key]},{value}" if key in typed else value
    readers: dict[str, tuple[str, Callable[[str], object]]] = {
        "app": ("app", _app),
        "platform": ("platform", _platform),
        "status": ("states", _states),
        "by": ("by", lambda value: _mention("by", value, me)),
        "in": ("channel", lambda value: _mention("in", value, here)),
        "since": ("since", lambda value: _moment("since", value, now, tz)),
        "until": ("until", lambda value: _moment("until", value, now, tz)),
        "sdk": ("sdk", sdk_name),
        "violation": ("violation", _violation),
        "result": ("result", _result),
    }
    fields: dict[str, Any] = {readers[key][0]: readers[key][1](value) for key, value in typed.items()}
    query = HistoryQuery(words=tuple(words), **fields)
    if query.since is not None and query.until is not None and query.since >= query.until:
        example = "since:2026-11-01 until:2026-11-30"
        raise _invalid("`since:` is after `until:`, so nothing can match.", example)
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
    if not _has_letters(name):
        raise UsageError(
            "Name an SDK: a part of its name, its vendor or its package ID.",
            example="/appscan sdk firebase",
        )
    return name


def _invalid(message: str, filters: str = "platform:ios status:failed since:7d") -> UsageError:
    return UsageError(message, example=f"/appscan history {filters}")


def _has_letters(text: str) -> bool:
    return any(character.isalnum() for character in text)


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
        if not value.strip(" ," if key == "status" else None):
            raise _invalid(f"`{key}:` needs {_VALUES.get(key, 'something')} after it.")
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
    if key not in _KEYS:
        listed = ", ".join(f"`{each}:`" for each in _KEYS)
        known = f"There are {listed}; put a colon that belongs to a name in quotes."
        raise _unknown("filter", key, [*_KEYS, *_ALIASES], known, ":")
    return key


def _unknown(what: str, typed: str, names: Iterable[str], known: str, suffix: str = "") -> UsageError:
    near = difflib.get_close_matches(typed, list(names), n=1)
    hint = f"Did you mean `{near[0]}{suffix}`?" if near else known
    return _invalid(f"There is no such {what}. {hint}")


def _app(value: str) -> str:
    try:
        return identifiers.bundle_id(value)  # app IDs are valid bundle IDs too
    except UsageError:
        example = "app:com.example.shop"
        raise _invalid("`app:` takes an app ID or a bundle identifier.", example) from None


def _platform(value: str) -> Platform:
    try:
        return identifiers.platform(value)
    except UsageError:
        raise _invalid("`platform:` is `ios` or `android`.", "platform:ios") from None


def _states(value: str) -> frozenset[State]:
    states: frozenset[State] = frozenset()
    for word in filter(None, map(str.strip, value.lower().split(","))):
        if word not in _STATES:
            known = f"There are {', '.join(f'`{each}`' for each in ('open', *State))}."
            raise _unknown("status", word, _STATES, known)
        states |= _STATES[word]
    return states


def _mention(key: str, value: str, here: str | None) -> str:
    """Parse a person or a channel; ``here`` is the ID meant by ``me`` or ``here``."""
    pattern, kind, mark, keyword = _MENTIONS[key]
    if here is not None and value.lower() in {keyword, mark + keyword}:
        return here
    found = pattern.fullmatch(value)
    if not found:
        ways = f"type {mark} and pick from the list, or type `{key}:{keyword}`."
        raise _invalid(f"`{key}:` takes a {kind}: {ways}", f"{key}:{keyword} since:7d")
    return str(found[1] or found[2])


def _violation(value: str) -> str:
    keyword = value.lower()
    return keyword if keyword in {OPEN_VIOLATION, ANY_VIOLATION} else value


def _result(value: str) -> ResultState:
    if value.lower() not in _RESULTS:
        raise _invalid(f"There is no such result. There are {_VALUES['result']}.", "result:failed")
    return _RESULTS[value.lower()]


def _moment(key: str, value: str, now: float, tz: tzinfo) -> float:
    """Parse an age (``24h``, ``7d``, ``2w``) or a day (``2026-11-01``, ``today``, ``yesterday``).

    A day is its start in the time zone, including its changes of clocks; for ``until`` the start of the next.
    """
    typed = value.lower()
    today = datetime.fromtimestamp(now, tz).date()
    example = f"{key}:{today.isoformat()}"
    if (ago := _AGO.fullmatch(typed)) and ago[2] in _UNITS:
        return max(0.0, now - int(ago[1]) * _UNITS[ago[2]].total_seconds())
    if typed in {"today", "yesterday"}:
        day = today - timedelta(days=typed == "yesterday")
    elif found := _DATE.fullmatch(typed):
        try:
            day = date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            day = date.min
        if not _YEARS[0] <= day.year <= _YEARS[1]:
            raise _invalid(f"`{key}:` has an invalid date.", example)
    else:
        days, ages = "`2026-11-01`, `today`, `yesterday`", "`24h`, `7d`, `2w`"
        raise _invalid(f"`{key}:` takes a day ({days}) or an age ({ages}).", example)
    day += timedelta(days=key == "until")
    return datetime(day.year, day.month, day.day, tzinfo=tz).timestamp()
