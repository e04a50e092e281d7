"""The modal with all that OneTrust found in a build: SDKs, permissions, and the privacy manifest."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from bot.core.scan import Scan
from bot.features.results.found_views import manifest_line, sdk_name
from bot.features.results.models import DataType, Permission, Results, Sdk
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, section
from bot.slack.blocks.lists import count
from bot.slack.blocks.paged_modal import Listing, ModalState, PagedModal, no_rows
from bot.slack.blocks.scan_text import title


class ResultTab(StrEnum):
    """The value is the action ID of the tab's button."""

    SDKS = "found_sdks"  # all SDKs
    PERMISSIONS = "found_permissions"  # all permissions
    MANIFEST = "found_manifest"  # the data types of an iOS privacy manifest


FOUND: Final = PagedModal(
    name="found",
    title="All SDKs and permissions",
    page_size=20,
    tabs=tuple(ResultTab),
    search_hint="A name, a vendor, a category",
)
_NOUNS: Final = {ResultTab.SDKS: "SDK", ResultTab.PERMISSIONS: "permission", ResultTab.MANIFEST: "data type"}


def found_modal(scan: Scan, results: Results, state: ModalState) -> Block:
    """Show a page of what OneTrust found."""
    tabs: dict[str, str] = {
        ResultTab.SDKS: f"SDKs ({results.sdk_count:,})",
        ResultTab.PERMISSIONS: f"Permissions ({results.permission_count:,})",
    }
    manifest = results.privacy_manifest
    if manifest is not None:
        tabs[ResultTab.MANIFEST] = "Privacy manifest"
    tab = ResultTab(state.tab) if state.tab in tabs else ResultTab.SDKS
    state = replace(state, tab=tab.value)
    intro: list[Block] = []
    row: Callable[[Any], str] = _sdk
    rows: list[Any] = sorted(results.sdks, key=lambda each: (each.name.casefold(), each.package_id))
    if tab is ResultTab.MANIFEST and manifest is not None:
        intro, row = [section(manifest_line(manifest))], _data_type
        rows = sorted(manifest.data_types, key=lambda each: (-each.mismatches, each.name))
    elif tab is ResultTab.PERMISSIONS:
        row = _permission
        rows = sorted(results.permissions, key=lambda each: (not each.is_high_risk, each.name))
    listing = Listing(
        heading=[section(f"{title(scan)}, scan #{scan.number}")],
        tabs=tabs,
        intro=intro,
        rows=[each for each in rows if state.matches(*_searched(each))],
        row=row,
        empty=no_rows(_NOUNS[tab], state),
    )
    return FOUND.render(state, listing)


def _searched(found: Sdk | Permission | DataType) -> tuple[str | None, ...]:
    """Return the texts that a search covers."""
    match found:
        case Sdk():
            return found.name, found.vendor, found.category, found.package_id, found.description
        case Permission():
            about = (found.category, found.description, found.status, found.sensitivity)
            return (found.name, *about, "high-risk" if found.is_high_risk else None)
    return found.name, _spoken(found.name), *found.purposes


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
    """Return "Device id" for "DEVICE_ID"."""
    return name.replace("_", " ").capitalize()
