"""Short answers: a sentence, a polite no, how to type it, and what went wrong on our side."""

from bot.slack.blocks import text
from bot.slack.blocks.elements import context, section
from bot.slack.blocks.message import Message, compose


def notice(sentence: str) -> Message:
    """Say one sentence of this project."""
    return compose([section(text.sentence(sentence, 2000))])


def prepared(marked: str) -> Message:
    """Say what is ``mrkdwn`` already, links and names made safe by ``bot.slack.blocks.text``."""
    return compose([section(marked)])


def refusal(sentence: str) -> Message:
    """Say no, and why, in a sentence of this project."""
    return compose([section(f":no_entry: {text.sentence(sentence, 2000)}")])


def usage(sentence: str, example: str = "") -> Message:
    """Say what was wrong with what was typed, and show an example of what would work."""
    return compose(
        [
            section(f":information_source: {text.sentence(sentence, 2000)}"),
            context(f"For example: {text.code(example, 300)}") if example else None,
        ]
    )


def error(reference: str) -> Message:
    """Say that something went wrong on our side; ``reference`` is what the log has it under."""
    return compose(
        [
            section(
                ":warning: Something went wrong here, not with what you did. Try again in a moment; if it "
                f"happens again, tell whoever runs this bot, with the reference {text.code(reference, 60)}."
            )
        ]
    )
