"""The announcement of a bad verdict, as a living message."""

from functools import partial

from bot.core.scan import Card
from bot.features.verdicts.models import BAD, Verdict
from bot.features.verdicts.ports import VerdictStore
from bot.slack.messages.subjects import Render, Subject, announcement_subject


def verdict_subject(store: VerdictStore, scanner: str, render: Render) -> Subject:
    """The announcement that a side scanner calls a build malicious or suspicious."""

    def verdict(card: Card) -> Verdict | None:
        return next((each.verdict for each in card.verdicts if each.scanner.name == scanner), None)

    def is_bad(card: Card) -> bool:
        found = verdict(card)
        return found is not None and found.result is not None and found.result.threat in BAD

    def message_ts(card: Card) -> str | None:
        found = verdict(card)
        return found.announced_ts if found is not None else None

    return announcement_subject(
        store,
        render,
        name="verdict",
        event_type="appscan_verdict",
        scanner=scanner,
        stale=partial(store.verdicts.to_announce, scanner),
        is_due=is_bad,
        message_ts=message_ts,
        remember=partial(store.verdicts.set_announced, scanner),
    )
