"""What retention needs of the world."""

from typing import Protocol


class PrivacyRepository(Protocol):
    """Taking people and old scans out of the history."""

    async def purge(self, before: float) -> int: ...
    async def forget(self, user: str) -> int | None: ...
