"""``/appscan``: what is said to what was typed, whatever that is."""

import pytest

from bot.errors import UsageError
from bot.slack.listening.payload import UNSIGNED

TOPICS = ["share", "rescan", "history", "status", "diff", "sdk", "apps", "link", "unlink", "ci"]


def command(text, **changes):
    return {
        "command": "/appscan",
        "team_id": "T1",
        "user_id": "UDANA",
        "channel_id": "C1",
        "trigger_id": "1.2",
        "text": text,
    } | changes


async def usage_error(slack, body):
    """Deliver a command that is typed wrongly; return the error."""
    error = await slack.refused(body)
    assert type(error) is UsageError
    return error


@pytest.mark.parametrize(
    "changes",
    [{"user_id": None}, {"user_id": 5}, {"user_id": ""}, {"channel_id": ["C1"]}, {"channel_id": {}}],
)
async def test_command_that_does_not_say_who_or_where_is_refused(slack, changes):
    error = await usage_error(slack, command("help", **changes))
    assert error.user_message == UNSIGNED


@pytest.mark.parametrize("text", ["", "  ", "\t\n", "help", "HELP", "help no-such-topic", None, 5, ["help"]])
async def test_command_without_a_word_is_answered_with_all_of_the_help(slack, text):
    said = await slack.told(command(text))
    assert all(f"`/appscan help {topic}`" in said for topic in TOPICS)


@pytest.mark.parametrize("topic", [*TOPICS, "governance", "urls"])
async def test_help_on_a_topic_shows_its_examples(slack, topic):
    said = await slack.told(command(f"help  {topic.upper()} "))
    assert said.startswith(f"`{topic}`: ")
    assert "*Examples*" in said


@pytest.mark.parametrize("topic", ["zscaler", "verdict"])
async def test_word_that_is_not_set_up_is_unknown(slack, topic):
    said = await slack.told(command("help"))
    assert f"/appscan help {topic}" not in said
    error = await usage_error(slack, command(topic))
    assert "Unknown command." in error.user_message


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("histroy by:me", "/appscan history by:me"),
        ("STATSU 12", "/appscan status 12"),
        ("histroy by:<@U0BEN|ben>", "/appscan history by:@ben"),
        ("govrnance https://x.example/?token=s3cret", "/appscan governance"),
        ("ursl https://x.example/?code=s3cret", "/appscan urls"),
        ("frobnicate <!channel>", "/appscan help"),
        ("\ud800", "/appscan help"),
    ],
    ids=ascii,
)
async def test_unknown_word_is_told_what_may_be_meant_and_no_secret_is_repeated(slack, text, example):
    error = await usage_error(slack, command(text))
    assert error.example == example
    assert "s3cret" not in error.user_message


@pytest.mark.parametrize("text", ["link", "link com.example.shop", "link a b c d", "unlink", "unlink a b c"])
async def test_wrong_number_of_words_is_answered_with_an_example(slack, text):
    error = await usage_error(slack, command(text))
    assert error.example.startswith(f"/appscan {text.split()[0]} ")
