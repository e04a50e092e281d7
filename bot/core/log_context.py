"""Which scan is being worked on, so that each line of the log can say it, those of libraries as well.

Tasks inherit it from where they are made; one that is about another scan says so with ``concerning``.
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

Owner = TypeVar("Owner")
P = ParamSpec("P")
T = TypeVar("T")

_NUMBER: ContextVar[int | None] = ContextVar("scan", default=None)


def number() -> int | None:
    """Return the number of the scan that is being worked on, ``None`` where it is none in particular."""
    return _NUMBER.get()


@contextmanager
def working_on(scan: int | None) -> Iterator[None]:
    """Say that what is done within is about this scan, or about none."""
    token = _NUMBER.set(scan)
    try:
        yield
    finally:
        _NUMBER.reset(token)


def turn_to(scan: int | None) -> None:
    """Say that from here on it is about this scan, until the ``working_on`` around it ends."""
    _NUMBER.set(scan)


def concerning(
    work: Callable[Concatenate[Owner, int, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Owner, int, P], Coroutine[Any, Any, T]]:
    """Mark a method whose first argument is a scan's number: what it does is about that scan."""

    @wraps(work)
    async def about(owner: Owner, scan: int, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with working_on(scan):
            return await work(owner, scan, *args, **kwargs)

    return about
