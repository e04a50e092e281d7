"""What Slack makes of what a person types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.writing import rich_text, unescape, written
from sandbox.world import ChannelKind, World


@pytest.fixture
def world():
    world = World()
    world.add_user("ana.b")
    world.add_channel("builds")
    world.add_channel("trio", kind=ChannelKind.MPIM)
    return world


def test_names_and_addresses_are_marked(world):
    ana, builds = world.find_user("ana.b").id, world.find_channel("builds").id
    typed = "@ana.b, see #builds. #trio @nobody a@ana.b https://x.example/?a=1&b=2"
    told = f", see <#{builds}|builds>. #trio @nobody a@ana.b <https://x.example/?a=1&amp;b=2>"
    assert written(world, typed) == f"<@{ana}>{told}"
    assert written(world, typed, in_command=True) == f"<@{ana}|ana.b>{told}"
    kinds = [element["type"] for element in rich_text(world, typed)[0]["elements"][0]["elements"]]
    assert kinds == ["user", "text", "channel", "text", "link"]


@given(st.text().filter(lambda text: not {"@", "#"} & set(text) and "http" not in text))
def test_plain_text_is_escaped_and_can_be_read_back(typed):
    kept = written(World(), typed)
    assert unescape(kept) == typed
    assert not {"<", ">"} & set(kept)
