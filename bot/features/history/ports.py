"""The repositories of the history feature."""

from typing import Protocol

from bot.features.history.compare_repository import ComparisonRepository
from bot.features.history.repository import HistoryRepository
from bot.features.results.ports import ResultStore


class HistoryStore(ResultStore, Protocol):
    """The repositories for questions about the history."""

    history: HistoryRepository
    comparisons: ComparisonRepository
