"""The obfuscated API key for signing in: characters of the key, picked by a timestamp.

Source: "Getting Started", *Obfuscate the API key* (https://help.zscaler.com/zia/getting-started-zia-api).
"""

from typing import Final

from bot.errors import Refused

KEY_LENGTH: Final = 12
"""Characters of an API key."""

WRONG_LENGTH: Final = (
    f"The bot's Zscaler API key can't be right: a key has {KEY_LENGTH} characters. "
    "The operator of this bot should check `ZSCALER_API_KEY`."
)


def obfuscate(api_key: str, timestamp_ms: int) -> str:
    """Return the obfuscated key, 12 characters; ``timestamp_ms`` is milliseconds since the epoch.

    The last six digits of the timestamp pick from the key's first ten characters, and the six digits of half
    of that number from its last ten.

    Raises:
        Refused: the key has another length.
    """
    if len(api_key) != KEY_LENGTH:
        raise Refused(WRONG_LENGTH)
    high = timestamp_ms % 1_000_000
    low = high >> 1
    return "".join(
        [
            *(api_key[int(digit)] for digit in f"{high:06}"),
            *(api_key[int(digit) + 2] for digit in f"{low:06}"),
        ]
    )
