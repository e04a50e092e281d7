"""The routes into OneTrust: which of them a build takes, and why.

A route is open where the settings have all that it needs. A build takes the first open one that fits it, in
the order of preference; whether one fits is told by its limits alone, before anything is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.core.scan import FileType, Kind, Platform
from bot.errors import NoRoute


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a route is asked to do with a build."""

    number: int
    """The scan's."""
    kind: Kind
    file_type: FileType
    name: str
    """The new app's name; of no use for a rescan."""
    app_id: str | None
    """The app to rescan; ``None`` for a new one."""
    application_id: str | None = None
    """The application that an earlier try made for this very scan; it has no scan yet."""
    file_name: str
    """As shared: for people, and hostile."""
    size_bytes: int
    sha256: str
    """Lower-case hexadecimal, 64 characters."""

    @property
    def platform(self) -> Platform:
        """The operating system that the build is for."""
        return self.file_type.platform


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """OneTrust's word that it took a build: a request ID, or by the Applications API a scan ID."""

    status: int
    request_id: str | None = None
    scan_id: str | None = None
    application_id: str | None = None


class Journal(Protocol):
    """What a route writes down on its way; what is awaited is kept before the route goes on."""

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        """Say how far the bytes have moved; cheap, and never waits."""
        ...

    async def committing(self) -> None:
        """Mark that what goes next could complete the submission.

        An attempt that ends before was certainly not taken. It may be awaited once more where a clear refusal
        (an expired token) makes the route send again within the call.

        Raises:
            Superseded: the scan was taken back; nothing more may go.
        """
        ...

    async def uploading(self, name: str) -> None:
        """Keep that the build goes to the FTP server, or has arrived there, now, under that name.

        It is removed from there so many hours later.
        """
        ...

    async def made_app(self, application_id: str) -> None:
        """Keep the application that was made for the scan; as no scan is asked for yet, none is committed."""
        ...

    async def note(self, why: str) -> None:
        """Add a line to the scan's timeline; ``why`` is the project's own words."""
        ...


class Route(Protocol):
    """One way into OneTrust."""

    name: str
    """As in ``ONETRUST_ROUTES``."""
    title: str
    """As people are told of it, within a sentence."""
    limit_bytes: int
    """Builds of this size and above are not taken."""
    file_types: frozenset[FileType]
    lacks: Mapping[Kind, str]
    """What can't be asked for, and the setting that is missing for it."""

    async def submit(self, order: Order, path: Path, journal: Journal) -> Receipt:
        """Send the build at ``path``.

        Raises:
            Refused: a clear no.
            TryLater: certainly not taken; worth another try.
            Uncertain: it may have been taken.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Closed:
    """A route that the settings leave closed."""

    title: str
    limit_bytes: int
    file_types: frozenset[FileType]
    opened_by: str
    """What whoever runs the bot would do, such as "set `ONETRUST_FTP_URL`"."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The route that a build takes."""

    route: Route
    why: str
    """Why not an earlier one, as part of a sentence; empty for the first."""


class Routes:
    """The open routes in the order of preference, and those that could be opened."""

    def __init__(self, routes: Sequence[Route], closed: Sequence[Closed] = ()) -> None:
        self._routes = {route.name: route for route in routes}
        self._closed = closed

    @property
    def limit_bytes(self) -> int:
        """Builds of this size and above are taken by no open route."""
        return max(route.limit_bytes for route in self._routes.values())

    @property
    def titles(self) -> list[str]:
        """What the open routes are called, the preferred first."""
        return [route.title for route in self._routes.values()]

    def __contains__(self, name: str) -> bool:
        """Tell whether the route of that name is open."""
        return name in self._routes

    def __getitem__(self, name: str) -> Route:
        """Return the open route of that name."""
        return self._routes[name]

    def choose(self, *, size_bytes: int, file_type: FileType, kind: Kind) -> Choice:
        """Return the first route that fits.

        Raises:
            NoRoute: none does; says each one's limit, and what would open one.
        """
        obstacles: list[str] = []
        for route in self._routes.values():
            obstacle = _obstacle(route, size_bytes, file_type, kind)
            if obstacle is None:
                return Choice(route=route, why=" and ".join(obstacles))
            obstacles.append(f"{route.title} {obstacle}")
        raise self.none_fits(size_bytes, file_type, kind)

    def none_fits(
        self, size_bytes: int | None, file_type: FileType | None = None, kind: Kind | None = None
    ) -> NoRoute:
        """Return what to say of a build that no open route takes; what is ``None`` is not known."""
        size = "" if size_bytes is None else f" ({megabytes(size_bytes)})"
        told = [
            f"{route.title} {_obstacle(route, size_bytes or route.limit_bytes, file_type, kind)}"
            for route in self._routes.values()
        ]
        sentences = [f"No way into OneTrust that is open takes this build{size}: {' and '.join(told)}."]
        for closed in self._closed:
            if file_type is not None and file_type not in closed.file_types:
                continue
            limit, what = under(closed.limit_bytes), _capital(closed.title)
            if size_bytes is not None and size_bytes >= closed.limit_bytes:
                sentences.append(f"{what}, which is not open either, takes builds {limit}.")
            else:
                way = f"to open it, whoever runs this bot has to {closed.opened_by}"
                sentences.append(f"{what} takes builds {limit}: {way}.")
        return NoRoute(" ".join(sentences))


def megabytes(size_bytes: int) -> str:
    """Write a size as people compare it with a limit."""
    if size_bytes < 100_000:
        return f"{size_bytes:,} bytes"
    if size_bytes >= 1_000_000_000:
        return f"{size_bytes // 100_000_000 / 10:g} GB"
    return f"{size_bytes / 1_000_000:.{0 if size_bytes % 1_000_000 < 50_000 else 1}f} MB"


def under(limit_bytes: int) -> str:
    """Write a limit, below which builds are taken."""
    return f"under {megabytes(limit_bytes)}"


def _obstacle(route: Route, size_bytes: int, file_type: FileType | None, kind: Kind | None) -> str | None:
    """Say why a route does not take a build, to follow its title; ``None`` where it does."""
    if file_type is not None and file_type not in route.file_types:
        return f"takes no .{file_type}"
    if size_bytes >= route.limit_bytes:
        return f"takes builds {under(route.limit_bytes)}"
    if kind is not None and kind in route.lacks:
        what = "rescans" if kind is Kind.RESCAN else "new apps"
        return f"takes no {what} until {route.lacks[kind]} is set"
    return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
