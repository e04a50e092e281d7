"""A scan in words, the same wherever it is shown: its state, build, file and sharer, and why it is new.

All that these functions return is safe to put in ``mrkdwn``.
"""

from collections.abc import Sequence
from typing import Final

from bot.core.file_names import NAMELESS
from bot.core.scan import Kind, Link, Reason, Scan, Source, State
from bot.slack.blocks import text

MARKS: Final = dict.fromkeys(State, ":hourglass_flowing_sand:") | {
    State.ASKING: ":question:",
    State.SUBMITTED: ":white_check_mark:",
    State.UNCERTAIN: ":warning:",
    State.DUPLICATE: ":information_source:",
    State.REJECTED: ":no_entry:",
    State.FAILED: ":x:",
    State.CANCELLED: ":heavy_minus_sign:",
}
"""The emoji at the head of a line; the words beside it say the same."""

WORDS: Final = {state: state.value for state in State} | {
    State.PULLING: "being pulled",
    State.CHECKING: "being read",
    State.WAITING: "waiting for another scan",
    State.ASKING: "waiting for an answer",
    State.SUBMITTING: "being submitted",
    State.QUEUED: "waiting to try again",
}
"""The state in words, as in "#12 is …"."""


def name(scan: Scan) -> str:
    """Name the app as people know it: "Shop"; the file before the build is read."""
    if scan.build is None:
        return file(scan)
    chosen = scan.asked_name if scan.asked_name and scan.kind is Kind.NEW else scan.build.name
    return text.escape(chosen, 80)


def title(scan: Scan) -> str:
    """Name the build: "Shop 4.2.0" in bold; the file before the build is read."""
    if scan.build is None:
        return file(scan)
    return f"*{name(scan)} {text.escape(scan.version, 40)}*" if scan.version else f"*{name(scan)}*"


def version(scan: Scan) -> str:
    """Say the version and, in brackets, the build number: "4.2.0 (4200)", in code style."""
    number = f" ({text.plain(scan.build_number, 40)})" if scan.build_number else ""
    return text.code(f"{text.plain(scan.version or 'none', 40)}{number}")


def app(of: Scan | Link) -> str:
    """Say which app a build or a link is of: "com.example.shop on Android"."""
    if of.bundle_id is None or of.platform is None:
        return "this app"
    return f"{text.code(of.bundle_id)} on {of.platform.title}"


def owners(links: Sequence[Link]) -> str:
    """Say which apps these links are of; the first few of many."""
    more = [f"{len(links) - 3} more"] if len(links) > 3 else []
    return ", ".join([*map(app, links[:3]), *more]) or "another app"


def route(scan: Scan) -> str:
    """Name the route that a build took; empty before."""
    routes = {"webhook": "the webhook", "ftp": "FTP", "direct": "the Applications API"}
    return routes.get(scan.submission.route or "", "")


def went(scan: Scan) -> str:
    """Say which route a build took, and why; empty if it took the first open one."""
    why_not = scan.submission.route_why
    return f"Went by {route(scan)}, as {text.sentence(why_not)}." if why_not and route(scan) else ""


def receipt(scan: Scan) -> str:
    """Say which request ID or scan ID OneTrust returned; empty without one."""
    if scan.submission.request_id:
        return f"Request ID: {text.code(scan.submission.request_id)}"
    return f"Scan ID: {text.code(scan.submission.scan_id)}" if scan.submission.scan_id else ""


def file(scan: Scan) -> str:
    """Name the file, in code style; in words if Slack gives no name."""
    return NAMELESS if scan.file_name == NAMELESS else text.code(scan.file_name, 80)


def sharer(scan: Scan) -> str:
    """Say who shared a build, and who asked for the scan if that was another person."""
    if scan.source is Source.SHELL:
        return "from the command line"
    shared = f"shared by {text.person(scan.shared_by) if scan.shared_by else 'someone'}"
    if scan.asked_by and scan.asked_by != scan.shared_by:
        return f"{shared}, asked for by {text.person(scan.asked_by)}"
    return shared


def kind(scan: Scan) -> str:
    """Say "new app", or "rescan of" which app ID; empty before that is decided."""
    if scan.kind is None:
        return ""
    return "new app" if scan.kind is Kind.NEW else f"rescan of {text.code(scan.app_id or '')}"


def why(scan: Scan) -> str:
    """Say whether it is a new scan or a rescan of which app, and why; empty before that is decided."""
    if scan.kind is None or scan.reason is None:
        return kind(scan)
    shell = scan.source is Source.SHELL
    chosen = ", as `--new` said" if shell and scan.kind is Kind.NEW else ", as chosen here"
    reasons = {
        Reason.FIRST: f": {app(scan)} was never scanned before",
        Reason.LINKED: f": {app(scan)} is linked to it",
        Reason.REQUEST: ", as `/appscan rescan` asked",
        Reason.COMMAND: ", as `--app-id` said" if shell else ", as the command asked",
        Reason.COMMENT: ", as the comment asked",
        Reason.CHOSEN: chosen,
    }
    return kind(scan) + reasons[scan.reason]
