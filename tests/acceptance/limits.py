"""Taking disk space from a running process, without being root, and what it does meanwhile. Linux only."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.bot_process import BotProcess


@contextmanager
def no_file_beyond(bot: BotProcess, size_bytes: int) -> Iterator[None]:
    """Let no file of the bot's grow beyond so many bytes: writing then fails as on a full disk (EFBIG).

    What has been written stays readable and can be written over. Only the soft limit is lowered, so that
    anybody may raise it again.
    """
    was = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (size_bytes, was[1]))
    try:
        yield
    finally:
        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, was)


def used_s(bot: BotProcess) -> float:
    """Return how much processor time the bot has used."""
    fields = Path(f"/proc/{bot.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
