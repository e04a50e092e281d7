"""What repositories are made of: methods that get the open connection, in the database's thread."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from bot.core.ports import Clock
from bot.storage.connection import Connection
from bot.storage.database import Database


@dataclass(eq=False, repr=False)
class Repository:
    """The rows of a feature."""

    database: Database
    clock: Clock


Owner = TypeVar("Owner", bound=Repository)
P = ParamSpec("P")
T = TypeVar("T")


def reads(
    work: Callable[Concatenate[Owner, Connection, P], T],
) -> Callable[Concatenate[Owner, P], Coroutine[Any, Any, T]]:
    """Decorate a method that reads: callers await it without the connection, which ``Database.read`` adds.

    It runs in the database's thread, so arguments must not change meanwhile.
    """

    @wraps(work)
    async def method(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.database.read(lambda db: work(self, db, *args, **kwargs))

    return method


def writes(
    work: Callable[Concatenate[Owner, Connection, P], T],
) -> Callable[Concatenate[Owner, P], Coroutine[Any, Any, T]]:
    """Decorate a method that writes, in a transaction of its own: as ``reads``, by ``Database.write``."""

    @wraps(work)
    async def method(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.database.write(lambda db: work(self, db, *args, **kwargs))

    return method
