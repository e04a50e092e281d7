"""Breaches of the policy as a person reads them, and the form that acknowledges one."""

import json
from dataclasses import replace

import pytest

from bot.errors import UsageError
from bot.features.compliance.modals import acknowledge_modal, read_acknowledgement
from bot.features.compliance.rules import EVIDENCE_LIMIT, Evidence, EvidenceKind, Violation
from bot.features.compliance.rules_file import MAX_MENTIONED, MAX_RULES
from bot.features.compliance.views import ACKNOWLEDGE, violation_blocks, violation_line
from bot.slack.blocks.message import compose
from sandbox.reading import Reader
from sandbox.slack.blockkit import check_blocks, check_view
from sandbox.world import User, World
from tests.unit.features import samples

WORLD = World()
WORLD.users["U0ANA"] = User(id="U0ANA", name="ana", real_name="Ana")
READER = Reader(WORLD)
TRACKERS = Violation(
    rule="No new trackers",
    found=(
        Evidence(what=EvidenceKind.NEW_SDK, name="AppsFlyer", category="Targeting"),
        Evidence(what=EvidenceKind.NEW_SDK, name="Adjust", category="Targeting"),
        Evidence(what=EvidenceKind.MOVED_SDK, name="Maps", category="Targeting"),
    ),
    tell=("U0ANA", "S0PRIVACY"),
    number=4,
    scan=12,
)
RISK = Violation(
    rule="Permissions",
    found=(Evidence(what=EvidenceKind.HIGH_RISK, name="android.permission.CAMERA"),),
    number=5,
    scan=12,
)
CARD = samples.card(results=samples.RESULTS, violations=(TRACKERS, RISK))
KNOWN = replace(
    TRACKERS, acknowledged_by="U0ANA", acknowledged_at=samples.AT, reason="<!channel> *agreed* with <@U0BEN>"
)


def told(card):
    shown = violation_blocks(card)
    assert check_blocks(shown) == []
    return "\n".join(READER.blocks(shown))


def submitted(reason, kept=None):
    values = {"reason_block": {"reason": {"type": "plain_text_input", "value": reason}}}
    return {
        "private_metadata": json.dumps({"scan": 12, "breach": 4} if kept is None else kept),
        "state": {"values": values},
    }


def test_a_breach_names_its_rule_what_broke_it_and_calls_whom_to_tell():
    shown = violation_blocks(CARD)

    assert shown[0]["text"]["text"] == (
        ":rotating_light: Breaks the policy: *No new trackers*\n"
        "• new SDKs: AppsFlyer (Targeting), Adjust (Targeting)\n"
        "• SDK in a new category: Maps (Targeting)\n"
        "<@U0ANA> <!subteam^S0PRIVACY>"
    )
    assert "• high-risk permission that is not allowed: `android.permission.CAMERA`" in told(CARD)
    assert [(each["accessory"]["action_id"], each["accessory"]["value"]) for each in shown] == [
        (ACKNOWLEDGE, "4"),
        (ACKNOWLEDGE, "5"),
    ]


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (Evidence(what=EvidenceKind.SDK, name="Ads", category="Targeting"), "SDK: Ads (Targeting)"),
        (Evidence(what=EvidenceKind.PERMISSION, name="SMS"), "permission: `SMS`"),
        (Evidence(what=EvidenceKind.NEW_PERMISSION, name="SMS"), "new permission: `SMS`"),
        (
            Evidence(what=EvidenceKind.UNNAMED_SDKS, category="Targeting", count=2),
            "2 more SDKs of category Targeting, which OneTrust counts and does not name",
        ),
        (
            Evidence(what=EvidenceKind.UNMARKED_HIGH_RISK, count=1),
            "1 more high-risk permission, which OneTrust counts and does not mark: it is not known "
            "whether they are allowed",
        ),
        (Evidence(what=EvidenceKind.MISMATCHED, count=3), "3 data types of the privacy manifest mismatched"),
        (Evidence(what=EvidenceKind.MISSING, count=1), "1 data type missing in the privacy manifest"),
    ],
)
def test_each_kind_of_finding_is_said(finding, sentence):
    assert f"• {sentence}" in told(samples.changed(CARD, violations=(replace(TRACKERS, found=(finding,)),)))


def test_an_acknowledged_breach_says_by_whom_and_why_and_calls_nobody_it_names():
    shown = violation_blocks(samples.changed(CARD, violations=(KNOWN,)))

    (block,) = shown
    assert "accessory" not in block
    assert "<!" not in block["text"]["text"].replace("<!date^", "")
    assert block["text"]["text"].count("<@") == 1  # who acknowledged it
    assert "Acknowledged by @ana" in told(samples.changed(CARD, violations=(KNOWN,)))
    assert "∗agreed∗ with <@U0BEN>" in told(samples.changed(CARD, violations=(KNOWN,)))  # as words


def test_the_reply_marks_the_thread_and_calls_nobody():
    assert violation_line(CARD) == ":rotating_light: Breaks the policy: *No new trackers*, *Permissions*"
    assert violation_line(samples.changed(CARD, violations=(KNOWN, RISK))) == (
        ":rotating_light: Breaks the policy: *Permissions*; No new trackers (acknowledged)"
    )
    assert violation_line(samples.changed(CARD, violations=(KNOWN,))) == (
        ":ballot_box_with_check: Breaks the policy: No new trackers (acknowledged)"
    )
    assert violation_line(samples.changed(CARD, violations=())) == ""
    assert violation_line(samples.changed(CARD, violations=(RISK,) * 6)).endswith("*Permissions* and 2 more")
    assert violation_line(CARD) in samples.reply(CARD).text
    assert "subteam" not in samples.reply(CARD).text


def test_the_announcement_tells_breaches_after_what_changed():
    text = samples.announcement(CARD, mention=True).text

    assert (
        text.index("was scanned") < text.index("Breaks the policy: *No new trackers*") < text.index("4 SDKs")
    )
    assert "<!subteam^S0PRIVACY>" in text


def test_as_many_breaches_as_there_can_be_fit_into_one_message():
    names = [Evidence(what=EvidenceKind.HIGH_RISK, name="&" * 200, category="<" * 200)] * EVIDENCE_LIMIT
    worst = replace(
        TRACKERS,
        rule="&" * 80,
        found=tuple(names),
        more=10**6,
        tell=tuple(f"S0{'X' * 18}{n}" for n in range(MAX_MENTIONED)),
    )
    known = replace(worst, acknowledged_by="U0ANA", reason="&" * 300)
    for breach in (worst, known):
        for count in (1, 3, MAX_RULES):
            card = samples.changed(CARD, violations=(breach,) * count)
            assert check_blocks(samples.announcement(card, mention=True).blocks) == []
            assert check_blocks(samples.reply(card).blocks) == []
            assert len(compose(violation_blocks(card)).text) <= 3900


def test_many_findings_are_counted_beyond_the_first():
    breach = replace(RISK, found=RISK.found * 30, more=4)

    assert "• and 28 more" in told(samples.changed(CARD, violations=(breach,)))


def test_the_form_says_what_is_acknowledged_and_asks_why():
    view = acknowledge_modal(samples.DONE, TRACKERS)

    assert check_view(view) == []
    assert json.loads(view["private_metadata"]) == {"scan": 12, "breach": 4}
    assert (
        "*Shop 4.2.0* breaks *No new trackers*:\n• new SDKs: AppsFlyer" in view["blocks"][0]["text"]["text"]
    )


def test_a_reason_is_read_in_one_line():
    assert read_acknowledgement(submitted(" agreed\n with  legal ")) == (4, "agreed with legal")


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        (submitted(" \n\u200b "), "Write a reason: it is shown in the thread."),
        (submitted(None), "Write a reason: it is shown in the thread."),
        (submitted("x" * 301), "That is too long: the limit is 300 characters."),
        (submitted("why", {"scan": 12}), "This form is out of date. Close it and press the button again."),
        (submitted("why", []), "This form is out of date. Close it and press the button again."),
    ],
)
def test_what_is_no_reason_is_said(view, sentence):
    with pytest.raises(UsageError) as raised:
        read_acknowledgement(view)
    assert raised.value.user_message == sentence
