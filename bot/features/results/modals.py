"""The modal with all that OneTrust found in a build: SDKs, permissions, and the privacy manifest."""

from dataclasses import replace
from enum import StrEnum
from functools import partial
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
    listing = partial(
        Listing[Any],
        heading=[section(f"{title(scan)}, scan #{scan.number}")],
        tabs=tabs,
        empty=no_rows(_NOUNS[tab], state),
    )
    if tab is ResultTab.MANIFEST and manifest is not None:
        types = [
            each
            for each in manifest.data_types
            if state.matches(each.name, _spoken(each.name), *each.purposes)
        ]
        rows = sorted(types, key=lambda each: (-each.mismatches, each.name))
        intro = [section(manifest_line(manifest))]
        return FOUND.render(state, listing(intro=intro, rows=rows, row=_data_type))
    if tab is ResultTab.PERMISSIONS:
        permissions = [each for each in results.permissions if _matches_permission(state, each)]
        permissions.sort(key=lambda each: (not each.is_high_risk, each.name))
        return FOUND.render(state, listing(rows=permissions, row=_permission))
    sdks = [
        each
        for each in results.sdks
        if state.matches(each.name, each.vendor, each.category, each.package_id, each.description)
    ]
    sdks.sort(key=lambda each: (each.name.casefold(), each.package_id))
    return FOUND.render(state, listing(rows=sdks, row=_sdk))


def _matches_permission(state: ModalState, found: Permission) -> bool:
    risk = "high-risk" if found.is_high_risk else None
    about = (found.category, found.description, found.status, found.sensitivity)
    return state.matches(found.name, *about, risk)


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
