"""What keeps code that a build gets to run in the child from reaching the bot, the disk or the network.

Before it reads a byte, the child enters a seccomp filter and a Landlock domain. From then on it can only read
its standard input, write its answer, and use memory that is not executable. The bot is not dumpable: no other
process of its user can read its memory or environment. All of this needs Linux, and seccomp also needs x86-64
or ARM64; ``missing`` names what a system lacks.
"""

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterable, Mapping
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2

# Source: linux/seccomp.h, linux/audit.h, linux/bpf_common.h.
_ALLOW: Final = 0x7FFF_0000
_DENY: Final = 0x0005_0000 | errno.EPERM
_KILL: Final = 0x8000_0000
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data; its arguments follow the instruction pointer
_PROT_EXEC: Final = 0x4
_NO_FILE: Final = 0xFFFF_FFFF  # the file descriptor of a mapping without a file: -1
_AT_EMPTY_PATH: Final = 0x1000

_ARCHITECTURES: Final[Mapping[str, tuple[int, Mapping[str, int]]]] = {
    "x86_64": (
        0xC000_003E,
        {
            "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10,
            "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
            "pread64": 17, "sched_yield": 24, "mremap": 25, "madvise": 28, "getpid": 39, "exit": 60,
            "gettimeofday": 96, "sigaltstack": 131, "gettid": 186, "time": 201, "futex": 202,
            "restart_syscall": 219, "clock_gettime": 228, "exit_group": 231, "newfstatat": 262,
            "getrandom": 318,
        },
    ),
    "aarch64": (
        0xC000_00B7,
        {
            "close": 57, "lseek": 62, "read": 63, "write": 64, "pread64": 67, "newfstatat": 79, "fstat": 80,
            "exit": 93, "exit_group": 94, "futex": 98, "clock_gettime": 113, "sched_yield": 124,
            "restart_syscall": 128, "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135,
            "rt_sigreturn": 139, "gettimeofday": 169, "getpid": 172, "gettid": 178, "brk": 214, "munmap": 215,
            "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233, "getrandom": 278,
        },
    ),
}  # fmt: skip
"""By machine: its number for the filter, and the only system calls that the child may make.

Source: asm/unistd_64.h and asm-generic/unistd.h of Linux 6.1.
"""

_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446
_LANDLOCK_VERSION: Final = 1  # a flag: return the version instead of a ruleset
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}  # how many rights there are from a version on


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def hide_memory() -> None:
    """Keep other processes of this user from reading this one's memory and environment, and from core dumps.

    Does nothing where the system can't.
    """
    if (libc := _libc()) is not None:
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def enter_landlock() -> None:
    """Give up all access to files that are not open yet, to ports and to other processes' sockets.

    Needs a free file descriptor, so it comes before the limit on them. Does nothing where the system can't.
    """
    libc = _libc()
    if libc is None or (version := _landlock_version(libc)) < 1:
        return
    rights = max(count for since, count in _FILE_RIGHTS.items() if since <= version)
    net, scopes = (0b11 if version >= since else 0 for since in (4, 6))
    ruleset = struct.pack("QQQ", (1 << rights) - 1, net, scopes)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if (domain := libc.syscall(_LANDLOCK_CREATE, ruleset, len(ruleset), 0)) >= 0:
        libc.syscall(_LANDLOCK_RESTRICT, domain, 0)
        libc.close(domain)


def enter_seccomp() -> None:
    """Refuse this process all system calls but those of ``_ARCHITECTURES``, for good.

    A refused call fails with ``EPERM``. Does nothing where the system can't.
    """
    libc, machine = _libc(), platform.machine()
    if libc is None or machine not in _ARCHITECTURES:
        return
    code = b"".join(_filter(*_ARCHITECTURES[machine]))
    program = _Program(len(code) // 8, code)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)


def missing() -> list[str]:
    """Return what this system lacks to confine the child: names such as ``seccomp``."""
    libc = _libc()
    if libc is None:
        return ["seccomp", "Landlock", "protection of the bot's memory"]
    # Without a filter, a kernel with seccomp fails to read it, and one without doesn't know the mode.
    libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, None, 0, 0)
    has_seccomp = ctypes.get_errno() == errno.EFAULT and platform.machine() in _ARCHITECTURES
    has_landlock = _landlock_version(libc) >= 1
    return [name for name, has in (("seccomp", has_seccomp), ("Landlock", has_landlock)) if not has]


def _filter(architecture: int, calls: Mapping[str, int]) -> Iterable[bytes]:
    """Yield the filter's instructions.

    Each call's block ends in a verdict or, if the number is another, is jumped over.
    """
    yield _instruction(_LOAD, _ARCHITECTURE)
    yield _instruction(_IF_EQUAL, architecture, then=1)
    yield _instruction(_RETURN, _KILL)
    yield _instruction(_LOAD, _NUMBER)
    for name, number in calls.items():
        block = [*_conditions(name), _instruction(_RETURN, _ALLOW)]
        yield _instruction(_IF_EQUAL, number, otherwise=len(block))
        yield from block
    yield _instruction(_RETURN, _DENY)


def _conditions(name: str) -> list[bytes]:
    """Return what refuses a call by its arguments; falls through if it is allowed."""
    deny = _instruction(_RETURN, _DENY)
    no_code = [_argument(2), _instruction(_IF_ANY_BIT, _PROT_EXEC, otherwise=1), deny]
    if name == "mprotect":
        return no_code
    if name == "mmap":
        return [*no_code, _argument(4), _instruction(_IF_EQUAL, _NO_FILE, then=1), deny]
    if name == "newfstatat":  # fstat of current C libraries; a path could be asked for as well
        return [_argument(3), _instruction(_IF_ANY_BIT, _AT_EMPTY_PATH, then=1), deny]
    return []


def _argument(index: int) -> bytes:
    """Load the lower half of an argument, in the byte order of both architectures."""
    return _instruction(_LOAD, 16 + 8 * index)


def _instruction(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    """Return a ``struct sock_filter``; ``then`` and ``otherwise`` are how many instructions to jump over."""
    return struct.pack("HBBI", code, then, otherwise, value)


def _landlock_version(libc: ctypes.CDLL) -> int:
    """Return the version of Landlock's interface; below 1 without Landlock."""
    return int(libc.syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION))


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
