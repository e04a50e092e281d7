"""Finding SDKs by what they are called, in as few rows as there are different SDKs."""

NAMED = "(k.name LIKE ? ESCAPE '\\' OR k.vendor LIKE ? ESCAPE '\\' OR k.package_id LIKE ? ESCAPE '\\')"
"""The condition on ``known_sdks AS k``, or any table with its columns; see ``like``."""

SCANS_WITH = f"""
    SELECT sdks.scan FROM known_sdks AS k CROSS JOIN sdks
    ON sdks.package_id = k.package_id AND sdks.name = k.name AND sdks.vendor IS k.vendor
    WHERE {NAMED}
"""
"""The numbers of the scans that found such an SDK; a number may come more than once.

SQLite keeps to the order of a ``CROSS JOIN``: first the few SDKs that fit, then the scans by index.
"""


def like(name: str) -> list[object]:
    """Return what ``NAMED`` takes for SDKs whose name, vendor or package ID holds ``name``.

    Capital letters count for nothing, outside ASCII they do.
    """
    escaped = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("\0", "")
    return [f"%{escaped}%"] * 3
