"""The routes into OneTrust, and the choice of one for a build.

A route is open if it is completely configured. A build takes the first open route, in the configured order,
whose limits it fits; nothing is sent to find out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.core.scan import FileType, Kind, Platform
from bot.errors import NoRoute


@dataclass(frozen=True, kw_only=True)
class Order:
    """A build to submit."""

    number: int
    """The scan's."""
    kind: Kind
    file_type: FileType
    name: str
    """The new app's name; unused for a rescan."""
    app_id: str | None
    """The app to rescan; ``None`` for a new one."""
    application_id: str | None = None
    """The application that an earlier attempt created for this scan; it has no scan yet."""
    file_name: str
    """As shared; not trusted."""
    size_bytes: int
    sha256: str
    """Lower-case hexadecimal, 64 characters."""

    @property
    def platform(self) -> Platform:
        """The platform of its file type."""
        return self.file_type.platform


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """OneTrust's confirmation: a request ID, or a scan ID from the Applications API."""

    status: int
    request_id: str | None = None
    scan_id: str | None = None
    application_id: str | None = None


class Journal(Protocol):
    """Records a submission's progress; awaited calls return after the database has been written."""

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        """Report the progress; cheap, and doesn't block."""

    async def committing(self) -> None:
        """Mark that the next bytes could complete the submission.

        An attempt that ends before was certainly not accepted. A route that is refused (an expired token) and
        sends again calls it again.

        Raises:
            Superseded: the scan was cancelled; nothing more may be sent.
        """

    async def uploading(self, name: str) -> None:
        """Record that the build is being uploaded to the file server, or was, under that name.

        Cleanup removes it a number of hours after the last call.
        """

    async def made_app(self, application_id: str) -> None:
        """Record the application that was created for the scan; its scan has yet to be requested."""

    async def note(self, why: str) -> None:
        """Add a line to the scan's timeline; ``why`` must not contain another system's text."""


class Route(Protocol):
    """A way to submit builds to OneTrust."""

    name: str
    """As in ``ONETRUST_ROUTES``."""
    title: str
    """Its name for people, within a sentence."""
    limit_bytes: int
    """Builds of this size or larger don't fit."""
    file_types: frozenset[FileType]
    lacks: Mapping[Kind, str]
    """Kinds of scan that are not possible, and the missing setting."""

    async def submit(self, order: Order, path: Path, journal: Journal) -> Receipt:
        """Send the build at ``path``.

        Raises:
            Refused: a permanent error.
            TryLater: certainly not accepted; may be retried.
            Uncertain: may have been accepted.
        """


@dataclass(frozen=True, kw_only=True)
class Closed:
    """A route that is not configured."""

    title: str
    limit_bytes: int
    file_types: frozenset[FileType]
    opened_by: str
    """What an admin has to do, such as "set `ONETRUST_FTP_URL`"."""


class Routes:
    """The open routes in the configured order, and the closed ones."""

    def __init__(self, routes: Sequence[Route], closed: Sequence[Closed] = ()) -> None:
        self._routes = {route.name: route for route in routes}
        self._closed = closed

    @property
    def limit_bytes(self) -> int:
        """Builds of this size or larger fit no open route."""
        return max(route.limit_bytes for route in self._routes.values())

    @property
    def titles(self) -> list[str]:
        """The open routes' names for people, in the configured order."""
        return [route.title for route in self._routes.values()]

    def __contains__(self, name: str) -> bool:
        """Tell whether the route of that name is open."""
        return name in self._routes

    def __getitem__(self, name: str) -> Route:
        """Return the open route of that name."""
        return self._routes[name]

    def choose(self, *, size_bytes: int, file_type: FileType, kind: Kind) -> tuple[str, str]:
        """Return the name of the first route that fits, and why no earlier one does; empty for the first.

        Raises:
            NoRoute: none fits; says each route's limit, and how to open others.
        """
        obstacles: list[str] = []
        for route in self._routes.values():
            obstacle = _obstacle(route, size_bytes, file_type, kind)
            if obstacle is None:
                return route.name, " and ".join(obstacles)
            obstacles.append(f"{route.title} {obstacle}")
        raise self.none_fits(size_bytes, file_type, kind)

    def none_fits(
        self, size_bytes: int | None, file_type: FileType | None = None, kind: Kind | None = None
    ) -> NoRoute:
        """Return the error for a build that fits no open route; ``None`` stands for what is not known."""
        size = "" if size_bytes is None else f" ({megabytes(size_bytes)})"
        limits = [
            f"{route.title} {_obstacle(route, size_bytes or route.limit_bytes, file_type, kind)}"
            for route in self._routes.values()
        ]
        sentences = [f"No open route into OneTrust takes this build{size}: {' and '.join(limits)}."]
        for closed in self._closed:
            if file_type is not None and file_type not in closed.file_types:
                continue
            limit, what = _under(closed.limit_bytes), closed.title[:1].upper() + closed.title[1:]
            if size_bytes is not None and size_bytes >= closed.limit_bytes:
                sentences.append(f"{what}, which is not open either, takes builds {limit}.")
            else:
                way = f"to open it, an admin of this bot has to {closed.opened_by}"
                sentences.append(f"{what} takes builds {limit}: {way}.")
        return NoRoute(" ".join(sentences))


def megabytes(size_bytes: int) -> str:
    """Format a size for people, rounded down."""
    if size_bytes < 100_000:
        return f"{size_bytes:,} bytes"
    if size_bytes >= 1_000_000_000:
        return f"{size_bytes // 100_000_000 / 10:g} GB"
    return f"{size_bytes / 1_000_000:.{0 if size_bytes % 1_000_000 < 50_000 else 1}f} MB"


def _under(limit_bytes: int) -> str:
    return f"under {megabytes(limit_bytes)}"


def _obstacle(route: Route, size_bytes: int, file_type: FileType | None, kind: Kind | None) -> str | None:
    """Return why a build doesn't fit a route, to follow its title; ``None`` if it fits."""
    if file_type is not None and file_type not in route.file_types:
        return f"takes no .{file_type}"
    if size_bytes >= route.limit_bytes:
        return f"takes builds {_under(route.limit_bytes)}"
    if kind is not None and kind in route.lacks:
        what = "rescans" if kind is Kind.RESCAN else "new apps"
        return f"takes no {what} until {route.lacks[kind]} is set"
    return None
