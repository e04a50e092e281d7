"""Scans and links as they look in an ordinary week, and what a message says."""

from dataclasses import replace
from typing import Any

from bot.core.clock import SystemClock
from bot.core.scan import (
    ChannelKind,
    FileType,
    Kind,
    Link,
    Platform,
    Reason,
    Scan,
    Source,
    State,
    Submission,
    SubmissionState,
)
from bot.features.hosts.models import hosts_of
from bot.features.results import views as results_views
from bot.features.results.models import (
    AppScan,
    DataType,
    OneTrustScanStatus,
    Permission,
    PrivacyManifest,
    Results,
    ResultState,
    ResultStatus,
    Sdk,
    results_of,
)
from bot.features.submission import views
from bot.features.submission.card import Card
from bot.features.verdicts.models import CardVerdict, Risk, SandboxVerdict, Threat, Verdict, VerdictState
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from bot.slack.blocks.message import Message
from bot.wiring.domain import ReplyContext
from bot.wiring.features import reply_sections

SECTIONS = reply_sections(
    ReplyContext(clock=SystemClock(), permalink=lambda _: None, scanners=[ZSCALER], shows_hosts=True)
)

APP_ID = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"
REQUEST_ID = "7f1c9a52-0f7e-4f0e-8c86-0d6f3f1b2a34"
AT = 1_790_000_000.0

SHARED = Scan(
    number=12,
    state=State.RECEIVED,
    source=Source.SLACK,
    revision=1,
    created_at=AT,
    updated_at=AT,
    channel="C0CHANNEL",
    channel_kind=ChannelKind.PUBLIC,
    message_ts="1790000000.000100",
    thread_ts="1790000000.000100",
    file_id="F0FILE",
    shared_by="U0ANA",
    file_name="shop-4.2.0.apk",
    size_bytes=41_300_000,
)
READ = replace(
    SHARED,
    state=State.CHECKING,
    sha256="ab12cd34ef56" + "0" * 52,
    file_type=FileType.APK,
    platform=Platform.ANDROID,
    bundle_id="com.example.shop",
    name="Shop",
    version="4.2.0",
    build_number="4200",
)
TAKEN = Submission(state=SubmissionState.ACCEPTED, attempts=1, request_id=REQUEST_ID, status=202)
NEW = replace(READ, kind=Kind.NEW, reason=Reason.FIRST)
RESCAN = replace(READ, kind=Kind.RESCAN, reason=Reason.LINKED, app_id=APP_ID)
DONE = replace(NEW, state=State.SUBMITTED, submission=TAKEN, finished_at=AT + 8)
EARLIER = replace(DONE, number=7, created_at=AT - 86400, shared_by="U0BEN")
LINK = Link(
    bundle_id="com.example.shop", platform=Platform.ANDROID, app_id=APP_ID, linked_by="U0ANA", linked_at=AT
)

BEFORE = replace(DONE, number=7, version="4.1.0", created_at=AT - 86400)

_SDKS = (
    Sdk(package_id="com.appsflyer", name="AppsFlyer", vendor="AppsFlyer", category="Targeting"),
    Sdk(package_id="com.facebook", name="Facebook SDK", vendor="Meta", category="Targeting"),
    Sdk(
        package_id="io.sentry",
        name="Sentry",
        vendor="Functional Software",
        category="Performance",
        description="Reports errors.",
    ),
    Sdk(package_id="okhttp3", name="OkHttp", vendor="Square", category="Functionality"),
)
_PERMISSIONS = (
    Permission(name="android.permission.CAMERA", category="Device Hardware", sensitivity="HIGH"),
    Permission(name="android.permission.INTERNET", category="Network", sensitivity="LOW", status="Active"),
)
OLD_RESULTS = Results(
    scan=AppScan(id="s-7", status=OneTrustScanStatus.COMPLETED, scanned_at=AT - 86000, version="4.1.0"),
    sdk_count=3,
    sdk_categories={"Functionality": 2, "Targeting": 1},
    permission_count=1,
    permission_categories={"Network": 1},
    sdks=(
        _SDKS[3],
        replace(_SDKS[2], category="Functionality"),
        Sdk(package_id="com.airbnb.lottie", name="Lottie", vendor="Airbnb", category="Targeting"),
    ),
    permissions=_PERMISSIONS[1:],
)
RESULTS = Results(
    scan=AppScan(
        id="s-12",
        status=OneTrustScanStatus.COMPLETED,
        scanned_at=AT + 300,
        version="4.2.0",
        engine_version="2.0.0",
    ),
    sdk_count=4,
    sdk_categories={"Targeting": 2, "Performance": 1, "Functionality": 1},
    permission_count=2,
    high_risk_count=1,
    permission_categories={"Network": 1, "Device Hardware": 1},
    sdks=_SDKS,
    permissions=_PERMISSIONS,
)
MANIFEST = PrivacyManifest(
    total=12,
    aligned=9,
    mismatched=2,
    missing=1,
    data_types=(
        DataType(name="DEVICE_ID", sdk_count=3, purposes=("APP_FUNCTIONALITY", "ANALYTICS"), mismatches=2),
        DataType(name="CRASH_DATA", sdk_count=1, purposes=("ANALYTICS",)),
    ),
)


WHOLE_VERDICT = SandboxVerdict(
    threat=Threat.MALICIOUS,
    category="MALWARE_BOTNET",
    score=92,
    malware="Android/Joker.A",
    file_type="APK",
    duration_s=412.0,
    risks=(
        Risk(level="LOW", signature="Reads the clipboard"),
        Risk(level="HIGH", signature="Sends SMS to a premium number", sources=("classes.dex", "b", "c", "d")),
        Risk(level="MODERATE", signature="Asks for a device administrator"),
    ),
    is_full=True,
)
MALICIOUS = Verdict(
    scanner="zscaler",
    scan=12,
    state=VerdictState.KNOWN,
    md5="0123456789abcdef0123456789abcdef",
    since=AT + 20,
    polls=2,
    result=WHOLE_VERDICT,
    ended_at=AT + 640,
)
BENIGN = replace(
    MALICIOUS, result=SandboxVerdict(threat=Threat.BENIGN, category="BENIGN", score=3, is_full=True)
)


def by_zscaler(verdict: Verdict | None, link: str | None = None) -> tuple[CardVerdict, ...]:
    """Return what a card has of Zscaler."""
    return (CardVerdict(scanner=ZSCALER, verdict=verdict, link=link),) if verdict is not None else ()


def card(scan: Scan = DONE, **about: Any) -> Card:
    """Return a card; ``about`` is what it and its parts hold."""
    return changed(Card(scan=scan), **about)


def changed(shown: Card, **about: Any) -> Card:
    """Return a card with changes of what it and its parts hold."""
    own = {name: about.pop(name) for name in list(about) if name in Card.__dataclass_fields__}
    parts = dict(shown.parts)
    for name in ("violations", "verdicts"):
        if name in about:
            parts["compliance" if name == "violations" else name] = about.pop(name)
    for name, part in (("results", results_of(shown)), ("hosts", hosts_of(shown))):
        fields = {each: about.pop(each) for each in list(about) if each in vars(part)}
        parts[name] = replace(part, **fields)
    hosts = {"host_changes": "changes", "hosts_before": "before"}
    parts["hosts"] = replace(
        parts["hosts"], **{hosts[name]: about.pop(name) for name in list(about) if name in hosts}
    )
    assert not about, about
    return replace(shown, parts=parts, **own)


def reply(shown: Card) -> Message:
    """Return a reply with the sections of all features."""
    return views.reply(shown, SECTIONS)


def announcement(shown: Card, *, mention: bool) -> Message:
    """Return the announcement of results, with what all features say there."""
    return results_views.announcement(shown, mention=mention, sections=SECTIONS)


def followed(state: ResultState, looked_for: str = "") -> ResultStatus:
    """Return how far following scan 12 has come."""
    return ResultStatus(
        scan=12,
        state=state,
        since=AT,
        followed_at=AT,
        looks=1,
        looked_at=AT,
        due_at=AT,
        looked_for=looked_for,
    )


def buttons(message: Message) -> dict[str, dict[str, Any]]:
    """Return a message's buttons by their action ID."""
    found = [each for block in message.blocks for each in block.get("elements", ()) if "action_id" in each]
    found += [block["accessory"] for block in message.blocks if "accessory" in block]
    return {each["action_id"]: each for each in found}
