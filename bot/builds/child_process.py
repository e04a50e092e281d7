"""A process that reads one file, given on its standard input, and says one line.

It is given nothing else: no path, no open file, and the environment that is named. It is gone when asking it
ends, however that is.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.builds.problems import BuildProblem, BuildProblemError

_FOLDER = Path(__file__).resolve().parents[2]
_MAX_ANSWER_BYTES = 64 * 1024
_OUT_OF_BOUNDS = {-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL}
"""The limits on processor time and time; the system's on memory."""
_STOPPED = {-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}

_log = logging.getLogger(__name__)


def command_of(module: str) -> tuple[str, ...]:
    """Return the command that runs a module of this package. It needs no other package, and finds none."""
    return (sys.executable, "-s", "-S", "-m", module)


class ReadingProcess:
    """Runs a command on files, each in a process of its own; any number at a time.

    ``timeout_s`` is wall-clock time. ``environment`` is all that the process gets.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        timeout_s: float,
        environment: Mapping[str, str] | None = None,
        max_answer_bytes: int = _MAX_ANSWER_BYTES,
    ) -> None:
        self._command = tuple(argv)
        self._timeout_s = timeout_s
        self._environment = dict(environment or {})
        self._max_answer_bytes = max_answer_bytes

    async def ask(self, path: Path) -> bytes:
        """Return the process's one line on the file at ``path``, of which nothing is believed yet.

        A service that is being stopped may signal all its processes, and a child that has barely begun does
        not ignore that yet: this says nothing of the build, so it is asked once more.

        Raises:
            Flawed: it ended otherwise than it should, or took too long.
            OSError: the file can't be opened, or no process can be started.
        """
        line, status = await self._run(path)
        if status in _STOPPED:
            line, status = await self._run(path)
        if status:
            _log.warning("the process reading a build ended with status %d", status)
            raise BuildProblemError(
                BuildProblem.EXHAUSTING if status in _OUT_OF_BOUNDS else BuildProblem.UNREADABLE
            )
        return line

    async def _run(self, path: Path) -> tuple[bytes, int]:
        """Run the process; return its line and status. It is gone when this ends, however it does."""
        with path.open("rb") as file:  # a local file, opened here and read in the child
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=file,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=_FOLDER,
                env=self._environment,
                limit=self._max_answer_bytes,
                start_new_session=True,  # Ctrl-C in a terminal is for the bot alone
            )
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            async with asyncio.timeout(self._timeout_s):
                return await process.stdout.readline(), await process.wait()
        except TimeoutError as error:
            raise BuildProblemError(BuildProblem.EXHAUSTING) from error
        except ValueError as error:  # a line without end
            raise BuildProblemError(BuildProblem.UNREADABLE) from error
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()  # what is left in the pipe, and the end of the process
