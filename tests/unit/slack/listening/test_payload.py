"""What is read of a payload is text that can be passed on, or nothing."""

import pytest

from bot.slack.listening.payload import said


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"user": {"id": "U0123456789"}}, "U0123456789"),
        ({"user": {"id": "U\ud800"}}, "U?"),
        ({"user": {"id": 5}}, ""),
        ({"user": ["id"]}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_what_is_said_is_valid_text_or_nothing(payload: object, text: str):
    assert said(payload, "user", "id") == text
