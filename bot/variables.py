"""Reading variables one by one, and keeping what is wrong with them."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from bot.addresses import VISIBLE, url_problem

SECRET_MIN = 8
"""Characters that a secret has at least: hiding a shorter one in the log would eat ordinary words."""

_PLACEHOLDER = "customer.my.onetrust.com"


@dataclass(frozen=True, repr=False, slots=True)
class Secret:
    """A text that is given out by ``reveal()`` only: printing it shows stars. False where it is empty."""

    _value: str

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"


class Reader:
    """Reads variables and collects what is wrong; repeats no value, as any could be a misplaced secret."""

    def __init__(self, environ: Mapping[str, str], known: Collection[str], wanted: Collection[str]) -> None:
        self._values = {name: _bare(environ.get(name, "")) if name in wanted else "" for name in known}
        self.problems: list[str] = []
        for name in environ:
            if name.startswith(("APPSCAN_", "ONETRUST_", "ZSCALER_")) and name not in known:
                # A mistyped allow-list would otherwise let everybody in without a word.
                for meant in get_close_matches(name, known, n=1, cutoff=0.85):
                    self.problem(name, f"is not a setting; {meant} is: rename it")

    def problem(self, name: str, what: str) -> None:
        """Keep what is wrong with a variable: ``what`` follows its name."""
        self.problems.append(f"{name} {what}.")

    def require(self, name: str, what: str) -> None:
        """Keep that a variable is missing, and what to do."""
        if not self._values[name]:
            self.problem(name, f"is missing: {what}")

    def text(self, name: str) -> str:
        """Return the value as it is."""
        return self._values[name]

    def visible(self, name: str) -> str:
        """Return a value of visible signs alone."""
        value = self._values[name]
        if value and not VISIBLE.fullmatch(value):
            self.problem(name, "holds blanks or signs that can't be in it: copy it again")
            return ""
        return value

    def secret(self, name: str, begins: str = "") -> Secret | None:
        """Return a secret, which begins as given."""
        value = self.visible(name)
        if value and not value.startswith(begins):
            self.problem(name, f"must begin with {begins}: another token was pasted here")
        elif value and len(value) < SECRET_MIN:
            self.problem(name, f"is shorter than {SECRET_MIN} characters: copy it again")
        return Secret(value) if value else None

    def url(self, name: str) -> str:
        """Return a web address without query and fragment."""
        value = self._values[name]
        problem = url_problem(value) if value else ""
        parts = urlsplit(value) if not problem else urlsplit("")
        if name == "ONETRUST_URL" and parts.hostname == _PLACEHOLDER:
            problem = f"is OneTrust's example: put your own environment in place of {_PLACEHOLDER}"
        elif name == "ONETRUST_URL" and parts.path not in ("", "/"):
            problem = "must end after the host, such as https://app-eu.onetrust.com"
        elif parts.query or parts.fragment:
            problem = "must hold no ? and no #"
        if problem:
            self.problem(name, problem)
            return ""
        return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}" if value else ""

    def template(self, name: str) -> str:
        """Return an address that may hold a request ID."""
        value = self._values[name]
        rest = value.replace("{request_id}", "0")
        problem = url_problem(rest, plain=True) if value else ""
        if not problem and re.search(r"[{}<>|\"\\]", rest):
            problem = 'may hold {request_id}, and no other braces and none of < > | " and \\'
        if problem:
            self.problem(name, problem)
        return value

    def number(self, name: str, least: int, most: int) -> int | None:
        """Return a whole number within bounds, both included; ``None`` where it is not set."""
        value = self._values[name]
        if not value:
            return None
        if not re.fullmatch(r"[0-9]{1,10}", value) or not least <= int(value) <= most:
            self.problem(name, f"must be a whole number from {least} to {most}")
            return None
        return int(value)

    def choice(self, name: str, default: str, *others: str) -> str:
        """Return one of the words given, the first where none is set."""
        value = self._values[name]
        for choice in (default, *others):
            if value.upper() == choice.upper():
                return choice
        if value:
            self.problem(name, f"must be one of {', '.join((default, *others))}")
        return default

    def shaped(self, name: str, shape: re.Pattern[str], what: str) -> str | None:
        """Return what has a shape."""
        value = self._values[name]
        if value and not shape.fullmatch(value):
            self.problem(name, f"is no {what}")
        return value or None

    def words(self, name: str, *known: str) -> frozenset[str]:
        """Return a set of the words that are known."""
        words = [word.lower() for word in re.split(r"[,\s]+", self._values[name]) if word]
        if not set(words) <= set(known):
            self.problem(name, f"may hold {' and '.join(known)}, with a comma between, and nothing else")
        return frozenset(words)

    def routes(self, name: str) -> tuple[str, ...]:
        """Return the routes in their order."""
        routes = tuple(word.lower() for word in re.split(r"[,\s]+", self._values[name]) if word)
        if not set(routes) <= {"webhook", "ftp", "direct"} or len(set(routes)) < len(routes):
            self.problem(name, "may hold webhook, ftp and direct, each once, with commas between them")
            routes = ()
        return routes or ("webhook", "ftp")

    def path(self, name: str, default: str) -> Path:
        """Return the path of a file."""
        value = self._values[name] or default
        if not value.isprintable() or value.startswith(("~", "file:", ":memory:")) or Path(value).is_dir():
            self.problem(name, "must be the path of a file, written out in full (no ~, no file:)")
        return Path(value)

    def existing(self, name: str) -> Path | None:
        """Return the path of a file that is there."""
        value = self._values[name]
        if not value:
            return None
        if not value.isprintable() or not Path(value).is_file():
            self.problem(name, "must be the path of a file that is there and can be read")
            return None
        return Path(value)

    def switch(self, name: str) -> bool:
        """Tell whether something is switched on: 1 is on; 0, and nothing, is off."""
        return self.choice(name, "0", "1") == "1"

    def ids(self, name: str, shape: re.Pattern[str], what: str) -> frozenset[str]:
        """Return a set of IDs of one shape."""
        ids = [entry for entry in re.split(r"[,\s]+", self._values[name]) if entry]
        for place, entry in enumerate(ids, 1):
            if not shape.fullmatch(entry):
                self.problem(name, f"has an entry (number {place}) that is no {what}")
        return frozenset(ids)


def _bare(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return value
