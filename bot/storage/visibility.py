"""Which scans a person may see, as a condition of a query."""

from bot.core.people import Viewer


def visible(viewer: Viewer) -> tuple[str, list[object]]:
    """Return the condition on ``scans`` that a viewer may see, and its parameters.

    Private conversations are visible to their members. Outsiders see public channels only as members, too,
    and no scans from the command line.
    """
    marks = ", ".join("?" * len(viewer.channels))
    return (
        "((? AND (scans.channel_kind IS NULL OR scans.channel_kind = 'public')) "
        f"OR scans.channel IN ({marks}) "
        "OR (scans.channel_kind = 'im' AND ? IN (scans.shared_by, scans.asked_by)))",
        [viewer.member, *sorted(viewer.channels), viewer.user],
    )
