"""Zscaler's line in the reply, the message that breaks the quiet, and the report, as a person reads them."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.scan import State
from bot.errors import UsageError
from bot.features.history import views
from bot.features.verdicts import lookup_views, report_poller
from bot.features.verdicts import views as verdict
from bot.features.verdicts.modals import REPORT, report_modal
from bot.features.verdicts.models import (
    HashAnswer,
    Report,
    ReportStatus,
    Risk,
    SandboxVerdict,
    Threat,
    Verdict,
    VerdictState,
)
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from sandbox.reading import Reader
from sandbox.slack.blockkit import check_blocks, check_view
from sandbox.world import User, World
from tests.unit.features import samples
from tests.unit.features.samples import reply

WORLD = World()
WORLD.users["U0ANA"] = User(id="U0ANA", name="ana", real_name="Ana")
READER = Reader(WORLD)
QUOTA_USED = ZSCALER.fill(report_poller.QUOTA_USED)
ASKED = Verdict(scanner="zscaler", scan=12, state=VerdictState.WAITING)
SENT = replace(ASKED, state=VerdictState.ANALYSING, since=samples.AT, due_at=samples.AT + 600)


def told(asked: Verdict | None, **card: Any) -> list[str]:
    """Return what the reply to a submitted build says of it."""
    shown = reply(samples.card(verdicts=samples.by_zscaler(asked), **card))
    assert check_blocks(shown.blocks) == []
    known = {line for block in reply(samples.card()).blocks for line in READER.blocks([block])}
    return [line for line in READER.blocks(shown.blocks) if line not in known]


def judged(verdict: SandboxVerdict, **changes: Any) -> Verdict:
    return replace(samples.MALICIOUS, result=verdict, **changes)


def a_report(asked: Verdict, number: int) -> Any:
    assert asked.result is not None
    state = replace(REPORT.opened(12, "C0CHANNEL"), page=number)
    return report_modal(samples.DONE, ZSCALER, asked.md5, asked.result, state)


def page(asked: Verdict, number: int = 0) -> list[str]:
    view = a_report(asked, number)
    assert check_view(view) == []
    return list(READER.blocks(view["blocks"]))


def test_a_scan_that_zscaler_is_not_asked_about_says_nothing_of_it():
    assert told(None) == []


def test_the_line_follows_a_build_to_its_verdict():
    assert told(ASKED) == ["Zscaler Sandbox: to be submitted."]
    away = replace(ASKED, problem="Zscaler can't be reached.", due_at=samples.AT)
    assert told(away) == [f"Zscaler Sandbox: to be submitted; next try {when(0)}. Zscaler can't be reached."]
    assert told(SENT) == [
        f"Zscaler Sandbox: submitted {when(0)}, analysing; the report is requested {when(600)}."
    ]
    later = replace(SENT, polls=2, problem="The day's quota of reports is used up.")
    assert told(later) == [
        f"Zscaler Sandbox: submitted {when(0)}, analysing; the report is requested again {when(600)}. "
        "The day's quota of reports is used up."
    ]
    assert told(replace(later, problem=QUOTA_USED)) == [
        f"Zscaler Sandbox: submitted {when(0)}, analysing. {QUOTA_USED}"
    ]


def when(after_s: float) -> str:
    shown = list(READER.blocks([{"type": "section", "text": {"type": "mrkdwn", "text": _when(after_s)}}]))
    return shown[0]


def _when(after_s: float) -> str:
    return verdict.text.when(samples.AT + after_s)


def test_a_benign_verdict_is_one_quiet_line():
    assert told(samples.BENIGN) == ["Zscaler Sandbox: benign, score 3 of 100", "[ Sandbox report ]"]


def test_a_bad_verdict_is_marked_and_tells_all():
    assert told(samples.MALICIOUS) == [
        "🚨 Zscaler Sandbox: malicious, category Malware botnet, score 92 of 100, detected `Android/Joker.A`",
        "[ Sandbox report ]",
    ]
    bare = judged(SandboxVerdict(threat=Threat.SUSPICIOUS))
    assert told(bare) == ["🚨 Zscaler Sandbox: suspicious", "[ Sandbox report ]"]
    other = judged(SandboxVerdict(threat=Threat.OTHER))
    assert told(other) == ["Zscaler Sandbox: no clear verdict", "[ Sandbox report ]"]


def test_a_verdict_says_how_it_came_about():
    link = "https://ours.slack.com/archives/C1/p1"
    known = replace(samples.BENIGN, known_from=7)
    assert "Known from scan #7: it is the very same file." in "\n".join(told(known))
    assert f"<{link}|scan #7>" in reply(samples.card(verdicts=samples.by_zscaler(known, link))).text
    instant = judged(SandboxVerdict(threat=Threat.BENIGN, is_instant=True))
    assert "An instant verdict: the build was not run." in "\n".join(told(instant))


def test_a_duplicate_tells_what_is_known_of_the_very_same_file():
    scan, first = replace(samples.DONE, number=14, state=State.DUPLICATE, original=12), samples.DONE
    known = samples.card(
        scan=scan, original=first, verdicts=samples.by_zscaler(replace(samples.MALICIOUS, known_from=12))
    )
    shown = list(READER.blocks(reply(known).blocks))
    line = next(number for number, each in enumerate(shown) if "Zscaler" in each)
    assert shown[line].startswith("🚨 Zscaler Sandbox: malicious")
    assert shown[line + 1] == "Known from scan #12: it is the very same file."
    assert shown[line + 2].startswith("Don't install or hand out this build")

    waits = samples.card(scan=scan, original=first, verdicts=samples.by_zscaler(replace(SENT, known_from=12)))
    shown = list(READER.blocks(reply(waits).blocks))
    assert "Zscaler Sandbox: no verdict yet; see the thread of scan #12." in shown


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (replace(ASKED, state=VerdictState.FAILED), "⚠️ Zscaler Sandbox: no verdict. Mend the token."),
        (replace(SENT, state=VerdictState.FAILED), "⚠️ Zscaler Sandbox: no verdict. Mend the token."),
        (replace(SENT, state=VerdictState.EXCLUDED), "Zscaler Sandbox: not analysed. Mend the token."),
    ],
)
def test_what_may_come_to_a_verdict_yet_can_be_asked_again(asked: Verdict, line: str):
    asked = replace(asked, problem="Mend the token.")
    assert told(asked) == [line, "[ Ask Zscaler again ]"]
    shown = samples.buttons(reply(samples.card(verdicts=samples.by_zscaler(asked))))
    assert shown[verdict.ASK_AGAIN]["value"] == str(samples.DONE.number)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (VerdictState.EXCLUDED, "Zscaler Sandbox: not analysed. Only `.apk` files are sent."),
        (VerdictState.KNOWN, "Zscaler Sandbox: no verdict. Only `.apk` files are sent."),
    ],
)
def test_what_has_no_verdict_says_why(state: VerdictState, line: str):
    assert told(replace(ASKED, state=state, problem="Only `.apk` files are sent.")) == [line]


def test_a_held_build_says_what_it_waits_for_and_then_that_it_went_on():
    scan = replace(samples.NEW, state=State.QUEUED)
    waiting = replace(SENT, held_until=samples.AT + 1800)
    shown = list(READER.blocks(reply(samples.card(scan=scan, verdicts=samples.by_zscaler(waiting))).blocks))
    assert shown[0] == f"⏳ Shop 4.2.0 waits for Zscaler's verdict, until {when(1800)} at the latest"
    assert not [line for line in shown if "tried again" in line]

    late = told(replace(SENT, went_on_after_s=1800.0))
    assert late[0].endswith("OneTrust's part waited 30 min for it, and went on without it.")
    failed = list(
        READER.blocks(reply(samples.card(scan=scan, verdicts=samples.by_zscaler(replace(SENT)))).blocks)
    )
    assert "will be tried again" in failed[0]


def test_everything_about_a_scan_tells_zscalers_part_too():
    card = samples.card(verdicts=samples.by_zscaler(samples.MALICIOUS))
    shown = list(READER.blocks(views.status(card, []).blocks))
    assert (
        "Zscaler Sandbox: malicious, category Malware botnet, score 92 of 100, detected `Android/Joker.A`"
        in shown
    )
    assert shown[-1] == "[ Sandbox report ]"
    assert "Zscaler" not in views.status(samples.card(), []).text
    waits = replace(ASKED, problem="Zscaler can't be reached.")
    assert (
        "Zscaler can't be reached." in views.status(samples.card(verdicts=samples.by_zscaler(waits)), []).text
    )


def test_the_message_mentions_who_shared_it_and_says_what_to_do():
    card = samples.card(verdicts=samples.by_zscaler(samples.MALICIOUS))
    shown = verdict.verdict_message(card, scanner="zscaler", mention=True)
    assert check_blocks(shown.blocks) == []
    assert list(READER.blocks(shown.blocks)) == [
        "🚨 @ana Zscaler Sandbox: Shop 4.2.0 is malicious",
        "Category Malware botnet, score 92 of 100, detected `Android/Joker.A`",
        "Don't install or hand out this build until someone has looked into it.",
        "[ Sandbox report ]",
        "Scan #12",
    ]
    assert (
        "<@U0ANA> "
        not in verdict.verdict_message(card, scanner="zscaler", mention=False).blocks[0]["text"]["text"]
    )
    app = replace(card, scan=replace(samples.DONE, shared_by="B0CI"))
    assert "<@" not in verdict.verdict_message(app, scanner="zscaler", mention=True).text


def test_the_report_shows_the_summary_and_the_worst_risks_first():
    shown = page(samples.MALICIOUS)
    assert "`Android/Joker.A`" in "\n".join(shown)
    assert "6 min 52 s" in "\n".join(shown)
    place = shown.index("What the analysis saw")
    assert shown[place + 1 :] == [
        "HIGH: Sends SMS to a premium number",
        "In `classes.dex`, `b`, `c` and 1 more",
        "MODERATE: Asks for a device administrator",
        "LOW: Reads the clipboard",
    ]


def test_a_report_without_risks_says_why():
    assert "The report names no risks." in page(samples.BENIGN)
    summary = judged(SandboxVerdict(threat=Threat.BENIGN))
    assert "The full report has not been read, so only its summary is known here." in page(summary)
    instant = judged(SandboxVerdict(threat=Threat.BENIGN, is_instant=True))
    assert "The Sandbox makes no report beyond this for an instant verdict." in page(instant)


def test_many_risks_come_page_by_page():
    risks = tuple(
        Risk(level="LOW", signature=f"Seen {number:03}") for number in range(2 * REPORT.page_size + 5)
    )
    asked = judged(replace(samples.WHOLE_VERDICT, risks=risks))
    first, last = page(asked), page(asked, 99)
    assert "1 to 20 of 45" in first
    assert first[-1] == "[ Next ]"
    assert "41 to 45 of 45" in last
    assert last[-1] == "[ Previous ]"
    assert "LOW: Seen 044" in last

    view = a_report(asked, 1)
    values = {
        each["action_id"]: each["value"]
        for block in view["blocks"]
        for each in block.get("elements", ())
        if "action_id" in each
    }
    assert values == {REPORT.previous_id: "0", REPORT.next_id: "2"}
    state = REPORT.read(view)
    assert state == replace(REPORT.opened(12, "C0CHANNEL"), page=1)
    assert REPORT.pressed(state, REPORT.next_id, "2").page == 2
    assert REPORT.pressed(state, REPORT.next_id, "²").page == 0
    with pytest.raises(UsageError, match="out of date"):
        REPORT.read({"private_metadata": "[]"})


def test_the_answer_about_a_scan_names_it_and_its_verdict():
    card = samples.card(verdicts=samples.by_zscaler(replace(samples.MALICIOUS, known_from=7)))
    shown = lookup_views.known(card, link="https://ours.slack.com/archives/C1/p1")
    assert check_blocks(shown.blocks) == []
    assert list(READER.blocks(shown.blocks)) == [
        "🚨 Shop 4.2.0, scan #12",
        "Zscaler Sandbox: malicious, category Malware botnet, score 92 of 100, detected `Android/Joker.A`",
        "Known from scan #7: it is the very same file.",
        "[ Sandbox report ]",
        "MD5 `0123456789abcdef0123456789abcdef`",
    ]
    waits = lookup_views.known(samples.card(verdicts=samples.by_zscaler(ASKED))).text
    assert waits == "*Shop 4.2.0*, scan #12\nZscaler Sandbox: to be submitted."


def test_the_answer_about_a_file_tells_its_risks_and_what_is_left_when_that_is_little():
    risks = tuple(Risk(level="LOW", signature=f"Seen {number:02}") for number in range(12))
    found = replace(samples.WHOLE_VERDICT, risks=risks)
    answer = HashAnswer(
        scanner=ZSCALER,
        md5="0" * 32,
        at=samples.AT,
        report=Report(status=ReportStatus.COMPLETED, verdict=found),
        left=lookup_views.LOW,
    )
    shown = lookup_views.asked([answer])
    assert check_blocks(shown.blocks) == []
    lines = list(READER.blocks(shown.blocks))
    assert lines[0].startswith("🚨 Zscaler Sandbox: malicious, category Malware botnet")
    assert lines[2] == "• LOW: Seen 00"
    assert lines[-2] == "• and 2 more"
    assert lines[-1] == f"Zscaler said so {when(0)} · 50 more reports may be requested today"
    assert "may be requested" not in lookup_views.asked([replace(answer, left=lookup_views.LOW + 1)]).text
    assert "· 1 more report may" in lookup_views.asked([replace(answer, left=1)]).text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ReportStatus.IN_PROGRESS, "is still analysing the file with the MD5"),
        (ReportStatus.NOT_FOUND, "Share the build to have it analysed."),
        (ReportStatus.OTHER, "has no verdict on the file with the MD5"),
    ],
)
def test_the_answer_about_a_file_without_a_verdict_says_what_to_do(status: ReportStatus, words: str):
    answer = HashAnswer(scanner=ZSCALER, md5="0" * 32, at=samples.AT, report=Report(status=status))
    assert words in lookup_views.asked([answer]).text
    assert "Share the build" not in lookup_views.asked([replace(answer, sends=False)]).text
