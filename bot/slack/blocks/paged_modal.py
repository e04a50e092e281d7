"""Modals that show a long list page by page, some with tabs and a search field.

Open modals carry their callback ID, action IDs and ``private_metadata``, so these never change.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeVar

from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, actions, button, context, section, words
from bot.slack.blocks.forms import kept_in, number_in, text_in, typed_in

SEARCH_LIMIT: Final = 100
"""Characters."""
_MAX_PAGE: Final = 10_000

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class ModalState:
    """What a paged modal shows now; comes back with each button and search."""

    record: int
    """The number of the scan, or of another record, whose rows are listed."""
    channel: str
    """Where the modal was opened, which decides what it may show."""
    tab: str = ""
    page: int = 0
    search: str = ""
    source: str = ""
    """Where the rows come from, if the record does not say that."""

    def matches(self, *texts: str | None) -> bool:
        """Whether these texts contain all words that are searched for."""
        found = "\n".join(each for each in texts if each).casefold()
        return all(word in found for word in self.search.casefold().split())


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[Row]):
    """The content of all pages."""

    title: str = ""
    """Replaces the title of the modal."""
    heading: Sequence[Block | None]
    tabs: Mapping[str, str] = field(default_factory=dict)
    """The label of each tab that has content, by its action ID."""
    intro: Sequence[Block] = ()
    """What is between the search field and the rows."""
    rows: Sequence[Row]
    row: Callable[[Row], str]
    """Renders a row; called for the visible ones only."""
    empty: str
    """Shown if there are no rows."""
    note: str = ""
    """Shown below the rows."""


@dataclass(frozen=True, kw_only=True)
class PagedModal:
    """One kind of modal."""

    name: str
    """The prefix of its callback ID and action IDs."""
    title: str
    page_size: int
    tabs: tuple[str, ...] = ()
    """The action IDs of its tabs; the first is open at first."""
    search_hint: str = ""
    """The placeholder of the search field; empty for a modal without one."""
    record_key: str = "scan"
    """The key of ``ModalState.record`` in ``private_metadata``."""
    source_key: str = ""
    """The key of ``ModalState.source`` in ``private_metadata``; empty for a modal without it."""

    @property
    def callback_id(self) -> str:
        """Comes with a search."""
        return f"{self.name}_form"

    @property
    def previous_id(self) -> str:
        """The action ID of the button to the page before."""
        return f"{self.name}_previous"

    @property
    def next_id(self) -> str:
        """The action ID of the button to the page after."""
        return f"{self.name}_next"

    def opened(self, record: int, channel: str) -> ModalState:
        """Return the state in which the modal opens."""
        return ModalState(record=record, channel=channel, tab=self.tabs[0] if self.tabs else "")

    def render(self, state: ModalState, listing: Listing[Any]) -> Block:
        """Make the modal; a page past the last one shows the last one."""
        total, size = len(listing.rows), self.page_size
        last = max(0, (total - 1) // size)
        page = min(state.page, last)
        shown = listing.rows[page * size : (page + 1) * size]
        place = f"{page * size + 1:,} to {min(total, (page + 1) * size):,} of {total:,}" if last else ""
        matching = " that match" if last and state.search else ""
        blocks = [
            *listing.heading,
            actions(
                *(
                    button(label, tab, tab, style="primary" if tab == state.tab else None)
                    for tab, label in listing.tabs.items()
                )
            ),
            self._search_field(state.search) if self.search_hint else None,
            *listing.intro,
            *(section(listing.row(each)) for each in shown),
            section(listing.empty) if not total else None,
            context(f"{place}{matching}", listing.note) if place or listing.note else None,
            actions(
                button("Previous", self.previous_id, str(page - 1)) if page else None,
                button("Next", self.next_id, str(page + 1)) if page < last else None,
            ),
        ]
        kept: dict[str, Any] = {self.record_key: state.record, "channel": state.channel, "page": page}
        kept |= {"tab": state.tab} if self.tabs else {}
        kept |= {"search": state.search} if self.search_hint else {}
        kept |= {self.source_key: state.source} if self.source_key else {}
        return {
            "type": "modal",
            "callback_id": self.callback_id,
            "private_metadata": json.dumps(kept),
            "title": words(listing.title or self.title),
            **({"submit": words("Search")} if self.search_hint else {}),
            "close": words("Close"),
            "blocks": [block for block in blocks if block is not None],
        }

    def read(self, view: Mapping[str, Any]) -> ModalState:
        """Read the state of an open modal; what was typed into the search field opens its first page.

        Raises:
            UsageError: the metadata is not of this modal.
        """
        kept = kept_in(view)
        state = self.opened(number_in(kept, self.record_key), text_in(kept, "channel"))
        typed = typed_in(view, f"{self.name}_search_block", f"{self.name}_search")
        search = text.plain(typed, SEARCH_LIMIT)
        tab, page, source = kept.get("tab"), kept.get("page"), kept.get(self.source_key)
        is_same_search = search == kept.get("search", "")
        return replace(
            state,
            tab=tab if tab in self.tabs else state.tab,
            page=min(page, _MAX_PAGE) if type(page) is int and page > 0 and is_same_search else 0,
            search=search,
            source=source if isinstance(source, str) else "",
        )

    def pressed(self, state: ModalState, action_id: str, value: str) -> ModalState:
        """Return the state after a press of one of the modal's buttons."""
        if action_id in self.tabs:
            return replace(state, tab=action_id, page=0)
        is_number = value.isascii() and value.isdigit() and len(value) < 8
        return replace(state, page=min(int(value), _MAX_PAGE) if is_number else 0)

    def _search_field(self, search: str) -> Block:
        element: Block = {
            "type": "plain_text_input",
            "action_id": f"{self.name}_search",
            "max_length": SEARCH_LIMIT,
            "placeholder": words(self.search_hint),
            **({"initial_value": search} if search else {}),
        }
        field = {"type": "input", "block_id": f"{self.name}_search_block", "optional": True}
        return {**field, "label": words("Search"), "element": element}


def no_rows(noun: str, state: ModalState) -> str:
    """Say that nothing was found, and how to get out of a search."""
    if not state.search:
        return f"No {noun} was found."
    return f"No {noun} matches {text.code(state.search, SEARCH_LIMIT)}. Clear the search to see all."
