"""Finding the scans in which an SDK was found, by a part of what it is called."""

from typing import Final

from bot.storage.connection import Connection

NAMED: Final = "(k.name LIKE ? ESCAPE '\\' OR k.vendor LIKE ? ESCAPE '\\' OR k.package_id LIKE ? ESCAPE '\\')"
"""The condition on ``known_sdks AS k``, or on ``sdks AS k``; see ``like``."""

SCANS_WITH: Final = f"""
    SELECT sdks.scan FROM known_sdks AS k CROSS JOIN sdks
    ON sdks.package_id = k.package_id AND sdks.name = k.name AND sdks.vendor IS k.vendor
    WHERE {NAMED}
"""
"""The numbers of the scans that found such an SDK; a number may come more than once.

SQLite keeps to the order of a ``CROSS JOIN``: first the few SDKs that fit, then the scans by index.
"""
HAS_ONE: Final = f"EXISTS (SELECT 1 FROM sdks AS k WHERE k.scan = scans.number AND {NAMED})"
"""The condition on ``scans`` that such an SDK was found, for where nearly all or few scans are looked at."""

MANY: Final = 20_000
"""Where so many were found, gathering their scans takes longer than looking at the newest scans."""


def like(name: str) -> list[object]:
    """Return what ``NAMED`` takes for SDKs whose name, vendor or package ID holds ``name``."""
    return [part(name)] * 3


def part(name: str) -> str:
    """Return what ``LIKE``, with a backslash as escape, takes for texts that hold ``name``.

    Capital letters count for nothing, but outside ASCII they do.
    """
    escaped = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("\0", "")
    return f"%{escaped}%"


def holding(db: Connection, name: str, *, many: int = MANY) -> tuple[str, list[object]]:
    """Return the condition on ``scans``, read newest first, that such an SDK was found, and its words."""
    counted = f"SELECT count(*) FROM (SELECT 1 FROM ({SCANS_WITH}) LIMIT {many})"
    (found,) = db.execute(counted, like(name)).fetchone()
    return (f"scans.number IN ({SCANS_WITH})" if found < many else HAS_ONE), like(name)
