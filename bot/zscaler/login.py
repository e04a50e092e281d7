"""Being logged in to Zscaler's cloud service API, whichever way."""

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol


class Login(Protocol):
    """A way of logging in."""

    @property
    def state(self) -> str:
        """How it stands, in words for whoever administers the bot."""
        ...

    def attempts(self) -> AsyncGenerator[Mapping[str, str], None]:
        """Yield the headers that one call is made with, then those for each time that it is answered 401.

        Whoever calls stops asking for more once the answer is another.

        Raises:
            Refused: nothing is left to try until a person mends something.
            TryLater: not right now; ``Maintenance`` among them.
        """
        ...

    def accepted(self) -> None:
        """Say that a call was answered otherwise than with 401."""
        ...

    async def close(self) -> None:
        """Log out, as far as that does no harm; bounded in time, and raises nothing."""
        ...
