"""Only one bot works on a database."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from bot.storage.instance_lock import InstanceLock

HOLDER = """
import sys, time
from pathlib import Path
from bot.storage.instance_lock import InstanceLock

lock = InstanceLock(Path(sys.argv[1]))
print(lock.try_acquire(), flush=True)
sys.stdin.read()
"""


class Waits:
    """Counts how often the lock was looked at, and does something while it is waited for."""

    def __init__(self, meanwhile=None):
        self.count = 0
        self.meanwhile = meanwhile

    async def __call__(self):
        self.count += 1
        if self.meanwhile is not None:
            await self.meanwhile()


async def test_a_second_one_waits_until_the_first_has_gone(tmp_path):
    first, second = InstanceLock(tmp_path / "appscan.db"), InstanceLock(tmp_path / "appscan.db")
    assert first.try_acquire()
    assert first.try_acquire()
    assert not second.try_acquire()
    assert (first.held, second.held) == (True, False)

    async def go():
        if waits.count == 3:
            first.release()

    waits = Waits(go)
    await second.acquire(waits)

    assert (waits.count, first.held, second.held) == (3, False, True)
    second.release()
    second.release()
    assert first.try_acquire()
    first.release()


async def test_locks_of_other_databases_are_other_locks(tmp_path):
    one, other = InstanceLock(tmp_path / "one.db"), InstanceLock(tmp_path / "other.db")

    assert one.try_acquire()
    assert other.try_acquire()
    one.release()
    other.release()


async def test_the_lock_of_a_killed_process_is_free(tmp_path):
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDER, str(tmp_path / "appscan.db")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"True\n"
    lock = InstanceLock(tmp_path / "appscan.db")
    assert not lock.try_acquire()

    async def kill():
        os.kill(holder.pid, signal.SIGKILL)
        await holder.wait()

    waits = Waits(kill)
    await lock.acquire(waits)

    assert (waits.count, lock.held) == (1, True)
    lock.release()
