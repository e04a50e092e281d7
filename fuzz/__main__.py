"""Runs the targets, one after the other: ``python -m fuzz [--seconds 60] [target …]``."""

import argparse
import subprocess
import sys
from importlib.util import find_spec

TARGETS = ("archive", "manifest", "resources", "bundle", "plist", "build", "answer", "words", "hosts")


def main() -> int:
    """Run the chosen targets; return 1 if one of them found something."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzz the readers of builds.")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument(
        "targets", nargs="*", metavar="target", help=f"of {', '.join(TARGETS)}; all by default"
    )
    asked = parser.parse_args()
    unknown = set(asked.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if find_spec("atheris") is None:
        print(
            "Not fuzzed: atheris is not installed. There is one for Linux on x86-64 and Python 3.11 to 3.13;"
            " the same readers are tried with Hypothesis in `make test`, everywhere.",
            file=sys.stderr,
        )
        return 1
    found = []
    for name in asked.targets or TARGETS:
        print(f"== {name}, {asked.seconds} s", flush=True)
        if subprocess.run([sys.executable, "-m", f"fuzz.{name}", str(asked.seconds)], check=False).returncode:
            found.append(name)
    print(f"Found something in: {', '.join(found)}; see .fuzz/" if found else "Nothing was found.")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
