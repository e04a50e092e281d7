"""The message that begins the thread of a build from the command line."""

from bot.slack.blocks import text
from bot.slack.blocks.elements import section
from bot.slack.blocks.message import Message, compose


def announcement(file_name: str) -> Message:
    """Say that a build is being scanned from the command line; its reply follows in the thread."""
    return compose([section(f"{text.code(file_name)} is being scanned from the command line.")])
