"""How a scan is spoken of: its build's name, its file, who brought it, and why it is new or a rescan.

All that these functions return is safe to put in ``mrkdwn``.
"""

from collections.abc import Sequence

from bot.core.file_names import NAMELESS
from bot.core.scan import Kind, Link, Reason, Scan, Source
from bot.slack.blocks import text


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
    named = [app(link) for link in links[:3]]
    if len(links) > 3:
        named.append(f"{len(links) - 3} more")
    return ", ".join(named) or "another app"


_ROUTES = {"webhook": "the webhook", "ftp": "FTP", "direct": "the Applications API"}


def route(scan: Scan) -> str:
    """Name the way that a build went; empty before one was taken."""
    return _ROUTES.get(scan.submission.route or "", "")


def went(scan: Scan) -> str:
    """Say which way a build went, and why; empty where it took the first one that is open."""
    why_not = scan.submission.route_why
    return f"Went by {route(scan)}, as {text.sentence(why_not)}." if why_not and route(scan) else ""


def receipt(scan: Scan) -> str:
    """Say what OneTrust gave: a request ID, or a scan ID; empty where it gave neither."""
    if scan.submission.request_id:
        return f"Request ID: {text.code(scan.submission.request_id)}"
    return f"Scan ID: {text.code(scan.submission.scan_id)}" if scan.submission.scan_id else ""


def file(scan: Scan) -> str:
    """Name the file, in code style; in words where Slack tells no name."""
    if scan.file_name == NAMELESS:
        return NAMELESS
    return text.code(scan.file_name, 80)


def sharer(scan: Scan) -> str:
    """Say who shared a build, and who asked for the scan where that was somebody else."""
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
