"""What happens behind a 202: the workflow makes the app or finds it, and hands the build to the scanner.

It runs at once. A fault at ``workflow`` lets it wait (``hold``) or never do anything (``drop``). An FTP
workflow first looks for the file that it was told of, below the folder that its login sees as the root; the
scan of a file that is no whole archive ends as FAILED.
"""

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from sandbox.clock import Clock
from sandbox.faults import Fault, Faults, points
from sandbox.onetrust.manifest import HEAD_BYTES, Manifest, read_manifest
from sandbox.onetrust.records import App, Route, Submission
from sandbox.onetrust.scanning import Scan, Scanner
from sandbox.onetrust.upload import ZIP_END, ZIP_END_REACH, ZIP_START

POINTS = points(["workflow"], "drop", "hold")

Fetch = Callable[[str], Awaitable[Path | None]]
"""Brings what lies at a path of the FTP server; ``None`` where there is nothing."""

_CHUNK_BYTES = 1024 * 1024


def below(depot: Path, path: str) -> Path | None:
    """Return the file at a path of an FTP server whose root is ``depot``; ``None`` where there is none."""
    root = depot.resolve()
    try:
        found = (root / path.lstrip("/")).resolve()
        return found if found.is_relative_to(root) and found.is_file() else None
    except (OSError, ValueError):  # a name too long, or with a null byte
        return None


class Workflow:
    """The workflows of one tenant: ``received`` lists what they were given, ``apps`` what they made."""

    def __init__(self, clock: Clock, faults: Faults, changed: Callable[[], None], scanner: Scanner) -> None:
        self.received: list[Submission] = []
        self.apps: list[App] = []
        self.depot: Path | None = None
        self.fetch: Fetch | None = None
        self._clock = clock
        self._faults = faults
        self._changed = changed
        self._scanner = scanner
        self._tasks: set[asyncio.Task[None]] = set()

    def app(self, app_id: str) -> App | None:
        """Return the app with an ID."""
        return next((app for app in self.apps if app.id == app_id), None)

    def add_app(self, name: str, platform: str, app_id: str | None = None) -> App:
        """Put an app into the list of apps."""
        app = App(id=app_id or str(uuid.uuid4()), name=name, platform=platform, at=self._clock.now())
        self.apps.append(app)
        self._changed()
        return app

    def accept(
        self,
        *,
        route: Route,
        platform: str,
        name: str | None = None,
        app_id: str | None = None,
        file_name: str = "",
        size_bytes: int = 0,
        sha256: str = "",
        file_path: str | None = None,
    ) -> Submission:
        """Record a build that is taken: a new app's, with ``name``, or a rescan's, with ``app_id``."""
        submission = Submission(
            request_id="" if route == "direct" else str(uuid.uuid4()),
            at=self._clock.now(),
            name=name,
            app_id=app_id or str(uuid.uuid4()),
            is_rescan=name is None,
            is_known=name is not None or self.app(app_id or "") is not None,
            platform=platform,
            file_name=file_name,
            size_bytes=size_bytes,
            sha256=sha256,
            route=route,
            file_path=file_path,
            found=None if route == "ftp" else True,
        )
        self.received.append(submission)
        self._changed()
        return submission

    def run(self, submission: Submission, manifest: Manifest) -> None:
        """Do what comes after the 202 with a build that came along."""
        fault = self._fault(submission)
        if fault is None:
            self._finish(submission, manifest)
        elif not fault.drop:
            self._start(self._finish_later(submission, manifest, fault))

    def run_ftp(self, submission: Submission) -> None:
        """Do what comes after the 202 with a build that an FTP server has."""
        fault = self._fault(submission)
        if fault is None or not fault.drop:
            self._start(self._fetch_and_finish(submission, fault))

    def run_direct(self, submission: Submission, app: App, manifest: Manifest) -> Scan | None:
        """Scan a build that the Applications API took, with no workflow between."""
        return self._scan(submission, app, manifest)

    async def stop(self) -> None:
        """End the workflows that are still at work."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _fault(self, submission: Submission) -> Fault | None:
        told = {
            "request_id": submission.request_id,
            "app_id": submission.app_id,
            "name": submission.name,
            "platform": submission.platform,
        }
        return self._faults.take("workflow", {key: value for key, value in told.items() if value is not None})

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish_later(self, submission: Submission, manifest: Manifest, fault: Fault) -> None:
        await fault.hold()
        self._finish(submission, manifest)

    async def _fetch_and_finish(self, submission: Submission, fault: Fault | None) -> None:
        if fault is not None:
            await fault.hold()
        path = submission.file_path or ""
        if self.fetch is not None:
            file = await self.fetch(path)
        else:
            file = None if self.depot is None else below(self.depot, path)
        if file is None:
            self._put(submission, replace(submission, found=False))
            return
        size_bytes, sha256, head, is_whole = await asyncio.to_thread(_read, file)
        found = replace(submission, found=True, size_bytes=size_bytes, sha256=sha256)
        self._put(submission, found)
        self._finish(found, read_manifest(head), is_whole=is_whole)

    def _finish(self, submission: Submission, manifest: Manifest, *, is_whole: bool = True) -> None:
        if submission.name is not None:
            app = self.add_app(submission.name, submission.platform, submission.app_id)
        elif (known := self.app(submission.app_id)) is not None:
            app = known
        else:
            return
        self._scan(submission, app, manifest, is_whole=is_whole)

    def _scan(
        self, submission: Submission, app: App, manifest: Manifest, *, is_whole: bool = True
    ) -> Scan | None:
        scan = self._scanner.make(
            app, manifest, sha256=submission.sha256, size_bytes=submission.size_bytes, is_whole=is_whole
        )
        if scan is not None:
            self._put(submission, replace(submission, scan_id=scan.id))
        return scan

    def _put(self, old: Submission, new: Submission) -> None:
        self.received[:] = [new if each is old else each for each in self.received]
        self._changed()


def _read(file: Path) -> tuple[int, str, bytes, bool]:
    """Return the size of a file, its hash, its beginning, and whether it looks like a whole zip archive."""
    digest, size_bytes, head, end = hashlib.sha256(), 0, b"", b""
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
            head += chunk[: HEAD_BYTES - len(head)]
            end = (end + chunk)[-ZIP_END_REACH:]
    is_whole = head.startswith(ZIP_START) and ZIP_END in end
    return size_bytes, digest.hexdigest(), head, is_whole
