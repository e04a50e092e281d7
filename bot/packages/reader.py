"""Starts a child process for each build, and believes nothing it says unchecked."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from bot.errors import BuildRejected
from bot.packages.flaws import Flaw, Flawed
from bot.packages.text import clean, is_bundle_id
from bot.scans.builds import Build, FileType
from bot.scans.names import file_type_of_name, unsupported_name

COMMAND = (sys.executable, "-s", "-S", "-m", "bot.packages.child")
"""What reads one build, given on standard input. It needs no package but this one, and finds none."""

_FOLDER = Path(__file__).resolve().parents[2]
_MAX_ANSWER_BYTES = 64 * 1024
_OUT_OF_BOUNDS = {-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL}
"""The limits on processor time and time; the system's on memory."""
_STOPPED = {-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
_MISNAMED = {
    (FileType.IPA, FileType.APK): Flaw.IOS_AS_APK,
    (FileType.IPA, FileType.AAB): Flaw.IOS_AS_AAB,
    (FileType.APK, FileType.IPA): Flaw.ANDROID_AS_IPA,
    (FileType.APK, FileType.AAB): Flaw.APK_AS_AAB,
    (FileType.AAB, FileType.IPA): Flaw.AAB_AS_IPA,
    (FileType.AAB, FileType.APK): Flaw.AAB_AS_APK,
}
"""By what it is and what its name says."""

_log = logging.getLogger(__name__)


class PackageReader:
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
        self._timeout_s = timeout_s
        self._environment = dict(environment or {})
        self._command = tuple(command)
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
        build = self._accepted(await self.ask(path))
        named = file_type_of_name(file_name)
        if named not in (build.file_type, None):
            raise Flawed(_MISNAMED[build.file_type, named])
        return build

    def _accepted(self, line: bytes) -> Build:
        """Return the build that the child tells of, where its kind is accepted."""
        try:
            build = believed(line)
        except Flawed as error:
            if error.flaw is Flaw.BAD_BUNDLE and not self._accepts_aab:
                raise Flawed(Flaw.APP_BUNDLE) from error
            raise
        if build.file_type is FileType.AAB and not self._accepts_aab:
            raise Flawed(Flaw.APP_BUNDLE)
        return build

    async def ask(self, path: Path) -> bytes:
        """Return the child's one line, of which nothing is believed yet.

        A service that is being stopped may signal all its processes, and a child that has barely begun does
        not ignore that yet: this says nothing of the build, so it is asked once more.
        """
        line, status = await self._run(path)
        if status in _STOPPED:
            line, status = await self._run(path)
        if status:
            _log.warning("the process reading a build ended with status %d", status)
            raise Flawed(Flaw.EXHAUSTING if status in _OUT_OF_BOUNDS else Flaw.UNREADABLE)
        return line

    async def _run(self, path: Path) -> tuple[bytes, int]:
        """Run the child; return its line and status. It is gone when this ends, however it does."""
        with path.open("rb") as file:  # a local file, opened here and read in the child
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=file,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=_FOLDER,
                env=self._environment,
                limit=_MAX_ANSWER_BYTES,
                start_new_session=True,  # Ctrl-C in a terminal is for the bot alone
            )
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            async with asyncio.timeout(self._timeout_s):
                return await process.stdout.readline(), await process.wait()
        except TimeoutError as error:
            raise Flawed(Flaw.EXHAUSTING) from error
        except ValueError as error:  # a line without end
            raise Flawed(Flaw.UNREADABLE) from error
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()  # what is left in the pipe, and the end of the process


def believed(line: bytes) -> Build:
    """Return the build that the child tells of, each field checked."""
    try:
        answer = json.loads(line)
        if isinstance(answer, dict) and set(answer) == {"flaw"}:
            raise Flawed(Flaw(answer["flaw"]))
        return _build(answer["build"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Flawed(Flaw.UNREADABLE) from error


def _build(found: Mapping[str, Any]) -> Build:
    if set(found) != {field.name for field in fields(Build)} or not is_bundle_id(found["bundle_id"]):
        raise ValueError("not a build's fields")
    words = {name: value for name, value in found.items() if name != "file_type"}
    if any(value is not None and clean(value) != value for value in words.values()):
        raise ValueError("a value that was not cleaned")
    return Build(file_type=FileType(found["file_type"]), **words)
