"""Searches builds for hosts in child processes and validates what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.builds.child_process import ChildProcess, command_of, parse_answer
from bot.builds.hosts.names import MAX_LENGTH, is_host
from bot.features.hosts.models import MAX_HOSTS, HostsFound

COMMAND = command_of("bot.builds.hosts_child")

_MAX_ANSWER_BYTES = MAX_HOSTS * (MAX_LENGTH + 4) + 1024
_MAX_LEFT_OUT = 1_000_000


@dataclass(frozen=True, kw_only=True)
class HostFinder:
    """Searches builds for hosts, each in a process of its own; any number at a time.

    ``timeout_s`` is wall-clock time. ``environment`` is all that the process gets.
    """

    timeout_s: float = 60.0
    environment: Mapping[str, str] | None = None
    command: Sequence[str] = COMMAND

    async def hosts(self, path: Path) -> HostsFound:
        """Return the hosts named in the build at ``path``.

        Raises:
            BuildRejected: it can't be read within limits.
            OSError: the file can't be opened, or no process can be started.
        """
        child = ChildProcess(
            self.command,
            timeout_s=self.timeout_s,
            environment=self.environment,
            max_answer_bytes=_MAX_ANSWER_BYTES,
        )
        return parse_hosts(await child.run(path))


def parse_hosts(line: bytes) -> HostsFound:
    """Return the hosts in a child's answer, each validated; raises ``BuildProblemError``."""
    return parse_answer(line, _hosts_found)


def _hosts_found(*, hosts: object, left_out: object, cut_short: object) -> HostsFound:
    if not isinstance(hosts, list) or len(hosts) > MAX_HOSTS or not all(map(is_host, hosts)):
        raise ValueError("not a list of hosts")
    if sorted(set(hosts)) != hosts or not isinstance(cut_short, bool):
        raise ValueError("hosts are not sorted")
    if isinstance(left_out, bool) or not isinstance(left_out, int) or not 0 <= left_out <= _MAX_LEFT_OUT:
        raise ValueError("not a count")
    return HostsFound(hosts=tuple(hosts), left_out=left_out, cut_short=cut_short)
