"""The notice of a channel's queue."""

from typing import Final

from bot.features.backlog.models import Notice
from bot.slack.blocks import text
from bot.slack.blocks.elements import actions, button, context, section
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.short_answers import prepared

CANCEL_MINE: Final = "queue_cancel_mine"
"""Its value has no meaning: the payload says which person and channel."""


def queue(notice: Notice) -> Message:
    """Render a notice."""
    if notice.closed_at is not None:
        return compose([section(_over(notice, notice.closed_at))])
    return compose(
        [
            section("\n".join(_lines(notice))),
            actions(button("Cancel mine that wait", CANCEL_MINE, "mine")) if notice.waiting else None,
            context(
                "Nothing has to be shared again.",
                f"since {text.when(notice.opened_at)}" if notice.away_since is None else None,
            ),
        ]
    )


def cancelled(count: int) -> Message:
    """Say how many of a person's builds were cancelled."""
    if count == 0:
        return prepared("None of the builds that wait here is yours.")
    what = "1 build of yours was" if count == 1 else f"{count} builds of yours were"
    return prepared(f"{what} taken back. To scan one after all, share it again.")


def _lines(notice: Notice) -> list[str]:
    number = notice.waiting
    waiting = {0: "None waits here", 1: "1 build waits here"}.get(number, f"{number} builds wait here")
    if notice.away_since is not None:
        first = (
            ":double_vertical_bar: *OneTrust isn't taking builds right now* "
            f"(since {text.when(notice.away_since)}). {waiting} until it does."
        )
    elif notice.was_away:
        first = f":arrow_forward: *OneTrust takes builds again.* {waiting}."
    else:
        first = f":hourglass_flowing_sand: *Many builds at once.* {waiting}."
    if not notice.unanswered:
        return [first]
    return [first, f"Replies still to come, as fast as Slack takes them: {notice.unanswered}."]


def _over(notice: Notice, closed_at: float) -> str:
    what = "Every build that was shared here has its reply"
    if notice.was_away:
        what = "OneTrust takes builds again; what waited here is on its way"
    return f":white_check_mark: {what} (after {text.duration(closed_at - notice.opened_at)})."
