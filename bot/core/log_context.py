"""The current scan's number, in every log record; a task inherits it from the code that creates it."""

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
    """Return the current scan's number; ``None`` outside of any."""
    return _NUMBER.get()


@contextmanager
def working_on(scan: int | None) -> Iterator[None]:
    """Set the current scan within the block; ``None`` for no scan."""
    token = _NUMBER.set(scan)
    try:
        yield
    finally:
        _NUMBER.reset(token)


def turn_to(scan: int | None) -> None:
    """Change the current scan until the enclosing ``working_on`` block ends."""
    _NUMBER.set(scan)


def concerning(
    work: Callable[Concatenate[Owner, int, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Owner, int, P], Coroutine[Any, Any, T]]:
    """Decorate a method to set the current scan, whose number is its first argument."""

    @wraps(work)
    async def about(owner: Owner, scan: int, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with working_on(scan):
            return await work(owner, scan, *args, **kwargs)

    return about
