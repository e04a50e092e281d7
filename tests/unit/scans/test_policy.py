"""The allow-lists."""

import pytest

from bot.errors import NotAllowed
from bot.scans.policy import Policy


def admits(policy, *args, **kwargs):
    try:
        policy.admit(*args, **kwargs)
    except NotAllowed as error:
        return error.user_message
    return True


def test_empty_lists_let_everybody_in():
    assert admits(Policy(), "UANYBODY", "CANYWHERE") is True
    assert admits(Policy(), None, None) is True


@pytest.mark.parametrize(
    ("user", "bot_id", "admitted"),
    [
        ("UANA", None, True),
        ("UCI", "BCI", True),
        ("BCI", "BCI", True),
        ("UBEN", None, False),
        (None, None, False),
    ],
)
def test_people_and_apps_are_listed_by_any_of_their_ids(user, bot_id, admitted):
    policy = Policy(users=frozenset({"UANA", "BCI"}))

    assert (admits(policy, user, "C1", bot_id=bot_id) is True) == admitted


def test_a_channel_that_is_not_listed_is_told_apart_from_a_person():
    policy = Policy(channels=frozenset({"C1"}), users=frozenset({"UANA"}))

    assert admits(policy, "UANA", "C1") is True
    assert "APPSCAN_CHANNELS" in admits(policy, "UANA", "C2")
    assert "APPSCAN_CHANNELS" in admits(policy, "UANA", None)
    assert "APPSCAN_USERS" in admits(policy, "UBEN", "C1")
