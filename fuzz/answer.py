"""The reading process's one line: ``believed`` gives a build whose words are clean, or refuses."""

import json
from dataclasses import asdict

import atheris

with atheris.instrument_imports(include=["bot.builds"]):
    from bot.builds.problems import BuildProblem, BuildProblemError
    from bot.builds.reader import believed
    from bot.builds.text import clean, is_bundle_id
    from bot.core.scan import Build, FileType

from fuzz.engine import fuzz

_BUILD = Build(file_type=FileType.IPA, bundle_id="a.b", display_name="Shop", version="1", build_number="2")


def one(data: bytes) -> None:
    """Believe a line, or not."""
    try:
        found = believed(data)
    except BuildProblemError:
        return
    assert is_bundle_id(found.bundle_id)
    for words in (found.display_name, found.bundle_name, found.version, found.build_number):
        assert words is None or clean(words) == words


if __name__ == "__main__":
    flaws = [json.dumps({"flaw": flaw}).encode() for flaw in BuildProblem]
    fuzz("answer", one, [json.dumps({"build": asdict(_BUILD)}).encode(), *flaws])
