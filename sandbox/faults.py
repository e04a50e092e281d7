"""Faults: what a stand-in is told to do wrong, point by point.

A stand-in names its points ("chat.update", "download", "event.file_shared", "token", …) and asks
``take(point, facts)`` each time it passes one. A test, or a person over the control API, adds rules::

    faults.add("chat.update", status=429, retry_after=1, times=2)
    faults.add("download", cut_after=1000)
    faults.add("event.file_shared", drop=True)
    held = faults.add("download", hold=True, hold_after=4096, where={"file": "F1"})
    await held.reached()      # the stand-in is waiting now
    held.release()

Rules are tried in the order they were added; one that is used up (``times``) is passed over. What a field
of a fault means at a point is told by the stand-in; one that makes no sense there is not looked at.
This module knows nothing of any service.
"""

import asyncio
from collections.abc import Callable, Mapping
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
    """The rules that one stand-in looks at.

    ``changed`` is called after each change, so that whoever waits for something can look again.
    """

    def __init__(self, changed: Callable[[], None] | None = None) -> None:
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
        """Add a rule; ``what`` are the fields of ``Fault``, ``times=None`` is for ever.

        Raises:
            TypeError: there is no such field.
        """
        fault = Fault(gate=Gate() if hold else None, **what)
        rule = Rule(
            number=len(self._rules) + 1, point=point, where=dict(where or {}), left=times, fault=fault
        )
        self._rules.append(rule)
        self._changed()
        return rule

    def take(self, point: str, facts: Mapping[str, str] | None = None) -> Fault | None:
        """Return what goes wrong at a point this time, counting it as happened; ``None`` for nothing."""
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
