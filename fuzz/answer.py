"""The child's one line: ``parse_build`` gives a build whose texts are clean, or refuses."""

import json
from dataclasses import asdict

import atheris

with atheris.instrument_imports(include=["bot.builds"]):
    from bot.builds.problems import BuildProblem, BuildProblemError
    from bot.builds.reader import parse_build
    from bot.builds.text import clean, is_bundle_id
    from bot.core.scan import Build, FileType

from fuzz.engine import fuzz

_BUILD = Build(file_type=FileType.IPA, bundle_id="a.b", display_name="Shop", version="1", build_number="2")


def one(data: bytes) -> None:
    """Parse a line."""
    try:
        found = parse_build(data)
    except BuildProblemError:
        return
    assert is_bundle_id(found.bundle_id)
    for words in (found.display_name, found.bundle_name, found.version, found.build_number):
        assert words is None or clean(words) == words


if __name__ == "__main__":
    problems = [json.dumps({"problem": problem}).encode() for problem in BuildProblem]
    fuzz("answer", one, [json.dumps({"build": asdict(_BUILD)}).encode(), *problems])
