from bot.slack.blocks.elements import section
from bot.slack.blocks.message import TEXT_LIMIT, compose


def test_text_of_a_message_is_cut_between_lines():
    assert compose([section("a\nb"), None, section("c")]).text == "a\nb\nc"
    long = compose([section("\n".join(["<https://example.com|a link>"] * 1000))]).text
    assert len(long) <= TEXT_LIMIT + len("\n…")
    assert long.endswith("|a link>\n…")
