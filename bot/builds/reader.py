"""Reads builds in child processes and validates what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bot.builds.child_process import ChildProcess, command_of, parse_answer
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.text import clean, is_bundle_id
from bot.core.build import Build, FileType
from bot.core.file_names import file_type_of_name, unsupported_name
from bot.errors import BuildRejected

COMMAND = command_of("bot.builds.read_child")

_MAX_NOTES = 20
_KINDS = {FileType.IPA: "an iOS build", FileType.APK: "an APK", FileType.AAB: "an Android App Bundle"}


@dataclass(frozen=True, kw_only=True)
class BuildFileReader:
    """Reads builds, each in a process of its own; any number at a time.

    ``timeout_s`` is wall-clock time. ``environment`` is all that the child gets: empty, unless Python itself
    needs something here (``LD_LIBRARY_PATH``, ``PYTHONHOME``). ``accepts_aab``: App Bundles are accepted.
    """

    timeout_s: float = 30.0
    environment: Mapping[str, str] | None = None
    command: Sequence[str] = COMMAND
    accepts_aab: bool = False

    async def read(self, path: Path, file_name: str) -> Build:
        """Read the build at ``path``; only the ending of ``file_name`` is used.

        Raises:
            BuildRejected: it is not a build that can be scanned; the message says why.
            OSError: the file can't be opened, or no process can be started.
        """
        unsupported = unsupported_name(file_name, accepts_aab=self.accepts_aab)
        if unsupported is not None:
            raise BuildRejected(unsupported)
        child = ChildProcess(self.command, timeout_s=self.timeout_s, environment=self.environment)
        build = self._accepted(await child.run(path))
        named = file_type_of_name(file_name)
        if named not in (build.file_type, None):
            raise BuildRejected(
                f"The name ends in `.{named}`, but the file is {_KINDS[build.file_type]}. If it is the build "
                f"you want scanned, rename it to `.{build.file_type}` and share it again.",
                detail=f"build rejected: {build.file_type} named .{named}",
            )
        return build

    def _accepted(self, line: bytes) -> Build:
        try:
            build = parse_build(line)
        except BuildProblemError as error:
            if error.problem is BuildProblem.BAD_BUNDLE and not self.accepts_aab:
                raise BuildProblemError(BuildProblem.APP_BUNDLE) from error
            raise
        if build.file_type is FileType.AAB and not self.accepts_aab:
            raise BuildProblemError(BuildProblem.APP_BUNDLE)
        return build


def parse_build(line: bytes) -> Build:
    """Return the build in a child's answer, with each field validated; raises ``BuildProblemError``."""
    return parse_answer(line, _build)


def _build(*, build: Mapping[str, Any]) -> Build:
    if set(build) != {field.name for field in fields(Build)} or not is_bundle_id(build["bundle_id"]):
        raise ValueError("not the fields of a build")
    texts = {name: value for name, value in build.items() if name not in {"file_type", "tampering"}}
    tampering = build["tampering"]
    if not isinstance(tampering, list) or len(tampering) > _MAX_NOTES:
        raise ValueError("not a list of notes")
    if any(value is not None and clean(value) != value for value in texts.values()):
        raise ValueError("a value is not clean")
    if any(not isinstance(note, str) or clean(note) != note for note in tampering):
        raise ValueError("a note is not clean")
    return Build(file_type=FileType(build["file_type"]), tampering=tuple(tampering), **texts)
