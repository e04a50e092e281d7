"""The scan's number on the log's lines, whoever writes them."""

import logging

import pytest

from bot.core import log_context
from bot.log import LineFormatter
from tests.scenario.office import Office, apk


class Lines(logging.Handler):
    """Keeps what was logged, each with the scan that it is about."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.kept: list[tuple[str, int | None, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append((record.name, log_context.number(), LineFormatter(()).format(record)))

    def of(self, logger: str, words: str) -> set[int | None]:
        return {scan for name, scan, text in self.kept if name.startswith(logger) and words in text}


@pytest.fixture
def lines():
    kept, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(kept)
    root.setLevel(level)


async def test_lines_of_slacks_library_say_the_scan_while_it_is_worked_on(place: Office, lines: Lines):
    first = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(first)
    second = place.dana.share(place.builds_channel, [("notes.apk", apk(package="com.example.notes"))])
    await place.submitted(second)

    assert lines.of("slack_sdk", "files.info") >= {1, 2}  # the look for its message is before there is a scan
    assert lines.of("slack_sdk", "url: POST") - {None} == {1, 2}
    assert lines.of("bot.features.submission.outcomes", "was accepted") == {1, 2}
    assert lines.of("slack_sdk", "auth.test") <= {None}


async def test_a_press_is_about_the_scan_of_its_button_and_what_comes_next_is_not(
    place: Office, lines: Lines
):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    lines.kept.clear()

    await place.told(await place.press(shared, "Details"))
    await place.command("help")

    assert lines.of("slack_sdk.webhook", "/respond/actions/") == {1}
    assert lines.of("slack_sdk.webhook", "/respond/commands/") == {None}
