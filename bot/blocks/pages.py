"""What forms that show a long list page by page have in common: their buttons, and what those say."""

from collections.abc import Mapping
from typing import Any, Final

from bot.blocks import text
from bot.blocks.elements import Block, actions, button, words
from bot.blocks.modals import typed_in

SEARCH_LIMIT: Final = 100
"""Characters that may be searched for."""
_FURTHEST: Final = 10_000


def last_page(rows: int, a_page: int) -> int:
    """Return the last page of so many rows; the first page is 0."""
    return max(0, (rows - 1) // a_page)


def place(page: int, a_page: int, total: int) -> str:
    """Say which rows a page shows; nothing where it shows all."""
    if total <= a_page:
        return ""
    return f"{page * a_page + 1:,} to {min(total, (page + 1) * a_page):,} of {total:,}"


def turning(previous_id: str, next_id: str, page: int, last: int) -> Block | None:
    """Make the buttons to the pages before and after; ``None`` where there is but one page."""
    return actions(
        button("Previous", previous_id, str(page - 1)) if page else None,
        button("Next", next_id, str(page + 1)) if page < last else None,
    )


def kept_page(value: object) -> int:
    """Return the page that a form keeps; the first for what is none."""
    return min(value, _FURTHEST) if type(value) is int and value > 0 else 0


def pressed_page(value: str) -> int:
    """Return the page that a button of ``turning`` leads to; the first for what is none."""
    return kept_page(int(value)) if value.isascii() and value.isdigit() and len(value) < 8 else 0


def search_field(block_id: str, action_id: str, hint: str, searched: str) -> Block:
    """Make the field for words to search for."""
    element: Block = {
        "type": "plain_text_input",
        "action_id": action_id,
        "max_length": SEARCH_LIMIT,
        "placeholder": words(hint),
    }
    if searched:
        element["initial_value"] = searched
    return {
        "type": "input",
        "block_id": block_id,
        "optional": True,
        "label": words("Search"),
        "element": element,
    }


def read_search(view: Mapping[str, Any], block_id: str, action_id: str) -> str:
    """Return what is typed into a ``search_field`` by now."""
    return text.plain(typed_in(view, block_id, action_id), SEARCH_LIMIT)
