"""Repositories of the history feature."""

from typing import Protocol

from bot.core.people import Viewer
from bot.core.repositories import Store
from bot.core.scan import Platform, Scan
from bot.features.history.models import AppMatch, AppRow, Cursor, HistoryQuery, Page, SdkRow
from bot.features.results.ports import ResultRepository


class HistoryRepository(Protocol):
    """Queries of the history, limited to what a person may see."""

    async def page(self, query: HistoryQuery, text: str, viewer: Viewer, cursor: Cursor | None) -> Page: ...
    async def apps(self, viewer: Viewer, *, limit: int, offset: int) -> list[AppRow]: ...


class ComparisonRepository(Protocol):
    """Queries of results, limited to what a person may see."""

    async def in_progress(self, viewer: Viewer, limit: int, *, followed: bool) -> list[Scan]: ...
    async def apps_of(self, identifier: str, platform: Platform | None, viewer: Viewer) -> list[AppMatch]: ...
    async def apps(self, word: str, platform: Platform | None, viewer: Viewer) -> list[AppMatch]: ...
    async def completed(
        self,
        app: AppMatch,
        viewer: Viewer,
        *,
        version: str | None = None,
        number: int | None = None,
        before: int | None = None,
        limit: int = 2,
    ) -> list[Scan]: ...
    async def sdk(self, name: str, viewer: Viewer, *, limit: int, offset: int) -> list[SdkRow]: ...


class HistoryStore(Store, Protocol):
    """Repositories for questions about the history."""

    @property
    def history(self) -> HistoryRepository: ...
    @property
    def comparisons(self) -> ComparisonRepository: ...
    @property
    def results(self) -> ResultRepository: ...
