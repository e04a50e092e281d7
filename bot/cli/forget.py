"""``python -m bot forget U0123456789``: removes a person from the history."""

from pathlib import Path
from typing import TextIO

from bot.config.settings import USER_ID
from bot.core.clock import SystemClock
from bot.features.retention.repository import PrivacyRepository
from bot.wiring.features import open_database


async def forget(path: Path, user: str, out: TextIO) -> int:
    """Remove ``user`` (a user ID) from the database at ``path``, and report to ``out``.

    Returns the exit code: 1 if they are not in the history, 2 if it is not a user ID.
    """
    if not USER_ID.fullmatch(user):
        out.write("That is not a user ID. Find it in Slack: the person's profile, ⋮, Copy member ID.\n")
        return 2
    database = await open_database(path)
    try:
        scans = await PrivacyRepository(database, SystemClock()).forget(user)
    finally:
        await database.close()
    if scans is None:
        out.write(f"{user} is not in the database, so nothing was changed. Is the ID right?\n")
        return 1
    out.write(
        f"{user} is forgotten: their name and comments were removed from {scans} "
        f"{'scan' if scans == 1 else 'scans'} and every timeline. Slack still has the bot's messages; delete "
        "those there.\n"
    )
    return 0
