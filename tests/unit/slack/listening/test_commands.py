"""``/appscan``: what is said to what was typed, whatever that is."""

import pytest

from bot.errors import UsageError
from bot.slack.listening.commands import Answers
from bot.slack.listening.help_views import TOPICS
from bot.slack.listening.payload import UNSIGNED


def command(text, **changes):
    return {"user_id": "UDANA", "channel_id": "C1", "trigger_id": "1.2", "text": text} | changes


@pytest.mark.parametrize(
    "changes",
    [{"user_id": None}, {"user_id": 5}, {"user_id": ""}, {"channel_id": ["C1"]}, {"channel_id": {}}],
)
async def test_command_that_does_not_say_who_or_where_is_refused(slack, changes):
    with pytest.raises(UsageError) as error:
        await Answers(slack.services).to(command("help", **changes))
    assert error.value.user_message == UNSIGNED


@pytest.mark.parametrize("text", ["", "  ", "\t\n", "help", "HELP", "help no-such-topic", None, 5, ["help"]])
async def test_command_without_a_word_is_answered_with_all_of_the_help(slack, text):
    message = await Answers(slack.services).to(command(text))
    assert all(f"help {topic}" in message.text or topic in message.text for topic in TOPICS)


@pytest.mark.parametrize("topic", [*sorted(TOPICS), "governance", "urls"])
async def test_help_on_a_topic_shows_its_examples(slack, topic):
    message = await Answers(slack.services).to(command(f"help  {topic.upper()} "))
    assert message.text.startswith(f"`{topic}`: ")
    assert "*Examples*" in message.text


@pytest.mark.parametrize("topic", ["zscaler", "verdict"])
async def test_word_that_is_not_set_up_is_unknown(slack, topic):
    with pytest.raises(UsageError, match="none of the words I know"):
        await Answers(slack.services).to(command(topic))
    assert f"/appscan {topic}" not in (await Answers(slack.services).to(command("help"))).text


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
    with pytest.raises(UsageError) as error:
        await Answers(slack.services).to(command(text))
    assert error.value.example == example
    assert "s3cret" not in error.value.user_message


@pytest.mark.parametrize("text", ["link", "link com.example.shop", "link a b c d", "unlink", "unlink a b c"])
async def test_wrong_number_of_words_is_answered_with_an_example(slack, text):
    with pytest.raises(UsageError) as error:
        await Answers(slack.services).to(command(text))
    assert error.value.example.startswith(f"/appscan {text.split()[0]} ")
