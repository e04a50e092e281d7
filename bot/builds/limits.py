"""The limits that a process which reads builds sets itself before it reads a byte.

No further file or socket opens, nothing is written to a file, and it ends by itself even where the bot was
killed. That bounds a parser that goes wrong; it is no sandbox.
"""

import codecs
import contextlib
import resource
import signal

_MEMORY_BYTES = 512 * 1024 * 1024
_OPEN_FILES = 3  # the three it has; Python's own imports are over by then
_ENCODINGS = ("ascii", "utf-8", "utf-16-le", "utf-16-be")  # of strings in builds; each is loaded from a file


def limit(*, cpu_s: int, wall_s: int) -> None:
    """Bound this process's memory, time, files and processes, and leave signals to the parent."""
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)
    for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(stop, signal.SIG_IGN)  # sent to all processes of a service; the parent's to heed
    limits = {
        resource.RLIMIT_AS: _MEMORY_BYTES,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_NPROC: 0,  # counts nothing for root
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        with contextlib.suppress(ValueError, OSError):  # macOS has no limit on memory
            resource.setrlimit(kind, (most, most))
    signal.alarm(wall_s)
