"""A message is read whatever its fields hold; what is taken for an ID can be one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.scan import ChannelKind
from bot.slack.api.message_parser import read_message

HOSTILE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["\ud800", "\x00", "٣", "x" * 50_000, "1" * 400, "shop.apk", "F0123456789"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
FILE = {"id": "F0123456789", "name": "shop.apk", "size": 1000, "user": "U0123456789"}
MESSAGE: dict[str, Any] = {
    "ts": "1790000000.000100",
    "thread_ts": "1790000000.000100",
    "user": "U0123456789",
    "bot_id": "B0123456789",
    "subtype": "file_share",
    "text": "rescan",
}


@given(
    channel=st.just("C0123456789") | st.text(),
    message=st.fixed_dictionaries({name: HOSTILE | st.just(value) for name, value in MESSAGE.items()}),
    files=HOSTILE
    | st.lists(
        HOSTILE | st.fixed_dictionaries({key: HOSTILE | st.just(value) for key, value in FILE.items()})
    ),
)
def test_no_payload_makes_it_stumble_and_no_id_is_what_none_can_be(
    channel: str, message: dict[str, Any], files: object
):
    seen = read_message({**message, "files": files}, channel, ChannelKind.PUBLIC)

    for share in seen.shares:
        for id_ in (share.channel, share.thread_ts, share.file_id, share.shared_by, share.bot_id):
            assert id_ is None or (id_.isascii() and 0 < len(id_) <= 100)
    assert all(id_.isascii() for id_ in seen.unnamed)


@pytest.mark.parametrize("id_", ["\ud800", "", "F" * 101, 5, None, ["F1"]])
def test_a_file_without_an_id_is_passed_over_and_those_beside_it_are_not(id_: object):
    seen = read_message({**MESSAGE, "files": [{**FILE, "id": id_}, FILE]}, "C0123456789", ChannelKind.PUBLIC)

    assert [share.file_id for share in seen.shares] == ["F0123456789"]
