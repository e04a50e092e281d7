"""The form that shows all that a scan found: a tab for each kind, page by page, searched by words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, Final

from bot.blocks import text
from bot.blocks.elements import Block, actions, button, context, section, words
from bot.blocks.findings import count, manifest_line, sdk_name
from bot.blocks.modals import kept_in, scan_number
from bot.blocks.pages import (
    SEARCH_LIMIT,
    kept_page,
    last_page,
    place,
    pressed_page,
    read_search,
    search_field,
    turning,
)
from bot.blocks.phrases import title
from bot.scans.models import Scan
from bot.scans.results import DataType, Permission, Results, Sdk

FOUND_FORM: Final = "found_form"
A_PAGE: Final = 20
_SEARCH_BLOCK: Final = "found_search_block"
_SEARCH: Final = "found_search"


class Tab(StrEnum):
    """What is shown; the value is the action ID of its button."""

    SDKS = "found_sdks"  # all SDKs
    PERMISSIONS = "found_permissions"  # all permissions
    MANIFEST = "found_manifest"  # the data types of an iOS privacy manifest


PREVIOUS: Final = "found_previous"
NEXT: Final = "found_next"
TURNS: Final = (*Tab, PREVIOUS, NEXT)
"""The action IDs of the form's buttons."""


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """Which page of what is open."""

    scan: int
    channel: str
    """Where it was opened: who may see the scan there may leaf through it."""
    tab: Tab = Tab.SDKS
    page: int = 0
    search: str = ""


def found_modal(scan: Scan, results: Results, leaf: Leaf) -> Block:
    """Show a page of what a scan found; a page that is not there shows the last one."""
    tabs = {
        Tab.SDKS: f"SDKs ({results.sdk_count:,})",
        Tab.PERMISSIONS: f"Permissions ({results.permission_count:,})",
    }
    if results.privacy_manifest is not None:
        tabs[Tab.MANIFEST] = "Privacy manifest"
    leaf = leaf if leaf.tab in tabs else replace(leaf, tab=Tab.SDKS)
    rows = _rows(results, leaf)
    last = last_page(len(rows), A_PAGE)
    leaf = replace(leaf, page=min(leaf.page, last))
    shown = rows[leaf.page * A_PAGE : (leaf.page + 1) * A_PAGE]
    kept = {"scan": leaf.scan, "channel": leaf.channel, "tab": leaf.tab.value, "page": leaf.page}
    matching = " that match" if leaf.search else ""
    blocks = [
        section(f"{title(scan)}, scan #{scan.number}"),
        actions(*(_tab(label, tab, leaf) for tab, label in tabs.items())),
        search_field(_SEARCH_BLOCK, _SEARCH, "A name, a vendor, a category", leaf.search),
        *_summary(results, leaf),
        *(section(row()) for row in shown),
        *([] if rows else [section(_nothing(leaf))]),
        context(f"{place(leaf.page, A_PAGE, len(rows))}{matching}") if last else None,
        turning(PREVIOUS, NEXT, leaf.page, last),
    ]
    return {
        "type": "modal",
        "callback_id": FOUND_FORM,
        "private_metadata": json.dumps(kept | {"search": leaf.search}),
        "title": words("All SDKs and permissions"),
        "submit": words("Search"),
        "close": words("Close"),
        "blocks": [block for block in blocks if block is not None],
    }


def read_found(view: Mapping[str, Any]) -> Leaf:
    """Read which page is open, with what is typed into the search by now; another search begins at page 0.

    Raises:
        UsageError: the form is not ours.
    """
    kept = kept_in(view)
    tab, page, channel = kept.get("tab"), kept.get("page"), kept.get("channel")
    search = read_search(view, _SEARCH_BLOCK, _SEARCH)
    return Leaf(
        scan=scan_number(kept),
        channel=channel if isinstance(channel, str) else "",
        tab=Tab(tab) if tab in list(Tab) else Tab.SDKS,
        page=kept_page(page) if search == kept.get("search") else 0,
        search=search,
    )


def turned(leaf: Leaf, action_id: str, value: str) -> Leaf:
    """Return what a press of one of ``TURNS`` opens."""
    if action_id in list(Tab):
        return replace(leaf, tab=Tab(action_id), page=0)
    return replace(leaf, page=pressed_page(value))


def _tab(label: str, tab: Tab, leaf: Leaf) -> Block:
    return button(label, tab.value, tab.value, style="primary" if tab is leaf.tab else None)


def _summary(results: Results, leaf: Leaf) -> list[Block]:
    if leaf.tab is Tab.MANIFEST and results.privacy_manifest is not None:
        return [section(manifest_line(results.privacy_manifest))]
    return []


def _rows(results: Results, leaf: Leaf) -> list[partial[str]]:
    """Return what of a tab matches the search, each yet to be put in words, always in the same order."""
    match leaf.tab:
        case Tab.SDKS:
            sdks = sorted(results.sdks, key=lambda each: (each.name.casefold(), each.package_id))
            return [
                partial(_sdk, each)
                for each in sdks
                if _matches(leaf, each.name, each.vendor, each.category, each.package_id, each.description)
            ]
        case Tab.PERMISSIONS:
            permissions = sorted(results.permissions, key=lambda each: (not each.is_high_risk, each.name))
            return [
                partial(_permission, each)
                for each in permissions
                if _matches(
                    leaf,
                    *(each.name, each.category, each.description, each.status, each.sensitivity),
                    "high-risk" if each.is_high_risk else None,
                )
            ]
        case Tab.MANIFEST:
            types: Sequence[DataType] = (
                results.privacy_manifest.data_types if results.privacy_manifest else ()
            )
            ordered = sorted(types, key=lambda each: (-each.mismatches, each.name))
            return [
                partial(_data_type, each)
                for each in ordered
                if _matches(leaf, each.name, _spoken(each.name), *each.purposes)
            ]


def _matches(leaf: Leaf, *told: str | None) -> bool:
    said = "\n".join(each for each in told if each).casefold()
    return all(word in said for word in leaf.search.casefold().split())


def _sdk(found: Sdk) -> str:
    vendor = f" by {text.escape(found.vendor, 60)}" if found.vendor else ""
    lines = [f"*{sdk_name(found)}*{vendor} · {text.escape(found.category, 40)}"]
    if found.package_id.strip():
        lines.append(text.code(found.package_id, 120))
    if found.description and (told := text.escape(found.description, 200)) != "–":
        lines.append(told)
    return "\n".join(lines)


def _permission(found: Permission) -> str:
    about = [
        "*high-risk*" if found.is_high_risk else "",
        text.escape(found.category, 40) if found.category else "",
        text.escape(found.status, 40) if found.status and found.status.casefold() != "active" else "",
    ]
    lines = [" · ".join([text.code(found.name, 120), *(each for each in about if each)])]
    if found.description and (told := text.escape(found.description, 200)) != "–":
        lines.append(told)
    return "\n".join(lines)


def _data_type(found: DataType) -> str:
    state = f"*{found.mismatches:,} mismatch{'es' if found.mismatches > 1 else ''}*"
    about = [count(found.sdk_count, "SDK"), state if found.mismatches else "aligned"]
    line = f"*{text.escape(_spoken(found.name), 60)}*: {', '.join(about)}"
    purposes = ", ".join(text.escape(_spoken(each).lower(), 40) for each in found.purposes[:8])
    return f"{line}\nFor {purposes}" if purposes else line


def _spoken(name: str) -> str:
    """Say a name that is written in capitals: "DEVICE_ID" is "Device id"."""
    return name.replace("_", " ").capitalize()


def _nothing(leaf: Leaf) -> str:
    what = {Tab.SDKS: "SDK", Tab.PERMISSIONS: "permission", Tab.MANIFEST: "data type"}[leaf.tab]
    if not leaf.search:
        return f"No {what} was found."
    return f"No {what} matches {text.code(leaf.search, SEARCH_LIMIT)}. Clear the search to see all."
