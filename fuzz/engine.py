"""Starts atheris on one reader, with samples to begin from and bounds on time and memory."""

import hashlib
import io
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import atheris

from sandbox.builds import make_apk, make_ipa
from sandbox.bundles import make_aab

KEPT = Path(".fuzz")
"""What was learnt, by target, and what was found."""

BUILDS = (
    make_apk(
        package="a.b", version_name="4.2", label="Shop", translations={"fr": "B"}, label_in_resources=True
    ),
    make_apk(package="a.b", version_name="4.2", label="Shöp 😀", utf16=True, version_in_resources=True),
    make_apk(package="a.b", label="Shop", nameless=True, split="x", version_code_major=7),
    make_ipa(bundle_id="a.b", name="Shop", display_name="Shöp", frameworks=["A"]),
    make_ipa(bundle_id="a.b", name="Shop", display_name="Shöp", binary=False),
)
"""Samples of every form that the readers know."""

BUNDLES = (
    make_aab(
        package="a.b", version_name="4.2", label="Shop", translations={"fr": "B"}, label_in_resources=True
    ),
    make_aab(package="a.b", version_name="4.2", label="Shöp 😀", version_in_resources=True),
    make_aab(package="a.b", label="Shop", split="x", version_code_major=7, features={"camera": "Camera"}),
)
"""Samples of Android App Bundles."""

_BOUNDS = ("-timeout=10", "-rss_limit_mb=1500", "-max_len=20000", "-print_final_stats=1")


def parts(ending: str, builds: Iterable[bytes] = BUILDS) -> list[bytes]:
    """Return the entries of the samples whose name ends so."""
    found = []
    for build in builds:
        with zipfile.ZipFile(io.BytesIO(build)) as archive:
            found += [archive.read(name) for name in archive.namelist() if name.endswith(ending)]
    return found


def fuzz(target: str, one: Callable[[bytes], None], samples: Iterable[bytes]) -> None:
    """Try ``one`` on inputs grown from ``samples``, for the seconds in the command line; never returns."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    corpus = KEPT / target
    corpus.mkdir(parents=True, exist_ok=True)
    for sample in samples:
        (corpus / hashlib.sha256(sample).hexdigest()[:16]).write_bytes(sample)
    found = f"-artifact_prefix={KEPT}/{target}-"
    atheris.Setup([sys.argv[0], str(corpus), f"-max_total_time={seconds}", found, *_BOUNDS], one)
    atheris.Fuzz()
