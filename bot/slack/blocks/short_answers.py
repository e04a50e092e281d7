"""Short answers: a notice, a refusal, how to type a command, and an error of the bot."""

from bot.slack.blocks import text
from bot.slack.blocks.elements import context, section
from bot.slack.blocks.message import Message, compose


def notice(sentence: str) -> Message:
    """Say one sentence of this project."""
    return compose([section(text.sentence(sentence, 2000))])


def prepared(marked: str) -> Message:
    """Say what is ``mrkdwn`` already; ``bot.slack.blocks.text`` has made links and names safe."""
    return compose([section(marked)])


def refusal(sentence: str) -> Message:
    """Refuse, with the reason in a sentence of this project."""
    return compose([section(f":no_entry: {text.sentence(sentence, 2000)}")])


def usage(sentence: str, example: str = "") -> Message:
    """Say what was wrong with what was typed, and show an example that works."""
    shown = context(f"For example: {text.code(example, 300)}") if example else None
    return compose([section(f":information_source: {text.sentence(sentence, 2000)}"), shown])


def error(reference: str) -> Message:
    """Say that the bot failed; the log has the error under ``reference``."""
    return prepared(
        ":warning: Something went wrong here, not with what you did. Try again in a moment. If it happens "
        f"again, tell the operator of this bot, with the reference {text.code(reference, 60)}."
    )
