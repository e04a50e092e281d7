"""The scanner: each build that a workflow or the Applications API hands over becomes a scan, and takes time.

A scan is PENDING, then PROGRESS, then COMPLETED. With ``scan_s`` it is there after that many seconds of the
stand-in's clock, from half of them on in progress; 0 completes at once. Without it, a scan stays PENDING
until ``finish`` says how it goes. A fault at ``scanning`` with ``value`` names the status that it ends with
(FAILED, INTERRUPTED) or stays in; with ``drop`` no scan is made at all.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock
from sandbox.faults import Faults, points
from sandbox.onetrust.catalogue import results_of
from sandbox.onetrust.manifest import Manifest
from sandbox.onetrust.records import App
from sandbox.onetrust.results import Results

POINTS = points(["scanning"], "drop", "value")

STATUSES = ("PENDING", "PROGRESS", "COMPLETED", "FAILED", "INTERRUPTED", "UNSCANNED")
ENGINE_VERSION = "2.0.0"


@dataclass(eq=False, kw_only=True)
class Scan:
    """One scan of a build."""

    id: str
    app: App
    identifier: str | None
    """The bundle identifier or package that the build names."""
    version: str | None
    at: float
    sha256: str
    size_bytes: int
    ends_as: str = "COMPLETED"
    generation: int = 0
    """How many other versions of this app were scanned before this version first was."""
    told_status: str | None = None
    """What ``finish`` said, whatever the time."""
    told_results: Results | None = None

    def goes_by(self, name: str) -> bool:
        """Tell whether this is a build of an app of that name or identifier, or the app with that ID."""
        return name in {self.app.id, self.app.name, self.identifier}


class Scanner:
    """All scans, oldest first in ``made``, and what they find."""

    def __init__(
        self, clock: Clock, faults: Faults, changed: Callable[[], None], *, scan_s: float | None
    ) -> None:
        self.made: list[Scan] = []
        self.scan_s = scan_s
        self._clock = clock
        self._faults = faults
        self._changed = changed
        self._versions: dict[tuple[str, str], list[str | None]] = {}
        self._results: dict[tuple[str, str | None], Results] = {}

    def make(
        self, app: App, manifest: Manifest, *, sha256: str, size_bytes: int, is_whole: bool = True
    ) -> Scan | None:
        """Begin to scan a build; ``None`` where a fault says that it is not."""
        facts = {"app_id": app.id, "name": app.name, "platform": app.platform}
        if manifest.version is not None:
            facts["version"] = manifest.version
        fault = self._faults.take("scanning", facts)
        if fault is not None and fault.drop:
            return None
        versions = self._versions.setdefault((app.platform, manifest.identifier or app.name), [])
        if manifest.version not in versions:
            versions.append(manifest.version)
        ends_as = "COMPLETED" if is_whole else "FAILED"
        if fault is not None and fault.value is not None:
            ends_as = _status(fault.value)
        scan = Scan(
            id=str(uuid.uuid4()),
            app=app,
            identifier=manifest.identifier,
            version=manifest.version,
            at=self._clock.now(),
            sha256=sha256,
            size_bytes=size_bytes,
            ends_as=ends_as,
            generation=versions.index(manifest.version),
        )
        self.made.append(scan)
        self._changed()
        return scan

    def of(self, app_id: str) -> list[Scan]:
        """Return the scans of an app, oldest first."""
        return [scan for scan in self.made if scan.app.id == app_id]

    def status(self, scan: Scan) -> str:
        """Return how far a scan is now."""
        if scan.told_status is not None:
            return scan.told_status
        if self.scan_s is None:
            return "PENDING"
        passed_s = self._clock.now() - scan.at
        if passed_s >= self.scan_s:
            return scan.ends_as
        return "PROGRESS" if passed_s * 2 >= self.scan_s else "PENDING"

    def results(self, scan: Scan) -> Results | None:
        """Return what a scan has found; ``None`` until it is complete."""
        if self.status(scan) != "COMPLETED":
            return None
        if scan.told_results is not None:
            return scan.told_results
        for version in (scan.version, None):
            for (name, known), results in self._results.items():
                if known == version and scan.goes_by(name):
                    return results
        return results_of(scan.app.platform, scan.generation)

    def finish(
        self,
        which: str,
        status: str | None = None,
        *,
        results: Results | None = None,
        version: str | None = None,
    ) -> Scan:
        """Say what a scan is now (``status``, else what it was to end as), what it found, in which version.

        ``which`` is the ID of a scan, or that of an app, for the oldest of its scans that has not ended.

        Raises:
            LookupError: there is no such scan.
            ValueError: there is no such status.
        """
        scan = self._find(which)
        scan.told_status = scan.ends_as if status is None else _status(status)
        scan.told_results = results or scan.told_results
        scan.version = version or scan.version
        self._changed()
        return scan

    def _find(self, which: str) -> Scan:
        for scan in self.made:
            if scan.id == which or (
                scan.app.id == which and self.status(scan) in {"PENDING", "PROGRESS", "UNSCANNED"}
            ):
                return scan
        raise LookupError(f"there is no scan {which}, and no app with that ID has one that has not ended")

    def results_for(self, app: str, version: str | None, results: Results) -> None:
        """Say what the scans of a version find, or those of all other versions with ``None``.

        ``app`` is a bundle identifier, a package, or the name or ID of an app.
        """
        self._results = {key: known for key, known in self._results.items() if key != (app, version)}
        self._results[app, version] = results

    def told(self, scan: Scan) -> dict[str, Any]:
        """Return a scan for the control API."""
        return {
            "scan_id": scan.id,
            "app_id": scan.app.id,
            "name": scan.app.name,
            "platform": scan.app.platform,
            "identifier": scan.identifier,
            "version": scan.version,
            "at": scan.at,
            "sha256": scan.sha256,
            "size_bytes": scan.size_bytes,
            "status": self.status(scan),
        }


def _status(name: object) -> str:
    if name not in STATUSES:
        raise ValueError(f"{name} is no status; there are {', '.join(STATUSES)}")
    return str(name)
