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
_ALLOWED = "high_risk_permissions_allowed"
_COUNTS = ("privacy_manifest_mismatches", "privacy_manifest_missing")

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
    rules: list[Rule] = []
    entries = table.pop("rule", None)
    if table:
        problems.append("The rules file may hold [[rule]] and nothing else: remove the rest.")
    if isinstance(entries, dict):
        problems.append("The rules file holds [rule]: write [[rule]], in two brackets, above each rule.")
    elif not isinstance(entries, list) or not entries or not all(isinstance(each, dict) for each in entries):
        problems.append("The rules file has no [[rule]]: write one, or unset APPSCAN_RULES.")
    elif len(entries) > MAX_RULES:
        problems.append(f"The rules file holds {len(entries)} rules; {MAX_RULES} are the maximum.")
    else:
        rules = [_rule(number, entry, problems) for number, entry in enumerate(entries, 1)]
    names = [rule.name.casefold() for rule in rules]
    for number, name in enumerate(names, 1):
        if name and name in names[: number - 1]:
            problems.append(f"The rules file, rule {number}: another rule has this name: give each its own.")
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
    parsers = _SCOPE | _CONDITIONS
    for key in [each for each in entry if each not in {"name", *parsers}]:
        meant = get_close_matches(key, ("name", *parsers), n=1, cutoff=0.7)
        # In a wrong file a key can be anything, even a secret: only a word is repeated.
        shown = f"`{key}`" if _WORD.fullmatch(key) else "something in it"
        problem(f"{shown} is not a key" + (f"; did you mean `{meant[0]}`?" if meant else ""))
    if not entry.keys() & _CONDITIONS.keys():
        problem(f"it checks nothing: add one of {', '.join(_CONDITIONS)}")
    values = {key: parser(key, entry[key], problem) for key, parser in parsers.items() if key in entry}
    platforms, tell = set(values.get("platforms", ())), values.get("tell", ())
    if not platforms <= set(Platform):
        problem('platforms may hold "ios" and "android" and nothing else')
    elif platforms == {Platform.ANDROID} and any(key in entry for key in _COUNTS):
        problem("only iOS apps have a privacy manifest, and iOS is not in platforms")
    wrong = [str(place) for place, each in enumerate(tell, 1) if not _MENTIONED.fullmatch(each)]
    if len(tell) > MAX_MENTIONED:
        problem(f"tell may hold up to {MAX_MENTIONED} IDs, of people (U0123ABCD) or user groups (S0123ABCD)")
    elif wrong:
        problem(
            f"tell has an entry (number {', '.join(wrong)}) that is not an ID: copy the ID of the person "
            "(U0123ABCD) or the user group (S0123ABCD) from Slack"
        )
    values["tell"] = tuple(dict.fromkeys(tell))
    values["platforms"] = frozenset(each for each in Platform if each in platforms)
    return Rule(name=str(name) if named else "", **values)


def _texts(key: str, value: object, problem: _Problem) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        problem(f'{key} must be a list of texts, such as ["one", "another"]')
        return ()
    if not value and key != _ALLOWED:
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


def _switch(key: str, value: object, problem: _Problem) -> bool:
    if value is not True:
        problem(f"{key} can only be true: remove it to switch it off")
    return True


def _count(key: str, value: Any, problem: _Problem) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_COUNT:
        problem(f"{key} must be a whole number from 0 to {_MAX_COUNT}: the maximum to allow")
        return 0
    return value


def _invalid(what: str) -> SettingsError:
    return SettingsError([f"The rules file {what}."])


_Parser = Callable[[str, Any, _Problem], Any]
_SCOPE: dict[str, _Parser] = dict.fromkeys(("apps", "platforms", "tell"), _texts)
_CONDITIONS: dict[str, _Parser] = {
    **dict.fromkeys(("no_sdks", "no_sdk_categories", "no_new_sdk_categories", "no_permissions"), _texts),
    **dict.fromkeys(("no_new_sdks", "no_new_permissions"), _switch),
    **dict.fromkeys(_COUNTS, _count),
    _ALLOWED: _texts,
}
