"""What ``/appscan help`` says."""

import difflib
from collections.abc import Mapping

from bot.slack.blocks import text
from bot.slack.blocks.elements import context, section
from bot.slack.blocks.message import Message, compose
from bot.slack.listening.command import Topic


def about(topics: Mapping[str, Topic], word: str = "") -> Message:
    """Return the page of a topic; without a word, or for an unknown one, the list of all topics."""
    asked = word.strip().lower()
    if asked in topics:
        return _page(asked, topics[asked])
    near = difflib.get_close_matches(asked, topics, n=1) if asked else []
    hint = f" Did you mean `/appscan help {near[0]}`?" if near else ""
    return compose(
        [
            section(f":information_source: There is no help on that.{hint}") if asked else None,
            section(
                "*appscan* has every mobile build that is shared in Slack scanned by OneTrust, and answers "
                "in its thread. Share an `.ipa` or `.apk` where this bot is, and that is all."
            ),
            section("\n".join(f"`/appscan help {name}`  {each.gist}" for name, each in topics.items())),
            context("For example: `/appscan history shop since:7d`"),
        ]
    )


def _page(name: str, topic: Topic) -> Message:
    return compose(
        [
            section(f"{text.code(name)}: {topic.gist}"),
            section("\n".join(text.sentence(line) for line in topic.body.split("\n"))),
            section("*Examples*\n" + "\n".join(text.code(each, 200) for each in topic.examples)),
        ]
    )
