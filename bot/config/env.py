"""Declares settings as fields of records, reads them from environment variables, and collects all problems.

``variable()`` names a field's variable, parser and default, also for the tests of the documents. No problem
repeats a value, as any value could be a misplaced secret.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload

SECRET_MIN = 8
"""Characters of the shortest secret; hiding shorter ones would hide ordinary words in the log too."""
VISIBLE = re.compile(r"[\x21-\x7e]+")
"""Characters of tokens and addresses."""

_OURS, _SHARED = ("APPSCAN_", "ONETRUST_", "ZSCALER_"), "SLACK_"

T = TypeVar("T")


class Invalid(ValueError):  # noqa: N818 - reads as the verdict on a value
    """A value that can't be used; the message follows the variable's name and says what to do."""


@dataclass(frozen=True, repr=False, slots=True)
class Secret:
    """A text that only ``reveal()`` returns; printed as stars. False if empty."""

    _value: str

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"


@overload
def variable(name: str, parse: Callable[..., T], default: T, **bounds: Any) -> T: ...
@overload
def variable(name: str, parse: Callable[..., T], *, old_name: str = "", **bounds: Any) -> T | None: ...
def variable(
    name: str, parse: Callable[..., Any], default: Any = None, old_name: str = "", **bounds: Any
) -> Any:
    """Declare that a field is read from a variable by ``parse(value, **bounds)``, which raises ``Invalid``.

    A variable called ``old_name`` has the same meaning.
    """
    parse = partial(parse, **bounds)
    return field(metadata={"name": name, "parse": parse, "default": default, "old_name": old_name})


def declared(*records: type) -> dict[str, Field[Any]]:
    """Return the fields that are read from variables, by variable."""
    found = [each for record in records for each in fields(record) if each.metadata]
    return {each.metadata["name"]: each for each in found}


def secrets_in(record: Any) -> Iterator[str]:
    """Yield the secrets in a record and its records."""
    for each in fields(record):
        value = getattr(record, each.name)
        if isinstance(value, Secret):
            yield value.reveal()
        elif is_dataclass(value):
            yield from secrets_in(value)


class Reader:
    """Reads variables whose names start with one of ``prefixes``; all others count as unset."""

    def __init__(self, environ: Mapping[str, str], prefixes: tuple[str, ...]) -> None:
        self._values = {name: _bare(each) for name, each in environ.items() if name.startswith(prefixes)}
        self.problems: list[str] = []

    def problem(self, name: str, what: str) -> None:
        """Add a problem; ``what`` follows the variable's name."""
        self.problems.append(f"{name} {what}{'' if what.endswith('?') else '.'}")

    def require(self, name: str, what: str) -> None:
        """Add a problem if a variable is unset; ``what`` says what to do."""
        if not self.text(name):
            self.problem(name, f"is missing: {what}")

    def report_misspelt(self, environ: Mapping[str, str], known: Iterable[str]) -> tuple[str, ...]:
        """Add a problem for each unknown name close to a known one: a misspelt allow-list admits everyone.

        ``SLACK_…`` may be another tool's (``SLACK_API_TOKEN`` is close to ``SLACK_APP_TOKEN``), so those are
        returned as sentences instead.
        """
        warnings = []
        for name in environ:
            if name.startswith((*_OURS, _SHARED)) and name not in known:
                for meant in get_close_matches(name, known, n=1, cutoff=0.85):
                    what = f"is not a setting: did you mean {meant}?"
                    if name.startswith(_SHARED):
                        warnings.append(f"{name} {what}")
                    else:
                        self.problem(name, what)
        return tuple(warnings)

    def text(self, name: str) -> str:
        """Return a variable's value; empty if unset."""
        return self._values.get(name, "")

    def read(self, record: type[T], **others: Any) -> T:
        """Return a record with its declared fields (the default if unset or invalid) and ``others``."""
        found = {each.name: self._parse(**each.metadata) for each in declared(record).values()}
        return record(**found, **others)

    def _parse(self, name: str, parse: Callable[[str], Any], default: Any, old_name: str) -> Any:
        value, old_value = self.text(name), self.text(old_name)
        if value and old_value and value != old_value:
            self.problem(name, f"and {old_name}, its old name, differ: keep {name} alone")
        try:
            return parse(value or old_value) if value or old_value else default
        except Invalid as error:
            self.problem(name if value else old_name, str(error))
            return default


def visible(value: str) -> str:
    """Parse a text without blanks and control characters."""
    if not VISIBLE.fullmatch(value):
        raise Invalid("holds blanks or characters that can't be in it: copy it again")
    return value


def secret(value: str, begins: str = "") -> Secret:
    """Parse a token or a password without blanks."""
    if not visible(value).startswith(begins):
        raise Invalid(f"must begin with {begins}: another token was pasted here")
    if len(value) < SECRET_MIN:
        raise Invalid(f"is shorter than {SECRET_MIN} characters: copy it again")
    return Secret(value)


def number(value: str, least: int, most: int) -> int:
    """Parse a whole number within bounds, both included."""
    if not re.fullmatch(r"[0-9]{1,10}", value) or not least <= int(value) <= most:
        raise Invalid(f"must be a whole number from {least} to {most}")
    return int(value)


def choice(value: str, of: tuple[str, ...]) -> str:
    """Parse one of some words, whatever its case."""
    for each in of:
        if each.upper() == value.upper():
            return each
    raise Invalid(f"must be one of {', '.join(of)}")


def switch(value: str) -> bool:
    """Parse 1, which is on, or 0."""
    return choice(value, of=("0", "1")) == "1"


def words(value: str, of: tuple[str, ...]) -> frozenset[str]:
    """Parse a set of some words."""
    listed = frozenset(entries(value.lower()))
    if not listed <= set(of):
        raise Invalid(f"may hold {' and '.join(of)}, with a comma between, and nothing else")
    return listed


def shaped(value: str, shape: re.Pattern[str], what: str) -> str:
    """Parse a text of one shape."""
    if not shape.fullmatch(value):
        raise Invalid(f"is no {what}")
    return value


def ids(value: str, shape: re.Pattern[str], what: str) -> frozenset[str]:
    """Parse a set of IDs of one shape."""
    wrong = [str(place) for place, each in enumerate(entries(value), 1) if not shape.fullmatch(each)]
    if wrong:
        raise Invalid(f"has an entry (number {', '.join(wrong)}) that is no {what}")
    return frozenset(entries(value))


def path(value: str) -> Path:
    """Parse the path of a file, which need not exist."""
    # Unlike Path's, these tests don't raise an error that shows the value where it is too long for a name.
    if not value.isprintable() or value.startswith(("~", "file:", ":memory:")) or os.path.isdir(value):  # noqa: PTH112
        raise Invalid("must be the path of a file, written out in full (no ~, no file:)")
    return Path(value)


def existing_file(value: str) -> Path:
    """Parse the path of a file that exists."""
    if not value.isprintable() or not os.path.isfile(value):  # noqa: PTH113
        raise Invalid("must be the path of a file that exists and can be read")
    return Path(value)


def entries(value: str) -> list[str]:
    """Split a list at commas and blanks."""
    return [each for each in re.split(r"[,\s]+", value) if each]


def _bare(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return value
