"""Has each build's hosts read in a process of its own, and believes nothing it says unchecked."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.builds.child_process import ReadingProcess, command_of
from bot.builds.hosts.names import MAX_LENGTH, is_host
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.features.hosts.models import MAX_HOSTS, HostsFound

COMMAND = command_of("bot.builds.hosts_child")
"""What reads one build's hosts, the build given on standard input."""

_MAX_ANSWER_BYTES = MAX_HOSTS * (MAX_LENGTH + 4) + 1024
_MAX_LEFT_OUT = 1_000_000


class HostFinder:
    """Reads the hosts in builds, each in a process of its own; any number at a time.

    ``timeout_s`` is wall-clock time. ``environment`` is all that the process gets. ``command`` is what runs.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 60.0,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._process = ReadingProcess(
            command, timeout_s=timeout_s, environment=environment, max_answer_bytes=_MAX_ANSWER_BYTES
        )

    async def hosts(self, path: Path) -> HostsFound:
        """Read the hosts that the build at ``path`` names.

        Raises:
            BuildRejected: it can't be read within limits.
            OSError: the file can't be opened, or no process can be started.
        """
        return believed(await self._process.ask(path))


def believed(line: bytes) -> HostsFound:
    """Return what the process found, each host checked."""
    try:
        answer = json.loads(line)
        if isinstance(answer, dict) and set(answer) == {"flaw"}:
            raise BuildProblemError(BuildProblem(answer["flaw"]))
        return _found(**answer)
    except (ValueError, TypeError, RecursionError) as error:
        raise BuildProblemError(BuildProblem.UNREADABLE) from error


def _found(*, hosts: object, left_out: object, cut_short: object) -> HostsFound:
    if not isinstance(hosts, list) or len(hosts) > MAX_HOSTS or not all(map(is_host, hosts)):
        raise ValueError("no list of hosts")
    if sorted(set(hosts)) != hosts or not isinstance(cut_short, bool):
        raise ValueError("hosts out of order")
    if isinstance(left_out, bool) or not isinstance(left_out, int) or not 0 <= left_out <= _MAX_LEFT_OUT:
        raise ValueError("no count")
    return HostsFound(hosts=tuple(hosts), left_out=left_out, cut_short=cut_short)
