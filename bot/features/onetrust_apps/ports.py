"""What OneTrust's list of applications needs of the world."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.people import Viewer
from bot.core.repositories import Store
from bot.core.scan import Link
from bot.features.results.models import Application


class OneTrustAppRepository(Protocol):
    """What is known of applications in OneTrust within what a person may see."""

    async def seen(self, ids: Sequence[str], viewer: Viewer) -> tuple[set[str], list[Link]]: ...
    async def named_alike(self, apps: Sequence[Application], viewer: Viewer) -> set[str]: ...


class OneTrustAppStore(Store, Protocol):
    """What is known of OneTrust's applications."""

    @property
    def applications(self) -> OneTrustAppRepository: ...
