"""Has each build read in a process of its own, and believes nothing it says unchecked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from bot.builds.child_process import ReadingProcess, command_of
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.text import clean, is_bundle_id
from bot.core.build import Build, FileType
from bot.core.file_names import file_type_of_name, unsupported_name
from bot.errors import BuildRejected

COMMAND = command_of("bot.builds.read_child")
"""What reads one build, given on standard input."""

_MISNAMED = {
    (FileType.IPA, FileType.APK): BuildProblem.IOS_AS_APK,
    (FileType.IPA, FileType.AAB): BuildProblem.IOS_AS_AAB,
    (FileType.APK, FileType.IPA): BuildProblem.ANDROID_AS_IPA,
    (FileType.APK, FileType.AAB): BuildProblem.APK_AS_AAB,
    (FileType.AAB, FileType.IPA): BuildProblem.AAB_AS_IPA,
    (FileType.AAB, FileType.APK): BuildProblem.AAB_AS_APK,
}
"""By what it is and what its name says."""


class BuildFileReader:
    """Reads builds, each in a process of its own; any number at a time.

    ``timeout_s`` is wall-clock time. ``environment`` is all that the child gets: nothing, unless Python
    itself needs something here (``LD_LIBRARY_PATH``, ``PYTHONHOME``). ``command`` is what to run.
    ``accepts_aab``: Android App Bundles are builds too.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 30.0,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
        accepts_aab: bool = False,
    ) -> None:
        self._process = ReadingProcess(command, timeout_s=timeout_s, environment=environment)
        self._accepts_aab = accepts_aab

    async def read(self, path: Path, file_name: str) -> Build:
        """Read the build at ``path``; of ``file_name`` only the ending is used.

        Raises:
            BuildRejected: it is no build that can be scanned; says which way.
            OSError: the file can't be opened, or no process can be started.
        """
        nearly = unsupported_name(file_name, accepts_aab=self._accepts_aab)
        if nearly is not None:
            raise BuildRejected(nearly)
        build = self._accepted(await self._process.ask(path))
        named = file_type_of_name(file_name)
        if named not in (build.file_type, None):
            raise BuildProblemError(_MISNAMED[build.file_type, named])
        return build

    def _accepted(self, line: bytes) -> Build:
        """Return the build that the child tells of, where its kind is accepted."""
        try:
            build = believed(line)
        except BuildProblemError as error:
            if error.flaw is BuildProblem.BAD_BUNDLE and not self._accepts_aab:
                raise BuildProblemError(BuildProblem.APP_BUNDLE) from error
            raise
        if build.file_type is FileType.AAB and not self._accepts_aab:
            raise BuildProblemError(BuildProblem.APP_BUNDLE)
        return build


def believed(line: bytes) -> Build:
    """Return the build that the child tells of, each field checked."""
    try:
        answer = json.loads(line)
        if isinstance(answer, dict) and set(answer) == {"flaw"}:
            raise BuildProblemError(BuildProblem(answer["flaw"]))
        return _build(answer["build"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BuildProblemError(BuildProblem.UNREADABLE) from error


def _build(found: Mapping[str, Any]) -> Build:
    if set(found) != {field.name for field in fields(Build)} or not is_bundle_id(found["bundle_id"]):
        raise ValueError("not a build's fields")
    words = {name: value for name, value in found.items() if name != "file_type"}
    if any(value is not None and clean(value) != value for value in words.values()):
        raise ValueError("a value that was not cleaned")
    return Build(file_type=FileType(found["file_type"]), **words)
