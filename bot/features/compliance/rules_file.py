"""Strict parser of the compliance rules file (TOML, see ``docs/policy.md``).

A mistyped rule would allow what it was written to prevent, so anything unknown is an error.
"""

import re
import tomllib
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bot.core.scan import Platform
from bot.errors import SettingsError
from bot.features.compliance.rules import Rule

MAX_BYTES = 64_000
MAX_RULES = 20
"""A violation message names all violated rules."""
MAX_ENTRIES = 200
MAX_MENTIONED = 10
NAME_LIMIT = 80
_ENTRY_LIMIT = 200
_MAX_COUNT = 10_000

_MENTIONED = re.compile(r"[UWS][A-Z0-9]{2,20}")
_WORD = re.compile(r"[A-Za-z_-]{1,32}")
_TWO_BRACKETS = "write [[rule]], in two brackets, above each rule."
_SCOPE = {"name", "tell", "apps", "platforms"}
_LISTS = ("no_sdks", "no_sdk_categories", "no_new_sdk_categories", "no_permissions")
_SWITCHES = ("no_new_sdks", "no_new_permissions")
_COUNTS = ("privacy_manifest_mismatches", "privacy_manifest_missing")
_ALLOWED = "high_risk_permissions_allowed"
_CONDITIONS = (*_LISTS, *_SWITCHES, *_COUNTS, _ALLOWED)
_KEYS = (*sorted(_SCOPE), *_CONDITIONS)

_Problem = Callable[[str], None]


def read(path: Path) -> tuple[Rule, ...]:
    """Read the rules in order.

    Raises:
        SettingsError: the file can't be read, or lists all problems; shows only names of rules and keys.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise _invalid(f"can't be read ({why}): check the path and who owns the file") from error
    if len(content) > MAX_BYTES:
        raise _invalid(f"is larger than {MAX_BYTES} bytes: is it the right file?")
    return parse(content)


def parse(content: bytes) -> tuple[Rule, ...]:
    """Parse a file's content; raises the errors of ``read``."""
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _invalid("is not UTF-8 text: save it as UTF-8") from error
    except ValueError as error:  # tomllib's own, or that of a number with too many digits
        place = re.search(r"\(at (line \d+, column \d+|end of document)\)", str(error))
        raise _invalid(f"is not valid TOML{f', at {place[1]}' if place else ''}") from None
    except RecursionError as error:
        raise _invalid("is nested too deeply: it is a list of [[rule]]") from error
    problems: list[str] = []
    if set(table) - {"rule"}:
        problems.append("The rules file may hold [[rule]] and nothing else: remove the rest.")
    entries = table.get("rule")
    if isinstance(entries, dict):
        raise SettingsError([*problems, f"The rules file holds [rule]: {_TWO_BRACKETS}"])
    if not isinstance(entries, list) or not entries or not all(isinstance(each, dict) for each in entries):
        raise SettingsError([*problems, "The rules file has no [[rule]]: write one, or unset APPSCAN_RULES."])
    if len(entries) > MAX_RULES:
        problems.append(f"The rules file holds {len(entries)} rules; {MAX_RULES} are the maximum.")
        raise SettingsError(problems)
    rules = [_rule(number, entry, problems) for number, entry in enumerate(entries, 1)]
    seen: set[str] = set()
    for number, rule in enumerate(rules, 1):
        if rule.name and rule.name.casefold() in seen:
            problems.append(f"The rules file, rule {number}: another rule has this name: give each its own.")
        seen.add(rule.name.casefold())
    if problems:
        raise SettingsError(problems)
    return tuple(rules)


def _rule(number: int, entry: dict[str, Any], problems: list[str]) -> Rule:
    """Parse a rule and append its problems; a rule with problems must not be used."""
    name = entry.get("name")
    named = isinstance(name, str) and 0 < len(name) <= NAME_LIMIT and name.isprintable() and name.strip()
    where = f'rule {number} ("{name}")' if named else f"rule {number}"

    def problem(what: str) -> None:
        problems.append(f"The rules file, {where}: {what}{'' if what.endswith('?') else '.'}")

    if not named:
        problem(f"name must be a text of 1 to {NAME_LIMIT} visible characters: it is what people read")
    for key in entry:
        if key not in _KEYS:
            meant = get_close_matches(key, _KEYS, n=1, cutoff=0.7)
            # In a wrong file a key can be anything, even a secret: only a word is repeated.
            shown = f"`{key}`" if _WORD.fullmatch(key) else "something in it"
            problem(f"{shown} is not a key" + (f"; did you mean `{meant[0]}`?" if meant else ""))
    if not any(key in entry for key in _CONDITIONS):
        problem(f"it checks nothing: add one of {', '.join(_CONDITIONS)}")
    allowed = _texts(entry, _ALLOWED, problem, may_be_empty=True) if _ALLOWED in entry else None
    platforms = _texts(entry, "platforms", problem)
    if not set(platforms) <= set(Platform):
        problem('platforms may hold "ios" and "android" and nothing else')
        platforms = ()
    elif set(platforms) == {Platform.ANDROID} and any(key in entry for key in _COUNTS):
        problem("only iOS apps have a privacy manifest, and iOS is not in platforms")
    tell = _texts(entry, "tell", problem)
    wrong = [str(place) for place, each in enumerate(tell, 1) if not _MENTIONED.fullmatch(each)]
    if len(tell) > MAX_MENTIONED:
        problem(f"tell may hold up to {MAX_MENTIONED} IDs, of people (U0123ABCD) or user groups (S0123ABCD)")
    elif wrong:
        problem(
            f"tell has an entry (number {', '.join(wrong)}) that is not an ID: copy the ID of the person "
            "(U0123ABCD) or the user group (S0123ABCD) from Slack"
        )
    conditions: dict[str, Any] = {key: _texts(entry, key, problem) for key in _LISTS}
    conditions |= {key: _switch(entry, key, problem) for key in _SWITCHES}
    conditions |= {key: _count(entry, key, problem) for key in _COUNTS}
    return Rule(
        name=name if isinstance(name, str) and named else "",
        tell=tuple(dict.fromkeys(tell)),
        apps=_texts(entry, "apps", problem),
        platforms=frozenset(map(Platform, platforms)),
        high_risk_permissions_allowed=allowed,
        **conditions,
    )


def _texts(
    entry: dict[str, Any], key: str, problem: _Problem, *, may_be_empty: bool = False
) -> tuple[str, ...]:
    if key not in entry:
        return ()
    value = entry[key]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        problem(f'{key} must be a list of texts, such as ["one", "another"]')
        return ()
    if not value and not may_be_empty:
        problem(f"{key} is empty: fill it, or remove it")
    if len(value) > MAX_ENTRIES:
        problem(f"{key} has more than {MAX_ENTRIES} entries")
        return ()
    for place, each in enumerate(value, 1):
        if not each.strip() or len(each) > _ENTRY_LIMIT or not each.isprintable():
            problem(f"{key} has an entry (number {place}) that is empty, too long or not printable")
        elif "[" in each or "]" in each:
            problem(f"{key} has an entry (number {place}) with brackets: only * and ? are wildcards")
    return tuple(value)


def _switch(entry: dict[str, Any], key: str, problem: _Problem) -> bool:
    if key in entry and entry[key] is not True:
        problem(f"{key} can only be true: remove it to switch it off")
    return key in entry


def _count(entry: dict[str, Any], key: str, problem: _Problem) -> int | None:
    value = entry.get(key)
    if key in entry and (type(value) is not int or not 0 <= value <= _MAX_COUNT):
        problem(f"{key} must be a whole number from 0 to {_MAX_COUNT}: the maximum to allow")
        return None
    return value


def _invalid(what: str) -> SettingsError:
    return SettingsError([f"The rules file {what}."])
