"""Takes a person out of the history: ``python -m bot forget U0123456789``."""

from pathlib import Path
from typing import TextIO

from bot.config.settings import USER_ID
from bot.core.clock import SystemClock
from bot.features.retention.repository import SqlPrivacyRepository
from bot.wiring.database import open_database


async def forget(path: Path, user: str, out: TextIO) -> int:
    """Forget ``user`` (a user ID) in the database at ``path``; say to ``out`` what was found.

    Returns the exit code: 1 where the history does not hold them.
    """
    if not USER_ID.fullmatch(user):
        out.write("That is no user ID. In Slack: the person's profile, ⋮, Copy member ID.\n")
        return 2
    if not path.exists():  # noqa: ASYNC240 - one look, before anything else runs
        raise SystemExit(f"There is no database at {path}: set APPSCAN_DB to where the bot keeps it.")
    database = await open_database(path)
    try:
        scans = await SqlPrivacyRepository(database, SystemClock()).forget(user)
    finally:
        await database.close()
    if scans is None:
        out.write(f"{user} is nowhere in the database, so nothing was changed. Is the ID right?\n")
        return 1
    out.write(
        f"{user} is forgotten: their name and comments were taken out of {_scans(scans)} and every "
        "timeline. Slack still holds the bot's messages; delete those there.\n"
    )
    return 0


def _scans(count: int) -> str:
    return "1 scan" if count == 1 else f"{count} scans"
