"""Every message there is, full of attacks, as Slack takes it and as a person reads it: none comes through."""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot
from bot.core.scan import Card, ChannelKind, Event, Platform, Question, State
from bot.features.backlog import views as queue
from bot.features.backlog.models import Notice
from bot.features.compliance import modals as breach_modals
from bot.features.compliance.rules import Evidence, EvidenceKind, Violation
from bot.features.history import apps_views, diff_views, in_progress_views, sdk_views
from bot.features.history import views as history
from bot.features.history.compare import Comparison, InProgress, SdkPage, SeveralApps
from bot.features.history.models import AppMatch, AppRow, Page, SdkRow, SdkVersion
from bot.features.hosts import lookup_views
from bot.features.hosts import modals as hosts_modals
from bot.features.hosts.lookup import UrlsTold
from bot.features.hosts.models import HostChanges, HostsState, ScanHosts, UrlCategories
from bot.features.hosts.url_parser import NamedUrls
from bot.features.onetrust_apps import views
from bot.features.onetrust_apps.service import AppListing, Listed
from bot.features.rescan_requests import views as waiting
from bot.features.rescan_requests.models import RequestState, RescanRequest
from bot.features.results import modals as results_modals
from bot.features.results import views as results
from bot.features.results.diff import Changes, changes
from bot.features.results.models import (
    Application,
    AppScan,
    DataType,
    OneTrustScanStatus,
    Permission,
    PrivacyManifest,
    Results,
    ResultState,
    ResultStatus,
    Sdk,
)
from bot.features.submission import modals, shell_views
from bot.features.submission import views as reply
from bot.features.third_party_apps import modals as governance_modals
from bot.features.third_party_apps import views as governance
from bot.features.third_party_apps.models import (
    AppAnswer,
    AppLookup,
    AppLookupState,
    AppPermission,
    AppQuestion,
    AppRef,
    AppRisk,
    Level,
    RefKind,
    ThirdPartyApp,
)
from bot.features.verdicts import lookup_views as verdict
from bot.features.verdicts import modals as opinion_modals
from bot.features.verdicts import views as opinion
from bot.features.verdicts.models import (
    CardVerdict,
    HashAnswer,
    NoAnswer,
    Quota,
    Report,
    ReportStatus,
    Risk,
    SandboxVerdict,
    Threat,
    Verdict,
    VerdictState,
)
from bot.features.zscaler_admin import views as zscaler
from bot.features.zscaler_admin.models import ActivationStatus
from bot.features.zscaler_admin.service import (
    Barred,
    CloudOverview,
    GovernanceOverview,
    Overview,
    SandboxOverview,
    Unknown,
)
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from bot.slack.blocks import message, short_answers
from bot.slack.blocks.message import Message
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.blocks.state_text import MARKS
from bot.slack.blocks.text import plain
from bot.slack.listening import help_views
from sandbox.reading import Reader
from sandbox.slack.blockkit import check_blocks, check_view
from sandbox.world import User, World
from tests.scenario.second_scanner import ACME
from tests.unit.features import samples
from tests.unit.features.test_view_limits import links, queries, scans
from tests.unit.features.zscaler_admin.test_views import Left

ATTACKS = [
    *("<!channel>", "<!here>", "<!everyone>", "<!here|ok>", "<!subteam^S0EVIL>", "<!subteam^S0EVIL|@team>"),
    *("<@U0EVIL>", "<@U0EVIL|Ana>", "<#C0EVIL>", "<#C0EVIL|general>", "<!date^0^{date}^https://evil|x>"),
    *(
        "<https://evil.example|Open the log>",
        "<mailto:a@evil.example|x>",
        "https://evil.example",
        "slack://x",
    ),
    *(
        "&lt;!channel&gt;",
        "&amp;lt;!here&amp;gt;",
        "\uff1c!channel\uff1e",
        "<\u200b!channel>",
        "<!h\u200bere>",
    ),
    *("`<!channel>`", "```<!here>```", "`\n<!channel>", "*x*", "_x_", "~x~", "\n> quote", "\n• [ Again ]"),
    *(":tada:", ":+1::skin-tone-2:", ":white_check_mark:", "x:no_entry", "no_entry:", ":\u200bx:", "::"),
    *(":a:b:", "\u202egpj.kpa", "\u2066x\u2069", "\u200b\u200d\ufeff", "\u3164", "e" + "\u0301" * 50),
    *("\x1b[2J", "\x00", "\r\n", "\u2028", "\u0085", "\ud83d", "&", "<", ">", "|", "`", "\\", "^", "{date}"),
    *("x" * 5000, "&" * 3000),
]
outside = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=8), min_size=1, max_size=6).map("".join)
ours = st.sampled_from(["OneTrust had an error (500).", "Write `/appscan help`.", "Say `a` or `b`." * 60])
moments = st.floats(0, 2e9)
permalink = st.just("https://ours.slack.com/archives/C1/p1?thread_ts=1.2&cid=C1")
builds = st.builds(
    replace,
    scans(),
    file_name=outside,
    bundle_id=st.none() | outside,
    name=outside,
    version=outside,
    build_number=outside,
    asked_name=st.none() | outside,
    app_id=st.none() | outside,
    problem=st.none() | ours,
)
maybe = st.none() | outside
counts = st.integers(0, 2**40)
categories = st.dictionaries(outside, counts, max_size=9)
sdks = st.builds(Sdk, package_id=outside, name=outside, vendor=maybe, category=outside, description=maybe)
permissions = st.builds(
    Permission,
    name=outside,
    category=maybe,
    description=maybe,
    status=maybe,
    sensitivity=maybe | st.just("HIGH"),
)
data_types = st.builds(
    DataType,
    name=outside,
    sdk_count=counts,
    purposes=st.lists(outside, max_size=3).map(tuple),
    mismatches=counts,
)
manifests = st.builds(
    PrivacyManifest,
    total=counts,
    aligned=counts,
    mismatched=counts,
    missing=counts,
    data_types=st.lists(data_types, max_size=3).map(tuple),
)
founds = st.builds(
    Results,
    scan=st.builds(
        AppScan,
        id=outside,
        status=st.sampled_from(OneTrustScanStatus),
        scanned_at=st.none() | moments,
        version=maybe,
        engine_version=maybe,
    ),
    sdk_count=counts,
    sdk_categories=categories,
    permission_count=counts,
    high_risk_count=counts,
    permission_categories=categories,
    sdks=st.lists(sdks, max_size=3).map(tuple),
    permissions=st.lists(permissions, max_size=3).map(tuple),
    privacy_manifest=st.none() | manifests,
)
follows = st.builds(
    ResultStatus,
    scan=st.just(12),
    state=st.sampled_from(ResultState),
    since=moments,
    looks=counts,
    due_at=moments,
    ended_at=st.none() | moments,
    looked_for=outside.map(lambda text: text.replace("://", "").replace("`", "")),
)
findings = st.builds(
    Evidence,
    what=st.sampled_from(EvidenceKind),
    name=outside,
    category=st.just("") | outside,
    count=st.integers(0, 2**40),
)
violations = st.builds(
    Violation,
    rule=outside,
    found=st.lists(findings, min_size=1, max_size=9).map(tuple),
    more=st.integers(0, 9),
    tell=st.lists(st.sampled_from(["U0ANA", "S0TEAM"]), max_size=3).map(tuple),
    number=st.just(4),
    scan=st.just(12),
    acknowledged_by=st.none() | outside | st.just("U0ANA"),
    acknowledged_at=st.none() | moments,
    reason=outside,
)
named_urls = st.builds(
    UrlCategories,
    url=outside,
    categories=st.lists(outside, max_size=4).map(tuple),
    alerts=st.lists(outside, max_size=2).map(tuple),
)
named_hosts = st.builds(
    ScanHosts,
    scan=st.just(12),
    state=st.sampled_from(HostsState),
    hosts=st.lists(named_urls, max_size=3).map(tuple) | st.builds(lambda url: (url,) * 60, named_urls),
    left_out=st.integers(0, 9),
    cut_short=st.booleans(),
    problem=st.none() | ours,
)
few_urls = st.lists(named_urls, max_size=2).map(tuple)
talks_elsewhere = st.builds(
    HostChanges,
    added=few_urls | st.builds(lambda url: (url,) * 40, named_urls),
    removed=few_urls,
    recategorised=st.lists(st.tuples(named_urls, named_urls), max_size=2).map(tuple),
)
verdicts = st.builds(
    SandboxVerdict,
    threat=st.sampled_from(Threat),
    category=maybe,
    score=st.none() | st.integers(0, 100),
    malware=maybe,
    file_type=maybe,
    duration_s=st.none() | moments,
    risks=st.lists(
        st.builds(Risk, level=outside, signature=outside, sources=st.lists(outside, max_size=5).map(tuple)),
        max_size=3,
    ).map(tuple),
    is_full=st.booleans(),
    is_instant=st.booleans(),
)
opinions = st.builds(
    Verdict,
    scanner=st.just(ZSCALER.name),
    scan=st.just(12),
    state=st.sampled_from(VerdictState),
    md5=maybe,
    due_at=moments,
    looks=counts,
    since=st.none() | moments,
    problem=st.none() | ours,
    verdict=st.none() | verdicts,
    known_from=st.none() | counts,
    held_until=st.none() | moments,
    went_on_after_s=st.none() | moments,
)
shown_verdicts = st.builds(
    CardVerdict, scanner=st.sampled_from([ZSCALER, ACME]), opinion=opinions, link=st.none() | permalink
)
cards = st.builds(
    Card,
    hosts=st.none() | named_hosts,
    hosts_before=st.none() | builds,
    host_changes=st.none() | talks_elsewhere,
    verdicts=st.lists(shown_verdicts, max_size=2, unique_by=lambda shown: shown.scanner.name).map(tuple),
    violations=st.lists(violations, max_size=3).map(tuple),
    followed=st.none() | follows,
    results=st.none() | founds,
    previous=st.none() | builds,
    previous_link=st.none() | permalink,
    changes=st.none() | st.builds(changes, founds, founds),
    scan=builds,
    original=st.none() | builds,
    original_link=st.none() | permalink,
    link=st.none() | links,
    taken_by=st.lists(links, max_size=5).map(tuple),
    log_url=st.none() | st.just("https://log.example/?id=<a|b> c&d"),
)
rows = st.builds(
    AppRow,
    bundle_id=outside,
    platform=st.sampled_from(Platform),
    name=st.none() | outside,
    version=st.none() | outside,
    app_id=st.none() | outside,
    scans=st.integers(0, 2**40),
)
events = st.builds(
    Event,
    scan=st.just(12),
    at=moments,
    who=st.none() | outside | st.just("U0ANA"),
    before=st.none(),
    after=st.sampled_from(State),
    why=ours,
)
asked = st.builds(
    RescanRequest,
    number=st.just(3),
    app_id=outside,
    channel=outside,
    channel_kind=st.sampled_from(ChannelKind),
    message_ts=st.none(),
    asked_by=outside | st.just("U0ANA"),
    created_at=moments,
    expires_at=moments,
    state=st.sampled_from(RequestState),
    answer=st.none() | st.integers(1, 9),
)
notices = st.builds(
    Notice,
    channel=outside,
    opened_at=moments,
    away_since=st.none() | moments,
    was_away=st.booleans(),
    waiting=st.integers(0, 2**40),
    unanswered=st.integers(0, 2**40),
    closed_at=st.none() | moments,
)
catalogued = st.builds(
    Listed,
    application=st.builds(
        Application,
        id=st.uuids().map(str),
        name=outside,
        platform=st.none() | st.sampled_from(Platform),
        status=st.sampled_from(OneTrustScanStatus),
    ),
    links=st.lists(links, max_size=4).map(tuple),
)
listings = st.builds(
    AppListing,
    search=outside,
    offset=st.integers(0, 10**5),
    rows=st.lists(catalogued, max_size=12).map(tuple),
    has_more=st.booleans(),
    late=st.booleans(),
)
listed_sdks = st.lists(sdks, max_size=3).map(tuple)
listed_permissions = st.lists(permissions, max_size=3).map(tuple)
changed = st.builds(
    Changes,
    sdks_added=listed_sdks | st.builds(lambda sdk: (sdk,) * 40, sdks),
    sdks_removed=listed_sdks,
    sdks_recategorised=st.lists(st.tuples(sdks, sdks), max_size=3).map(tuple),
    permissions_added=listed_permissions,
    permissions_removed=listed_permissions,
    permissions_risen=listed_permissions,
    manifest_before=st.none() | manifests,
    manifest_after=st.none() | manifests,
)
comparisons = st.builds(
    Comparison,
    before=builds,
    after=builds,
    changes=changed,
    newest_of_several=st.lists(builds, max_size=2).map(tuple),
)
meant = st.builds(
    AppMatch,
    bundle_id=outside,
    platform=st.sampled_from(Platform),
    name=st.none() | outside,
    newest=counts,
    completed=counts,
)
severals = st.builds(
    SeveralApps, apps=st.lists(meant, min_size=2, max_size=6).map(tuple), has_more=st.booleans(), rest=outside
)
in_progress = st.builds(
    InProgress,
    scans=st.lists(st.tuples(builds, st.none() | follows), max_size=15).map(tuple),
    has_more=st.booleans(),
)
sdk_pages = st.builds(
    SdkPage,
    name=outside,
    rows=st.lists(
        st.builds(
            SdkRow,
            bundle_id=outside,
            platform=st.sampled_from(Platform),
            name=st.none() | outside,
            sdks=listed_sdks,
            versions=st.lists(
                st.builds(SdkVersion, version=st.none() | outside, scan=counts), min_size=1, max_size=12
            ).map(tuple),
            has_more=st.booleans(),
            newest=st.none() | builds,
            still=st.booleans(),
        ),
        max_size=5,
    ).map(tuple),
    offset=st.integers(0, 10**6),
    has_more=st.booleans(),
)
unknowns = st.builds(Unknown, problem=ours)
overviews = st.builds(
    Overview,
    cloud=st.none()
    | st.builds(
        CloudOverview,
        login=ours,
        maintenance_at=st.none() | moments,
        activation=unknowns | st.sampled_from(ActivationStatus),
        quotas=unknowns
        | st.lists(
            st.builds(Quota, used=counts, allowed=counts, scale=outside, started_at=st.none() | moments),
            max_size=9,
        ).map(tuple),
        calls_left=st.lists(
            st.builds(Left, endpoint=outside, window=outside, left=counts, allowed=counts, paused_s=moments),
            max_size=12,
        ).map(tuple),
    ),
    sandbox=st.none() | st.builds(SandboxOverview, sent=unknowns | counts),
    governance=st.none() | st.builds(GovernanceOverview, remaining=st.none() | counts),
)
listed = st.lists(builds, max_size=3).map(tuple)
# Filters are shown to who typed them alone, with people named as they named them: that is no attack.
typed = outside.map(lambda filters: filters.replace("U0EVIL", "U0ANA"))
pages = st.builds(Page, text=typed, scans=listed, has_newer=st.booleans(), has_older=st.booleans())

some_words = st.lists(outside, max_size=4).map(tuple)
numbers = st.none() | st.floats(0, 10**12)
counts = st.none() | st.integers(0, 10**12)
levels = st.none() | st.sampled_from(Level)
maybe = st.none() | outside
third_party_apps = st.builds(
    ThirdPartyApp,
    **dict.fromkeys(
        ("name", "publisher", "platform", "description", "client_id", "privacy_url", "terms_url"), maybe
    ),
    **dict.fromkeys(("marketplace_url", "developer_email", "support_email"), maybe),
    **dict.fromkeys(("compliance", "categories", "tags", "website_urls"), some_words),
    risk=levels,
    risk_score=numbers,
    permission_level=numbers,
    permissions=st.lists(
        st.builds(
            AppPermission, scope=outside, service=maybe, description=maybe, access_type=maybe, level=levels
        ),
        max_size=8,
    ).flatmap(lambda found: st.sampled_from([tuple(found), tuple(found * 10)])),
    permissions_left_out=st.integers(0, 9000),
    risks=st.lists(
        st.builds(AppRisk, name=outside, category=maybe, severity=levels, description=maybe, evidence=maybe),
        max_size=8,
    ).map(tuple),
    stars=numbers,
    downloads=counts,
    reviews=counts,
    platform_verified=st.none() | st.booleans(),
)
app_looks = st.builds(
    AppLookup,
    number=st.integers(1, 10**9),
    ref=st.builds(AppRef, kind=st.sampled_from(RefKind), value=outside),
    state=st.sampled_from(AppLookupState),
    began_at=moments,
    due_at=moments,
    answered_at=st.none() | moments,
    app=st.none() | third_party_apps,
)

SURFACES: dict[Callable[..., Any], st.SearchStrategy[Any]] = {
    reply.reply: st.builds(reply.reply, cards),
    history.page: st.builds(history.page, pages, query=st.none() | queries, links=st.none()),
    history.status: st.builds(
        history.status, cards, st.lists(events, max_size=40), link=st.none() | permalink
    ),
    apps_views.apps: st.builds(
        apps_views.apps,
        st.lists(rows, max_size=11),
        offset=st.integers(0, 99),
        has_more=st.booleans(),
        listing=st.none() | listings,
    ),
    diff_views.diff: st.builds(diff_views.diff, comparisons),
    diff_views.several: st.builds(diff_views.several, severals, st.sampled_from(["diff", "status"])),
    sdk_views.sdk: st.builds(sdk_views.sdk, sdk_pages),
    in_progress_views.in_progress: st.builds(in_progress_views.in_progress, in_progress),
    views.applications: st.builds(views.applications, listings),
    views.offered: st.builds(views.offered, listings),
    apps_views.linked: st.builds(
        apps_views.linked, links, before=st.none() | links, others=st.lists(links, max_size=5)
    ),
    apps_views.unlinked: st.builds(apps_views.unlinked, links),
    waiting.request: st.builds(waiting.request, asked, st.none() | builds),
    queue.queue: st.builds(queue.queue, notices),
    queue.cancelled: st.builds(queue.cancelled, st.integers(0, 500)),
    shell_views.announcement: st.builds(shell_views.announcement, outside),
    help_views.about: st.builds(
        help_views.about,
        st.none() | outside | st.sampled_from(sorted(help_views.TOPICS | help_views.OPTIONAL)),
        words=st.sets(st.sampled_from(sorted(help_views.OPTIONAL))),
    ),
    zscaler.overview: st.builds(zscaler.overview, overviews),
    zscaler.before_activating: st.builds(
        zscaler.before_activating,
        unknowns
        | st.sampled_from(ActivationStatus)
        | st.builds(Barred, problem=ours, maintenance_at=st.none() | moments),
    ),
    zscaler.activated: st.builds(zscaler.activated, st.sampled_from(ActivationStatus)),
    short_answers.notice: st.builds(short_answers.notice, ours),
    short_answers.refusal: st.builds(short_answers.refusal, ours),
    short_answers.usage: st.builds(short_answers.usage, ours, outside),
    short_answers.error: st.builds(short_answers.error, outside),
    modals.app_id_modal: st.builds(modals.app_id_modal, builds, purpose=st.sampled_from(modals.Purpose)),
    modals.request_id_modal: st.builds(modals.request_id_modal, builds),
    breach_modals.acknowledge_modal: st.builds(breach_modals.acknowledge_modal, builds, violations),
    results.announcement: st.builds(results.announcement, cards, mention=st.booleans()),
    results_modals.found_modal: st.builds(
        results_modals.found_modal,
        builds,
        founds,
        st.builds(
            ModalState,
            record=st.just(12),
            channel=st.just("C0CHANNEL"),
            tab=st.sampled_from(results_modals.ResultTab),
            page=st.integers(0, 9),
            search=outside.map(lambda typed: plain(typed, 100)),
        ),
    ),
    hosts_modals.hosts_modal: st.builds(
        hosts_modals.hosts_modal,
        builds,
        named_hosts,
        st.builds(
            ModalState,
            record=st.just(12),
            channel=st.just("C0CHANNEL"),
            page=st.integers(0, 9),
            search=outside.map(lambda typed: plain(typed, 100)),
        ),
    ),
    lookup_views.urls: st.builds(
        lookup_views.urls,
        st.builds(
            lambda said, problem, words, more: UrlsTold(
                named=NamedUrls(
                    urls=(*(each.url for each in said), "x.example"),
                    too_long=words,
                    no_urls=words[:7],
                    left_out=more,
                ),
                said=said,
                problem=problem if said else "Zscaler is busy.",
            ),
            st.lists(named_urls, max_size=3).map(tuple) | st.builds(lambda url: (url,) * 100, named_urls),
            st.none() | ours,
            st.lists(outside, max_size=9).map(tuple),
            st.integers(0, 9),
        ),
    ),
    verdict.known: st.builds(
        verdict.known, cards.filter(lambda card: bool(card.verdicts)), link=st.none() | permalink
    ),
    verdict.asked: st.builds(
        verdict.asked,
        st.lists(
            st.builds(
                HashAnswer,
                scanner=st.just(ZSCALER),
                md5=outside,
                at=moments,
                report=st.builds(Report, status=st.sampled_from(ReportStatus), verdict=st.none() | verdicts),
                left=st.none() | st.integers(0, 99),
            )
            | st.builds(NoAnswer, scanner=st.just(ACME), problem=ours),
            min_size=1,
            max_size=2,
        ),
    ),
    opinion.verdict_message: st.builds(
        opinion.verdict_message, cards, scanner=st.just("zscaler"), mention=st.booleans()
    ),
    opinion_modals.report_modal: st.builds(
        opinion_modals.report_modal,
        builds,
        shown_verdicts,
        st.builds(ModalState, record=st.just(12), channel=st.just("C0CHANNEL"), page=st.integers(0, 9)),
    ),
    modals.notice_modal: st.builds(modals.notice_modal, ours),
    modals.message_modal: st.builds(modals.message_modal, st.builds(history.status, cards, st.just([]))),
}
SURFACES |= {
    governance.answer: st.builds(
        governance.answer,
        st.builds(
            AppAnswer, look=app_looks, cached=st.booleans(), remaining=st.none() | st.integers(0, 10**9)
        ),
        st.just("C0CHANNEL"),
    ),
    governance.later: st.builds(
        governance.later,
        st.builds(
            AppQuestion, number=st.just(1), look=app_looks, user=st.just("UANA"), channel=st.just("C1")
        ),
    ),
    governance_modals.governance_modal: st.builds(
        governance_modals.governance_modal,
        third_party_apps,
        st.builds(
            ModalState,
            record=st.just(3),
            channel=st.just("C0CHANNEL"),
            tab=st.sampled_from(governance_modals.AppTab),
            page=st.integers(0, 9),
        ),
    ),
}
ELSEWHERE = {message.compose, short_answers.prepared}
"""Put together what the others have made safe."""

WORLD = World()
WORLD.users["U0EVIL"] = User(id="U0EVIL", name="pinged-person", real_name="Pinged")
_MARK = re.compile(r"<[^<>]*>")
_OURS = re.compile(
    r"<(?:@[UW][A-Z0-9]+|!subteam\^S0TEAM|#[CGD][A-Z0-9]+"
    r"|!date\^\d+\^\{date_short_pretty\} at \{time(?:_secs)?\}"
    r"\|[-:\d ]+ UTC|https://(?:ours\.slack\.com|log\.example)/[^<>|\s]*\|[^<>|\n]+)>"
)
_CODE = re.compile(r"`[^`\n]+`")
_EMOJI = re.compile(r":[\w+'-]+:")
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u3164\ud800-\udfff]"
)
BREACH_MARKS = (":rotating_light:", ":ballot_box_with_check:")
_OWN_EMOJI = {f":{name}:" for name in ("information_source", "no_entry", "warning", "white_check_mark")}
_OWN_EMOJI |= {":double_vertical_bar:", ":arrow_forward:", ":bar_chart:", *BREACH_MARKS, *MARKS.values()}


def texts(part: Any) -> Iterator[dict[str, Any]]:
    """Give every text object there is, however deep."""
    if isinstance(part, dict):
        if part.get("type") in {"mrkdwn", "plain_text"}:
            yield part
        for each in part.values():
            yield from texts(each)
    elif isinstance(part, list):
        for each in part:
            yield from texts(each)


def check_marked(marked: str) -> None:
    """Nothing in it is live but what this project put there."""
    assert all(_OURS.fullmatch(mark) for mark in _MARK.findall(marked)), ascii(marked)
    assert "U0EVIL" not in "".join(_MARK.findall(marked))
    rest = _OURS.sub("", marked)
    assert "<" not in rest, ascii(marked)
    assert ">" not in rest, ascii(marked)
    prose = [_CODE.sub("", line) for line in rest.split("\n")]
    assert all("`" not in line and "://" not in line for line in prose), ascii(marked)
    assert not any(line.lstrip().startswith("&gt;") for line in prose), ascii(marked)
    assert {each for line in prose for each in _EMOJI.findall(line)} <= _OWN_EMOJI, ascii(marked)
    read = Reader(WORLD).words(marked)
    assert "pinged-person" not in read, ascii(read)
    assert not _UNSEEN.search(read), ascii(read)


def check_any(shown: Message | dict[str, Any]) -> None:
    if isinstance(shown, Message):
        assert check_blocks(shown.blocks) == []
        assert 0 < len(shown.text) <= 4000
        check_marked(shown.text)
        blocks = shown.blocks
        assert "\n".join(Reader(WORLD).blocks(blocks)).strip()
    else:
        assert check_view(shown) == []
        blocks = [shown]
        kept = json.loads(shown.get("private_metadata") or "{}")
        assert set(kept) <= {"scan", "breach", "purpose", "channel", "tab", "page", "search", "look"}
    json.dumps(blocks, ensure_ascii=False).encode()
    for each in texts(blocks):
        if each["type"] == "mrkdwn":
            assert each["verbatim"] is True
            check_marked(each["text"])
        else:
            assert each["emoji"] is False
            assert not _UNSEEN.search(each["text"]), ascii(each["text"])
            assert "\n" not in each["text"]


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_attack_comes_through_any_message(data: st.DataObject):
    check_any(data.draw(SURFACES[data.draw(st.sampled_from(list(SURFACES)))]))


@pytest.mark.parametrize("state", State)
def test_each_attack_in_every_place_of_a_reply(state: State):
    for attack in ATTACKS:
        of = {"bundle_id": attack, "platform": Platform.IOS, "app_id": attack}
        scan = replace(
            samples.NEW,
            state=state,
            **of,
            file_name=attack,
            name=attack,
            version=attack,
            build_number=attack,
            asked_app_id=attack,
            shared_by=attack,
            asked_by=attack,
            submission=replace(samples.TAKEN, request_id=attack),
        )
        link = replace(samples.LINK, **of)
        url = UrlCategories(url=attack, categories=(attack,), alerts=(attack,))
        talks = {
            "hosts": ScanHosts(scan=12, state=HostsState.KNOWN, hosts=(url, replace(url, alerts=()))),
            "hosts_before": replace(scan, version=f"{attack}1"),
            "host_changes": HostChanges(added=(url,), removed=(url,), recategorised=((url, url),)),
        }
        for question in Question if state is State.ASKING else (None,):
            card = Card(
                scan=replace(scan, question=question), original=scan, link=link, taken_by=(link,) * 5, **talks
            )
            check_any(reply.reply(card))
            check_any(history.status(card, [], link=None))


def test_there_is_no_message_but_these():
    """A function of the bot that makes a message or a form is tried here."""
    makers = set()
    for module in walk_packages(bot.__path__, "bot."):
        if not re.search(r"(views?|modals|scan_text|short_answers)$|\.slack\.blocks\.", module.name):
            continue
        for name, made in inspect.getmembers(import_module(module.name), inspect.isfunction):
            returned = inspect.signature(made).return_annotation
            a_form = "modals" in module.name and name.endswith("modal")
            if made.__module__ == module.name and name[0] != "_" and (returned is Message or a_form):
                makers.add(made)
    assert makers == {*SURFACES, *ELSEWHERE}
