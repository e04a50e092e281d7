"""Charts, which some workspaces reject: what one shows is always said in words beside it.

Source: https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
"""

from collections.abc import Mapping
from typing import Final

from bot.slack.blocks.elements import Block
from bot.slack.blocks.text import plain

_TITLE_LIMIT: Final = 50
_LABEL_LIMIT: Final = 20
_SEGMENTS: Final = 6
_OTHERS: Final = "Others"
_NAMELESS: Final = "Unknown"


def pie(title: str, counts: Mapping[str, int]) -> Block | None:
    """Make a pie of counts by outside names, the smallest ones together; ``None`` without any."""
    slices = ranked(counts)
    if len(slices) > _SEGMENTS:
        slices = [*slices[: _SEGMENTS - 1], (_OTHERS, sum(count for _, count in slices[_SEGMENTS - 1 :]))]
    if not slices:
        return None
    segments = [{"label": plain(name, _LABEL_LIMIT) or _NAMELESS, "value": count} for name, count in slices]
    return {
        "type": "data_visualization",
        "title": plain(title, _TITLE_LIMIT),
        "chart": {"type": "pie", "segments": segments},
    }


def ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return names with their counts, the greatest first, without those at 0."""
    present = ((name, count) for name, count in counts.items() if count > 0)
    return sorted(present, key=lambda each: (-each[1], each[0]))
