"""Faults: what a stand-in is told to do wrong, point by point.

A stand-in declares its points ("chat.update", "download", "event.file_shared", "token", …) in a tuple
``POINTS`` beside the code that passes them, and asks ``take(point, facts)`` each time it does. A test, or a
person over the control API, adds rules::

    faults.add("chat.update", status=429, retry_after=1, times=2)
    faults.add("download", cut_after=1000)
    faults.add("event.file_shared", drop=True)
    held = faults.add("download", hold=True, hold_after=4096, where={"file": "F1"})
    await held.reached()      # the stand-in is waiting now
    held.release()

Rules are tried in the order they were added; one that is used up (``times``) is passed over. A rule for a
point that is not there, or with a field that means nothing there, is refused. What each field means where is
told in ``docs/sandbox.md``. This module knows nothing of any service.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


class Gate:
    """Holds whoever comes until it is released."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._open = asyncio.Event()

    async def wait(self) -> None:
        """Be held here until ``release``; for the stand-in."""
        self._reached.set()
        await self._open.wait()

    async def reached(self) -> None:
        """Wait until somebody is held here, or was."""
        await self._reached.wait()

    @property
    def is_reached(self) -> bool:
        """Whether somebody is held here, or was."""
        return self._reached.is_set()

    def release(self) -> None:
        """Let all pass, now and later."""
        self._open.set()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong, once. A field that is not set changes nothing."""

    status: int | None = None
    """Answer with this HTTP status."""
    error: str | None = None
    """Answer with this error, in the service's own way of saying it."""
    retry_after: float | None = None
    """``Retry-After`` of the answer, in seconds."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """More headers of the answer, or others in their place."""
    body: str | None = None
    """Answer with this text."""
    content_type: str | None = None
    """Of the answer."""
    location: str | None = None
    """Redirect to here; with ``status``, or 302."""
    cut_after: int | None = None
    """Close the connection after this many bytes (of what is sent, or of what is read, by the point)."""
    content_length: int | None = None
    """Say this length, whatever is sent."""
    drop: bool = False
    """Do nothing and say nothing: the event is not sent, the connection is closed without an answer."""
    answer_lost: bool = False
    """Do the work, then close the connection without an answer."""
    reset: bool = False
    """Where the connection is closed, reset it (RST) rather than end it in order (FIN)."""
    copies: int = 1
    """How often it is done or sent; 2 is a duplicate."""
    value: Any = None
    """Whatever else a point wants to know."""
    gate: Gate | None = None
    """Wait here before going on, see ``hold_after``."""
    hold_after: int = 0
    """How many bytes pass before ``gate``."""

    async def hold(self) -> None:
        """Wait at the gate, where there is one."""
        if self.gate is not None:
            await self.gate.wait()


@dataclass(frozen=True, kw_only=True)
class Point:
    """A place in a stand-in where something can go wrong, and the fields of ``Fault`` it looks at there."""

    name: str
    fields: frozenset[str]
    """As ``Faults.add`` takes them: ``hold`` stands for ``gate``."""


def points(names: Iterable[str], *fields: str) -> tuple[Point, ...]:
    """Return points that look at the same fields."""
    return tuple(Point(name=name, fields=frozenset(fields)) for name in names)


@dataclass(eq=False, kw_only=True)
class Rule:
    """A fault, where it happens, and how often it still will."""

    number: int
    point: str
    """The name of a point, or a pattern such as ``event.*``."""
    where: Mapping[str, str]
    """What must be so of the facts told at the point."""
    left: int | None
    """How many times it still happens; ``None`` for ever."""
    fault: Fault
    used: int = 0

    def fits(self, point: str, facts: Mapping[str, str]) -> bool:
        """Tell whether it happens here and now."""
        return (
            self.left != 0
            and fnmatchcase(point, self.point)
            and all(facts.get(name) == wanted for name, wanted in self.where.items())
        )

    async def reached(self) -> None:
        """Wait until somebody is held by this rule; returns at once where it holds nobody."""
        if self.fault.gate is not None:
            await self.fault.gate.reached()

    def release(self) -> None:
        """Let those go on that this rule holds."""
        if self.fault.gate is not None:
            self.fault.gate.release()

    def cancel(self) -> None:
        """Let it happen no more, and let go those that it holds."""
        self.left = 0
        self.release()


class Faults:
    """The rules that one stand-in looks at, for the points that it has.

    ``changed`` is called after each change, so that whoever waits for something can look again.
    """

    def __init__(self, points: Iterable[Point], changed: Callable[[], None] | None = None) -> None:
        self.points: Mapping[str, Point] = {point.name: point for point in points}
        """By their names."""
        self._rules: list[Rule] = []
        self._changed = changed or (lambda: None)

    def add(
        self,
        point: str,
        *,
        times: int | None = 1,
        where: Mapping[str, str] | None = None,
        hold: bool = False,
        **what: Any,
    ) -> Rule:
        """Add a rule for a point, or for all that fit a pattern such as ``event.*``.

        ``what`` are the fields of ``Fault``, ``times=None`` is for ever.

        Raises:
            LookupError: there is no such point.
            TypeError: there is no such field, or none of the points looks at it.
        """
        found = [known for known in self.points.values() if fnmatchcase(known.name, point)]
        if not found:
            raise LookupError(f"no point is named {point}; there are {', '.join(sorted(self.points))}")
        fields = frozenset[str]().union(*(known.fields for known in found))
        if unread := {*what, *(["hold"] if hold else [])} - fields:
            told = f"{', '.join(sorted(unread))} at {point}: it looks at {', '.join(sorted(fields))}"
            raise TypeError(f"nothing is made of {told}")
        fault = Fault(gate=Gate() if hold else None, **what)
        rule = Rule(
            number=len(self._rules) + 1, point=point, where=dict(where or {}), left=times, fault=fault
        )
        self._rules.append(rule)
        self._changed()
        return rule

    def take(self, point: str, facts: Mapping[str, str] | None = None) -> Fault | None:
        """Return what goes wrong at a point this time, counting it as happened; ``None`` for nothing.

        Raises:
            LookupError: the stand-in has not declared the point.
        """
        if point not in self.points:
            raise LookupError(f"{point} is not declared")
        for rule in self._rules:
            if rule.fits(point, facts or {}):
                rule.used += 1
                if rule.left is not None:
                    rule.left -= 1
                self._changed()
                return rule.fault
        return None

    def rule(self, number: int) -> Rule:
        """Return a rule by its number, as the control API names it.

        Raises:
            KeyError: there is none.
        """
        for rule in self._rules:
            if rule.number == number:
                return rule
        raise KeyError(number)

    def clear(self) -> None:
        """Cancel every rule."""
        for rule in self._rules:
            rule.cancel()
        self._changed()
