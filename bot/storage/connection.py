"""The open connection, and what features do in each other's transactions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlite_utils

from bot.core.scan import Scan


class Connection(sqlite_utils.Database):
    """A connection to the database; ``hooks`` act in its transactions."""

    hooks: tuple["RowHooks", ...] = ()


@dataclass(frozen=True, kw_only=True)
class RowHooks:
    """What one feature does in transactions that others begin; each function gets the open connection.

    Features name theirs in ``Feature.row_hooks``.
    """

    moved: Callable[[Connection, Scan, Scan, float], Sequence[str]] | None = None
    """After a scan's move ``(before, after, now)``; returns lines for the timeline."""
    facts: Callable[[Connection, Scan], Mapping[str, Any]] | None = None
    """Reads the fields of ``DecisionFacts`` that are this feature's."""
    decided: Callable[[Connection, Scan, Any, float], None] | None = None
    """After a decision ``(scan, decision, now)``."""
    completed: Callable[[Connection, int, Sequence[Any], float], None] | None = None
    """With a scan's results: ``(number, judgement, now)``, as the judge of the results returned it."""
    purge: Callable[[Connection, float], bool] | None = None
    """Removes what is older than a time and belongs to no scan; returns whether there was any."""
    forget: Callable[[Connection, str, str], None] | None = None
    """Replaces a person's ID by a stand-in, and removes what they wrote."""
