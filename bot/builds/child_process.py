"""The parent's side of reading a build: runs a child on one file and parses the line it prints.

A child gets the file on its standard input and nothing else: no path, no other open file, and only the
environment it is given. It is always gone by the time the call returns or raises.
"""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TypeVar

from bot.builds.problems import BuildProblem, BuildProblemError

T = TypeVar("T")

_PROJECT = Path(__file__).resolve().parents[2]
_LIMIT_SIGNALS = {-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL}
"""From the child's limits on CPU time and wall-clock time, and from the system when memory runs out."""
_STOP_SIGNALS = {-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}

logger = logging.getLogger(__name__)


def command_of(module: str) -> tuple[str, ...]:
    """Return the command that runs a module of this package, without access to installed packages."""
    return (sys.executable, "-s", "-S", "-m", module)


@dataclass(frozen=True)
class ChildProcess:
    """Runs a command on files, each in a process of its own; any number at a time.

    ``timeout_s`` is wall-clock time. ``environment`` is all that the process gets.
    """

    command: Sequence[str]
    _: KW_ONLY
    timeout_s: float
    environment: Mapping[str, str] | None = None
    max_answer_bytes: int = 64 * 1024

    async def run(self, path: Path) -> bytes:
        """Return the line that the process prints about the file at ``path``; it is not validated yet.

        A service manager may signal all processes of a service to stop, and a child that has just started
        does not ignore that yet. This says nothing about the build, so the child is run again, once.

        Raises:
            BuildProblemError: it failed or timed out.
            OSError: the file can't be opened, or no process can be started.
        """
        line, status = await self._run_once(path)
        if status in _STOP_SIGNALS:
            line, status = await self._run_once(path)
        if status:
            logger.warning("the process reading a build ended with status %d", status)
            raise BuildProblemError(
                BuildProblem.EXHAUSTING if status in _LIMIT_SIGNALS else BuildProblem.UNREADABLE
            )
        return line

    async def _run_once(self, path: Path) -> tuple[bytes, int]:
        with path.open("rb") as file:  # a local file, opened here and read in the child
            process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=file,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=_PROJECT,
                env=self.environment or {},
                limit=self.max_answer_bytes,
                start_new_session=True,  # so that Ctrl-C in a terminal reaches only the bot
            )
        assert process.stdout is not None  # noqa: S101 - requested above
        try:
            async with asyncio.timeout(self.timeout_s):
                return await process.stdout.readline(), await process.wait()
        except TimeoutError as error:
            raise BuildProblemError(BuildProblem.EXHAUSTING) from error
        except ValueError as error:  # the line is too long
            raise BuildProblemError(BuildProblem.UNREADABLE) from error
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()  # drains the pipe and waits for the process to end


def parse_answer(line: bytes, parse: Callable[..., T]) -> T:
    """Return the result of ``parse``, which gets the fields of the child's answer as keyword arguments.

    Raises:
        BuildProblemError: the child reports one, or ``parse`` finds the answer invalid (``TypeError``,
            ``KeyError`` or ``ValueError``).
    """
    try:
        answer = json.loads(line)
        if isinstance(answer, dict) and set(answer) == {"problem"}:
            raise BuildProblemError(BuildProblem(answer["problem"]))
        return parse(**answer)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BuildProblemError(BuildProblem.UNREADABLE) from error
