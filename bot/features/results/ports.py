"""Interfaces of the results feature."""

from typing import Protocol

from bot.core.scan import Platform
from bot.features.results.models import Application, AppScan, Results
from bot.features.results.repository import ResultRepository
from bot.features.submission.ports import SubmissionStore


class Applications(Protocol):
    """OneTrust's applications and their scans.

    Raises ``CannotRead`` if the credential or the tenant doesn't allow reading results, ``NotFound`` if there
    is no such application or scan, ``TryLater`` for temporary errors.
    """

    async def can_read(self) -> bool:
        """Return ``True`` if results can be read."""

    async def named(self, name: str, platform: Platform) -> list[Application]:
        """Return the applications of exactly this name and platform."""

    async def page(self, number: int, search: str = "") -> tuple[list[Application], bool]:
        """Return a page of 100 applications by name, from 0, and whether there are more."""

    async def scans(self, application_id: str) -> list[AppScan]:
        """Return an application's newest scans, newest first, 100 at most."""

    async def results(self, application_id: str, scan: AppScan, platform: Platform) -> Results:
        """Return a completed scan's results."""


class ResultStore(SubmissionStore, Protocol):
    """The repositories for results."""

    results: ResultRepository
