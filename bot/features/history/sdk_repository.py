"""Conditions for scans that contain an SDK, by part of its name, vendor or package ID."""

from typing import Final

from bot.storage.connection import Connection

NAMED: Final = "(k.name LIKE ? ESCAPE '\\' OR k.vendor LIKE ? ESCAPE '\\' OR k.package_id LIKE ? ESCAPE '\\')"
"""Condition on ``known_sdks AS k`` or ``sdks AS k``; parameters: see ``like``."""

SCANS_WITH: Final = f"""
    SELECT sdks.scan FROM known_sdks AS k CROSS JOIN sdks
    ON sdks.package_id = k.package_id AND sdks.name = k.name AND sdks.vendor IS k.vendor
    WHERE {NAMED}
"""
"""Numbers of the scans with such an SDK, possibly repeated.

SQLite keeps the order of a ``CROSS JOIN``: first the few matching SDKs, then the scans by index.
"""
HAS_ONE: Final = f"EXISTS (SELECT 1 FROM sdks AS k WHERE k.scan = scans.number AND {NAMED})"
"""Condition on ``scans``, faster if nearly all or only few scans are checked."""

MANY_SCANS: Final = 20_000
"""From this many matches on, checking the newest scans one by one is faster than collecting all matches."""


def like(name: str) -> list[object]:
    """Return the parameters of ``NAMED``."""
    return [part(name)] * 3


def part(name: str) -> str:
    """Return the ``LIKE`` pattern (escape: backslash) for texts containing ``name``.

    ``LIKE`` ignores case within ASCII only.
    """
    escaped = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("\0", "")
    return f"%{escaped}%"


def holding(db: Connection, name: str, *, many: int = MANY_SCANS) -> tuple[str, list[object]]:
    """Return the condition that a scan, read newest first, has such an SDK, and its parameters."""
    counted = f"SELECT count(*) FROM (SELECT 1 FROM ({SCANS_WITH}) LIMIT {many})"
    (count,) = db.execute(counted, like(name)).fetchone()
    return (f"scans.number IN ({SCANS_WITH})" if count < many else HAS_ONE), like(name)
