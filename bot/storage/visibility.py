"""Which scans a person may see, as a condition of a query."""

from bot.core.people import Viewer


def visible(viewer: Viewer) -> tuple[str, list[object]]:
    """Return the condition on ``scans`` for what a viewer may see: private conversations only from within.

    An outsider sees public channels from within only, too, and nothing of the command line.
    """
    marks = ", ".join("?" * len(viewer.channels))
    return (
        "((? AND (scans.channel_kind IS NULL OR scans.channel_kind = 'public')) "
        f"OR scans.channel IN ({marks}) "
        "OR (scans.channel_kind = 'im' AND ? IN (scans.shared_by, scans.asked_by)))",
        [viewer.member, *sorted(viewer.channels), viewer.user],
    )
