"""Code that a build got to run in the child, and what it can reach from there."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.builds import confinement

pytestmark = pytest.mark.skipif(bool(confinement.missing()), reason=f"no {confinement.missing()} here")

PROJECT = Path(__file__).parents[3]
BEFORE = """
import ctypes, mmap, os, socket, sys
from bot.builds import child, confinement
parent, path, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)
file = open(path, "r+b")
tcp = socket.socket()
def called(result):
    if result in (-1, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "refused")
"""
OUTCOME = """
def outcome():
    try:
        attack()
    except OSError as error:
        return f"refused: {error.errno}"
    return "done"
"""
ALONE = "{}\nsys.stdout.write(outcome())"
READING = "child.run(lambda file: outcome(), cpu_s=5, wall_s=20)"
"""As the child does it, with the attack in the place of the reader."""

FILES = {
    "reads the bot's environment": "open(f'/proc/{parent}/environ', 'rb').read()",
    "reads the bot's memory": "open(f'/proc/{parent}/mem', 'rb')",
    "reads a file": "open('/etc/passwd', 'rb').read()",
    "changes a file": "open(path, 'r+b').write(b'x')",
    "makes a file": "open(path + '.new', 'xb')",
    "deletes a file": "os.unlink(path)",
    "renames a file": "os.rename(path, path + '.new')",
    "lists a folder": "os.listdir('/')",
    "connects to a port": "tcp.connect(('127.0.0.1', port))",
    "traces the bot": "called(libc.ptrace(16, parent, 0, 0))",
}
"""What Landlock refuses alone; the port needs version 4 of its interface."""

CALLS = FILES | {
    "opens a socket": "socket.socket()",
    "opens a Unix socket": "socket.socket(socket.AF_UNIX)",
    "kills the bot": "os.kill(parent, 0)",
    "starts a process": "os.fork()",
    "runs a program": "os.execv('/bin/true', ['true'])",
    "reads memory of the bot": "called(libc.process_vm_readv(parent, None, 0, None, 0, 0))",
    "maps a file that is open": "mmap.mmap(file.fileno(), 1)",
    "maps code": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "makes memory executable": "called(libc.mprotect(ctypes.c_void_p(id(attack) & ~4095), 4096, 7))",
    "changes a file's mode": "os.fchmod(file.fileno(), 0o777)",
    "empties a file that is open": "os.ftruncate(file.fileno(), 0)",
    "lifts a limit": "called(libc.prlimit(0, 4, None, None))",
    "makes a file in memory": "os.memfd_create('x')",
    "looks up a file": "os.stat('/etc/passwd')",
}


@pytest.mark.parametrize("attack", FILES.values(), ids=FILES)
def test_landlock_refuses_files_ports_and_tracing(tmp_path: Path, attack: str) -> None:
    assert _played(tmp_path, ALONE.format("confinement.enter_landlock()"), attack).startswith("refused")


@pytest.mark.parametrize("attack", CALLS.values(), ids=CALLS)
def test_seccomp_refuses_what_reading_does_not_need(tmp_path: Path, attack: str) -> None:
    assert _played(tmp_path, ALONE.format("confinement.enter_seccomp()"), attack) == "refused: 1"


@pytest.mark.parametrize("attack", CALLS.values(), ids=CALLS)
def test_child_refuses_every_attack_while_it_reads(tmp_path: Path, attack: str) -> None:
    assert _played(tmp_path, READING, attack).startswith('"refused')


@pytest.mark.parametrize("attack", FILES.values(), ids=FILES)
def test_attacks_succeed_without_confinement(tmp_path: Path, attack: str) -> None:
    assert _played(tmp_path, ALONE.format(""), attack) == "done"


def test_seccomp_refuses_calls_of_another_architecture(tmp_path: Path) -> None:
    """The system call of 32-bit programs has other numbers: 5 opens a file there."""
    get_pid = "called(libc.syscall(0x40000000 | 39))"  # by its number for programs with 32-bit pointers
    assert _played(tmp_path, ALONE.format("confinement.enter_seccomp()"), get_pid) == "refused: 1"


@pytest.mark.parametrize(("hide", "outcome"), [("confinement.hide_memory()", "refused"), ("pass", "read")])
def test_hidden_memory_is_not_read_by_another_process_of_the_user(hide: str, outcome: str) -> None:
    unprivileged = (
        "import ctypes, os\nif os.geteuid() == 0: os.setuid(65534)\nctypes.CDLL(None).prctl(4, 1)\n"
    )
    read = (
        "try: print('read' if b's3cret' in open('/proc/{}/environ', 'rb').read() else 'empty')\n"
        "except PermissionError: print('refused')"
    )
    with subprocess.Popen(
        [
            sys.executable, "-c",
            f"from bot.builds import confinement\n{unprivileged}\n{hide}\nprint(flush=True)\ninput()",
        ],
        cwd=PROJECT, env={"NAME": "s3cret"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as victim:  # fmt: skip
        assert victim.stdout is not None
        victim.stdout.readline()
        reader = subprocess.run(
            [sys.executable, "-c", unprivileged + read.format(victim.pid)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        victim.kill()
    assert reader.stdout.strip() == outcome


def test_command_line_hides_the_bots_memory() -> None:
    script = (
        "import ctypes, sys\nfrom bot.__main__ import main\nsys.argv = ['bot', '--help']\n"
        "try: main()\nexcept SystemExit: print('dumpable:', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.endswith("dumpable: 0\n")


def _played(tmp_path: Path, course: str, attack: str) -> str:
    """Run an attack on a process, a file and a port in a process that was confined; return what it says."""
    target = tmp_path / "build.apk"
    target.write_bytes(b"a build")
    code = f"{BEFORE}\ndef attack():\n    {attack}\n{OUTCOME}\n{course}"
    waiting = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with socket.create_server(("127.0.0.1", 0)) as server, waiting as bot:
        told = [str(bot.pid), str(target), str(server.getsockname()[1])]
        try:
            ran = subprocess.run(
                [sys.executable, "-c", code, *told],
                cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
        finally:
            bot.kill()
    return ran.stdout or ran.stderr
