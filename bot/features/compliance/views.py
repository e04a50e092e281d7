"""Violations of compliance rules in a build's thread.

Names of rules come from the operator, evidence from OneTrust, reasons from people: all are escaped.
"""

from collections.abc import Callable
from itertools import groupby
from typing import Final

from bot.features.compliance.rules import Evidence, EvidenceKind, Violation
from bot.features.submission.card import Card
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, button, section
from bot.slack.blocks.lists import count, listed

NAME: Final = "compliance"
ACKNOWLEDGE: Final = "breach_acknowledge"  # opens modals.acknowledge_modal; its value is the row's number
REASON_LIMIT: Final = 300
"""Characters in a reason."""

_NAMED: Final = 6
"""Evidence shown per violation; less if there are many, so that they fit into one message."""
_RULES_IN_LINE: Final = 4
_LISTED: Final = {
    EvidenceKind.SDK: ("SDK", "SDKs"),
    EvidenceKind.NEW_SDK: ("new SDK", "new SDKs"),
    EvidenceKind.MOVED_SDK: ("SDK in a new category", "SDKs in a new category"),
    EvidenceKind.PERMISSION: ("permission", "permissions"),
    EvidenceKind.NEW_PERMISSION: ("new permission", "new permissions"),
    EvidenceKind.HIGH_RISK: (
        "high-risk permission that is not allowed",
        "high-risk permissions that are not allowed",
    ),
}
_COUNTED: Final = {
    EvidenceKind.UNNAMED_SDKS: ("more SDK", ", which OneTrust counts and does not name"),
    EvidenceKind.UNMARKED_HIGH_RISK: (
        "more high-risk permission",
        ", which OneTrust counts and does not mark: it is not known whether they are allowed",
    ),
    EvidenceKind.MISMATCHED: ("data type", " of the privacy manifest mismatched"),
    EvidenceKind.MISSING: ("data type", " missing in the privacy manifest"),
}


def violations_of(card: Card) -> tuple[Violation, ...]:
    """Return the violations of a card's build."""
    violations: tuple[Violation, ...] = card.parts.get(NAME, ())
    return violations


def violation_blocks(card: Card) -> list[Block]:
    """Show each violation with its evidence, and who is to review it or did.

    Only for the result message, as it mentions people.
    """
    violations = violations_of(card)
    named = max(1, _NAMED // max(1, -(-len(violations) // 3)))
    return [_shown(breach, named) for breach in violations]


def violation_line(card: Card) -> str:
    """List the violated rules for the reply, without mentions."""
    unreviewed, reviewed = _rules(card, lambda rule: text.escape(rule, 80))
    acknowledged = f"{listed(reviewed, str, _RULES_IN_LINE)} (acknowledged)" if reviewed else ""
    if unreviewed:
        told = listed(unreviewed, lambda rule: f"*{rule}*", _RULES_IN_LINE)
        return f":rotating_light: Breaks the policy: {'; '.join(filter(None, (told, acknowledged)))}"
    return f":ballot_box_with_check: Breaks the policy: {acknowledged}" if reviewed else ""


def broken(card: Card) -> str:
    """List the violated rules, unreviewed ones first."""
    unreviewed, reviewed = _rules(card, lambda rule: text.code(rule, 60))
    parts = [f"breaks {listed(unreviewed, str)}, not acknowledged yet"] if unreviewed else []
    parts += [f"breaks {listed(reviewed, str)}, acknowledged"] if reviewed else []
    return text.capital("; ".join(parts))


def _rules(card: Card, shown: Callable[[str], str]) -> tuple[list[str], list[str]]:
    """Return the names of violated rules: those without a review, and those with one."""
    violations = violations_of(card)
    return (
        [shown(each.rule) for each in violations if each.acknowledged_by is None],
        [shown(each.rule) for each in violations if each.acknowledged_by is not None],
    )


def _shown(breach: Violation, named: int) -> Block:
    lines = [f"Breaks the policy: *{text.escape(breach.rule, 80)}*", *evidence_text(breach, named)]
    if breach.acknowledged_by is not None:
        when = f", {text.when(breach.acknowledged_at)}" if breach.acknowledged_at is not None else ""
        why = f": {text.escape(breach.reason, REASON_LIMIT)}" if breach.reason else ""
        lines.append(f"Acknowledged by {text.person(breach.acknowledged_by)}{when}{why}")
        return section(":ballot_box_with_check: " + "\n".join(lines))
    if mentioned := " ".join(filter(None, map(_mention, breach.tell))):
        lines.append(mentioned)
    acknowledge = button("Acknowledge…", ACKNOWLEDGE, str(breach.number))
    return section(":rotating_light: " + "\n".join(lines), accessory=acknowledge)


def evidence_text(breach: Violation, named: int = _NAMED) -> list[str]:
    """Return the evidence, a line for each kind."""
    shown = sorted(breach.found, key=lambda finding: list(EvidenceKind).index(finding.what))[:named]
    lines = [
        f"• {line}"
        for what, findings in groupby(shown, key=lambda finding: finding.what)
        for line in _told(what, list(findings))
    ]
    more = len(breach.found) - len(shown) + breach.more
    return [*lines, f"• and {more:,} more"] if more > 0 else lines


def _told(what: EvidenceKind, findings: list[Evidence]) -> list[str]:
    if what in _LISTED:
        one, many = _LISTED[what]
        return [f"{one if len(findings) == 1 else many}: {', '.join(map(_name, findings))}"]
    noun, rest = _COUNTED[what]
    return [
        f"{count(each.count, noun)}"
        f"{f' of category {text.escape(each.category, 30)}' if each.category else ''}{rest}"
        for each in findings
    ]


def _name(finding: Evidence) -> str:
    if not finding.category:
        return text.code(finding.name, 60)
    return f"{text.escape(finding.name, 60)} ({text.escape(finding.category, 30)})"


def _mention(told: str) -> str:
    """Mention a person or a user group; the rules file has no other IDs."""
    if told.startswith("S"):
        return f"<!subteam^{told}>" if told.isascii() and told.isalnum() else ""
    return text.person(told) if text.person(told).startswith("<") else ""
